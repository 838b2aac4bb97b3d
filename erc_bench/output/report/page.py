"""The report as one page: HTML that says everything without a script, and a script that makes it handy.

The page loads nothing. Its policy names the one style and the one script by their digests, so that
nothing else can run, whatever stands in a name or an utterance.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.report.comparisons import DRAWN_NOTE, comparison_table, further_as_table
from erc_bench.output.report.markup import EMPTY, Html, element, join
from erc_bench.output.report.provenance import data_table, hardware_table, runs_table, settings_table, software_table
from erc_bench.output.report.report_data import Picture, Report, ReportRow
from erc_bench.output.report.tables import audit_as_table, folded, score_tables, scrolled, text_table
from erc_bench.output.tables.additional_tables import additional_tables
from erc_bench.output.tables.detail_table import detail_note
from erc_bench.output.tables.selection_audit import audit_notes
from erc_bench.output.tables.table_cells import caption_with_ranks

_OPEN_FIGURES = 2
_SHORT_CAPTION = 500
_NO_SCRIPT = "Sorting, filtering and the confusion explorer need JavaScript; everything else is here without it."


def render(report: Report) -> str:
    """Return the page."""
    style, script = _shipped("report.css"), _shipped("report.js")
    sections = [section for section in _sections(report) if section[2]]
    page = Template(_shipped("report.html")).substitute(
        policy=_policy(style, script),
        title=element("title", report.title),
        style=style,
        script=script,
        heading=element("h1", report.title),
        contents=join(element("li", element("a", name, href=f"#{key}")) for key, name, _ in sections),
        no_script=element("p", _NO_SCRIPT, class_="hint without-script"),
        filters=_filters(report),
        sections=join(
            (
                element("section", element("h2", name), content, id=key, tabindex="-1")
                for key, name, content in sections
            ),
            "\n",
        ),
        data=embedded(report.explorer),
    )
    # A lone surrogate, which JSON files may hold, has no place in a file.
    return page.encode("utf-8", "replace").decode("utf-8")


def embedded(data: Any) -> str:
    """Return JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _shipped(name: str) -> str:
    return files("erc_bench.output.report").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _policy(style: str, script: str) -> str:
    sources = {"script": script, "style": style}
    digests = {kind: b64encode(sha256(text.encode()).digest()).decode() for kind, text in sources.items()}
    allowed = [f"{kind}-src 'sha256-{digest}'" for kind, digest in digests.items()]
    return "; ".join(["default-src 'none'", *allowed, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def _sections(report: Report) -> list[tuple[str, str, Html]]:
    comparison = report.comparison
    return [
        ("protocol", "Protocol", element("ul", *map(_item, report.protocol))),
        (
            "scores",
            "Scores",
            join(
                [
                    score_tables(comparison, "All rows on all datasets"),
                    _captions(caption_with_ranks(comparison)),
                    _notes(report),
                ]
            ),
        ),
        ("comparisons", "Comparisons", _comparisons(comparison)),
        ("classes", "F1 of each class", _per_class(report)),
        ("audit", "Selection audit", _with_captions(audit_as_table(comparison), audit_notes(comparison))),
        ("figures", "Figures", _figures(report)),
        ("confusions", "Confusion explorer", _explorer(report)),
        ("provenance", "Provenance", _provenance(report)),
    ]


def _item(text: str) -> Html:
    return element("li", text)


def _captions(sentences: Iterable[str]) -> Html:
    return element("ul", *map(_item, sentences), class_="caption")


def _with_captions(table: Html, sentences: Sequence[str]) -> Html:
    return join([table, _captions(sentences)]) if table else EMPTY


def _comparisons(comparison: Comparison) -> Html:
    notes = [detail_note(comparison), DRAWN_NOTE] if any(column.pairs for column in comparison.columns) else []
    tests = _with_captions(comparison_table(comparison), notes)
    # The audit has a section of its own.
    beside = [each for each in additional_tables(comparison) if each.key != "audit"]
    return join([tests, *(_with_captions(further_as_table(comparison, each), each.notes) for each in beside)])


def _notes(report: Report) -> Html:
    notes = report.comparison.notes
    return join([element("h3", "Notes"), element("ul", *map(_item, notes), class_="notes")]) if notes else EMPTY


def _per_class(report: Report) -> Html:
    comparison = report.per_class
    if comparison is None:
        return EMPTY
    return join([score_tables(comparison, "F1 of each class"), _captions(comparison.caption)])


def _filters(report: Report) -> Html:
    rows = report.comparison.rows
    backbones = [row.key.backbone for row in rows] + [row.backbone for row in report.comparison.reported]
    return join(
        [
            element("label", "Method ", element("input", type="search", id="filter-method", autocomplete="off")),
            _choice("Dataset ", "filter-dataset", [column.dataset for column in report.comparison.columns]),
            _choice("Backbone ", "filter-backbone", backbones),
        ]
    )


def _choice(label: str, key: str, values: Iterable[str]) -> Html:
    options = [element("option", value, value=value) for value in dict.fromkeys(values)]
    return element("label", label, element("select", element("option", "all", value=""), *options, id=key))


def _figures(report: Report) -> Html:
    notes = element("ul", *map(_item, report.picture_notes), class_="notes") if report.picture_notes else EMPTY
    shown = [_figure(picture, place < _OPEN_FIGURES) for place, picture in enumerate(report.pictures)]
    return join([*shown, notes])


def _figure(picture: Picture, is_open: bool) -> Html:
    words = element("p", picture.caption)
    if len(picture.caption) > _SHORT_CAPTION:
        words = element("details", element("summary", "The figure in words and numbers"), words)
    figure = element("figure", scrolled(picture.image, picture.title), element("figcaption", words))
    return element("details", element("summary", picture.title), figure, class_="fold", open=is_open)


def _explorer(report: Report) -> Html:
    words = [text.words for text in report.texts.values()]
    hint = element("p", "Without JavaScript its data cannot be shown.", class_="hint without-script")
    place = element("div", id="explorer")
    return join([hint, place, _captions(dict.fromkeys(words))]) if words else EMPTY


def _provenance(report: Report) -> Html:
    shown = report.shown
    datasets = {each.column.title: each.column.dataset for each in shown}
    runs = runs_table(shown)
    parts = [
        text_table(data_table(shown), "Data", words=6),
        folded(
            f"The runs of {len(runs.rows)} rows", text_table(runs, "Runs", words=8, datasets=datasets), len(runs.rows)
        ),
        text_table(software_table(shown), "Software", words=2),
        text_table(hardware_table(shown), "Hardware", words=3),
        element("h3", "Settings"),
        # A row that only reads another row's training has the same settings.
        *_all_settings([each for each in shown if not each.row.key.readout]),
    ]
    if report.notes:
        parts += [element("h3", "Not in this report"), element("ul", *map(_item, report.notes), class_="notes")]
    return join(parts)


def _all_settings(shown: Sequence[ReportRow]) -> list[Html]:
    """Return the settings of each row, behind the name of the dataset where they are many."""
    by_title: dict[str, list[ReportRow]] = {}
    for each in shown:
        by_title.setdefault(each.column.title, []).append(each)
    return [
        folded(f"{title}: settings of {len(own)} rows", join(map(_settings, own)), len(shown), own[0].column.dataset)
        for title, own in by_title.items()
    ]


def _settings(shown: ReportRow) -> Html:
    name = f"{shown.column.title}: {shown.row.label}"
    summary = element("summary", name, element("small", f" {shown.score.settings_hash}"))
    return element(
        "details",
        summary,
        text_table(settings_table(shown), f"Settings of {name}", words=3),
        data_search=shown.row.label,
        data_backbone=shown.row.key.backbone,
        data_dataset=shown.column.dataset,
    )

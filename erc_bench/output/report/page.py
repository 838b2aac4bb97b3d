"""The report as one page: HTML that says everything without a script, and a script that makes it handy.

The page loads nothing. Its policy names the one style and the one script by their digests, so that
nothing else can run, whatever stands in a name or an utterance.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from erc_bench.output.report import provenance
from erc_bench.output.report.report_data import Report, ReportRow
from erc_bench.output.report.tables import DRAWN_NOTE, drawn_pairs, scores_of
from erc_bench.output.tables.additional_tables import additional_tables, audit_notes, audit_table
from erc_bench.output.tables.detail_table import detail_note, detail_table
from erc_bench.output.tables.table_cells import caption_with_ranks, interval_title

MOST_OPEN = 24
"""Rows that a section shows as they are; more of them are folded."""
# Where a name that is too long may go on in the next line: encoder.|template=|paper, but not 0.5.
_JOINTS = re.compile(r"(?<=[/=_])(?=.)|(?<=[.:])(?=\D)")
# The first number, behind [ or <; of a statistic, t(4) = 2.1, that behind the sign.
_NUMBER = re.compile(r"(?:[^=]*=\s*|[\[<])?([+-]?\d*\.?\d+)")


def breakable(text: str) -> Markup:
    """Return a name which, where it is too long for its line, breaks at its joints before it breaks in a word."""
    return Markup("<wbr>").join(_JOINTS.split(text))


def number(text: str) -> str:
    """Return the number that a figure sorts by; a text without one sorts last."""
    found = _NUMBER.match(text)
    return found[1] if found else ""


environment = Environment(
    loader=PackageLoader("erc_bench.output.report", "."), autoescape=True, undefined=StrictUndefined
)
environment.filters |= {"breakable": breakable, "number": number}
environment.globals |= {
    "most_open": MOST_OPEN,
    "open_figures": 2,
    "short_caption": 500,
    "ranks": {"best": "strong", "second": "u"},
    "drawn_note": DRAWN_NOTE,
    **{name: getattr(provenance, name) for name in provenance.__all__},
}
_SHARED: tuple[Callable[..., Any], ...] = (scores_of, drawn_pairs, interval_title, detail_table, detail_note)
_SHARED += (additional_tables, audit_notes, audit_table, caption_with_ranks)
environment.globals |= {each.__name__: each for each in _SHARED}


def render(report: Report) -> str:
    """Return the page."""
    style, script = _shipped("report.css"), _shipped("report.js")
    trained: dict[str, list[ReportRow]] = {}
    for each in report.shown:
        # A row that only reads another row's training has the same settings.
        if not each.row.key.readout:
            trained.setdefault(each.column.title, []).append(each)
    page = environment.get_template("report.html").render(
        report=report,
        policy=_policy(style, script),
        style=style,
        script=script,
        data=embedded(report.explorer),
        trained=trained,
        datasets={column.title: column.dataset for column in report.comparison.columns},
        datasets_shown={each.column.title: each.column.dataset for each in report.shown},
    )
    # A lone surrogate, which JSON files may hold, has no place in a file.
    return page.lstrip().encode("utf-8", "replace").decode("utf-8")


def embedded(data: Any) -> str:
    """Return JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _shipped(name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].replace("\r\n", "\n")


def _policy(style: str, script: str) -> str:
    sources = {"script": script, "style": style}
    digests = {kind: b64encode(sha256(text.encode()).digest()).decode() for kind, text in sources.items()}
    allowed = [f"{kind}-src 'sha256-{digest}'" for kind, digest in digests.items()]
    return "; ".join(["default-src 'none'", *allowed, "img-src data:", "base-uri 'none'", "form-action 'none'"])

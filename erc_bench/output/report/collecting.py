"""From a folder of runs to everything that the page shows. No torch, and nothing is computed twice."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from erc_bench.comparison import Comparison, compare
from erc_bench.comparison.expected import shipped_alarms
from erc_bench.corpora.corpus import CorpusGold
from erc_bench.errors import ErcBenchError
from erc_bench.output.figures import Drawn, draw_selected
from erc_bench.output.figures.figure_data import render, said_once
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow, SelectedRows, Wanted, of_comparison
from erc_bench.output.report.answer_explorer import explorer
from erc_bench.output.report.report_data import Picture, Report, ReportRequest, ReportRow, Text, read_text
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.store.arrays import array_names
from erc_bench.store.reading import StoredCell


def collect(cells: Sequence[StoredCell], request: ReportRequest, catalogue: Catalogue | None = None) -> Report:
    """Collect the content of a report about these cells.

    Raises :class:`ErcBenchError` for an unknown name, or when there is nothing to compare. Missing
    parts that a report can do without (text, figures) are named.
    """
    catalogue = catalogue or Catalogue()
    gold_of = CorpusGold(partial(catalogue.get, "dataset"), request.data_dir)
    make = partial(compare, cells, **_asked(request, "datasets methods baseline readouts alpha"), gold_of=gold_of)
    comparison = _comparison(make, cells, request)
    comparison = replace(comparison, notes=said_once(comparison.notes, comparison.columns))
    # A slice has no answers and no figures of its own: they are those of the whole split.
    whole = replace(comparison, columns=tuple(column for column in comparison.columns if not column.slice_name))
    selection = of_comparison(whole, cells, Wanted(alpha=request.alpha))
    shown = _shown(selection)
    texts, notes = _texts(shown, request, catalogue)
    data, left_out = explorer(shown, texts)
    drawn, undrawn = pictures(request.figures, selection, request.all_rows)
    return Report(
        title=request.title or f"erc-bench: {', '.join(dict.fromkeys(each.dataset for each in comparison.columns))}",
        protocol=protocol(comparison),
        comparison=comparison,
        per_class=_per_class(make),
        shown=shown,
        explorer=data,
        texts=texts,
        pictures=tuple(drawn),
        picture_notes=tuple(undrawn),
        notes=tuple(dict.fromkeys((*notes, *left_out))),
    )


def _asked(request: ReportRequest, names: str) -> dict[str, Any]:
    return {name: getattr(request, name) for name in names.split()}


def _comparison(make: Callable[..., Comparison], cells: Sequence[StoredCell], request: ReportRequest) -> Comparison:
    whole = partial(make, **_asked(request, "metric family reported tests"), alarms=shipped_alarms())
    if any(cell.record.get("audit") for cell in cells if cell.status == "done"):
        # Where it fails the audited cells are not among the chosen ones, or the mistake is raised below.
        with suppress(ErcBenchError):
            return whole(audit=True)
    return whole()


def _per_class(make: Callable[..., Comparison]) -> Comparison | None:
    try:
        return make(per_class=True)
    except ErcBenchError:  # every cell was scored on dev alone
        return None


def _shown(selection: SelectedRows) -> tuple[ReportRow, ...]:
    rows = selection.comparison.rows
    return tuple(
        ReportRow(panel.column, rows[each.score.row], each.score, each.cells)
        for panel in selection.panels
        for each in panel.shown
    )


def _texts(
    shown: Sequence[ReportRow], request: ReportRequest, catalogue: Catalogue
) -> tuple[Mapping[str, Text], list[str]]:
    """Return the text of each column by its title, and why some have none."""
    texts: dict[str, Text] = {}
    notes = []
    for each in shown:
        title = each.column.title
        if title not in texts and each.column.split == "test":
            texts[title], note = read_text(catalogue, each.record, request.data_dir, request.include_text)
            notes += [note] if note else []
    return texts, notes


def protocol(comparison: Comparison) -> tuple[str, ...]:
    """Return the protocol that all numbers share, in sentences."""
    future = [row.label for row in comparison.rows if row.sees_future]
    exception = f", except {', '.join(future)}, marked §" if future else ""
    return (
        "Test is sealed: a method receives train and dev with labels and test dialogues without. Only the runner"
        " holds the test labels, and it scores a training once.",
        "The runner chooses the epoch, by the rule that the captions name. Choosing on test does not exist as a"
        " setting; where a selection audit stands below, no test of significance reads it.",
        "Scores count labelled utterances alone. Turns without a label stay in the dialogue as context.",
        f"An utterance is labelled from its own turn and those before it{exception}.",
        "Methods are paired by seed: with one seed, two methods meet the same batches in the same order.",
        "A result at or below always giving the most frequent answer, or with at most two classes among its answers,"
        " is called degenerate wherever it stands.",
    )


MOST_MARKUP = 3_000_000
"""Characters of figures that one page holds."""
MOST_ROWS = {"curves": 3, "calibration": 3, "anchors": 1, "confusion": 2, "representations": 1}
"""Rows of one dataset, by kind of figure: each row has a panel there, or a figure of its own."""


def pictures(kinds: Sequence[str], selection: SelectedRows, all_rows: bool = False) -> tuple[list[Picture], list[str]]:
    """Return the figures, and notes on those that are not there.

    Unless ``all_rows`` is set, kinds with a panel for each row show a few rows of each dataset.
    """
    notes = list[str]()
    found, used = [], 0
    for drawn in _drawn(kinds, selection, {} if all_rows else MOST_ROWS, notes):
        if used > MOST_MARKUP:
            notes.append(f"{drawn.title} is left out: with it the page would be too large (erc-bench plot draws it).")
            continue
        # An image that holds its file, in which ids and styles are its own.
        source = f"data:image/svg+xml;base64,{b64encode(render(drawn, 'svg')).decode()}"
        found.append(Picture(drawn.name, drawn.title, drawn.caption, source))
        used += len(source)
    return found, list(dict.fromkeys(notes))


def _drawn(
    kinds: Sequence[str], selection: SelectedRows, limits: Mapping[str, int], notes: list[str]
) -> Iterator[Drawn]:
    for kind in kinds:
        wanted, told = _of_few_rows(kind, selection, limits[kind]) if kind in limits else (selection, [])
        try:
            drawn = draw_selected(kind, wanted)
        except ErcBenchError as error:
            # Most runs hold something that some kind of figure cannot be made of; that is not a mistake.
            notes.append(" ".join(f"{part.rstrip('.')}." for part in (error.message, error.hint) if part))
            continue
        yield from drawn
        notes += told
        notes += [note for each in drawn for note in each.notes if note not in selection.comparison.notes]


def _of_few_rows(kind: str, selection: SelectedRows, most: int) -> tuple[SelectedRows, list[str]]:
    """Return the selection with a few rows of each dataset, and notes that say so."""
    panels, notes = [], []
    for panel in selection.panels:
        able = [shown for shown in panel.shown if _FITS.get(kind, bool)(shown)] or panel.shown
        panels.append(replace(panel, shown=_few(panel, able, most)))
        if len(able) > most:
            notes.append(
                f"Of {kind} on {panel.column.title}, {most} of {len(able)} rows are drawn: the baseline before the best"
                " of the others (erc-bench plot draws all)."
            )
    return replace(selection, panels=tuple(panels)), notes


def _was_trained(shown: FigureRow) -> bool:
    return not shown.key.readout


def _trains_anchors(shown: FigureRow) -> bool:
    return any(name.startswith("anchors.stage") for cell in shown.cells.values() for name in _names(cell))


def _names(cell: StoredCell) -> frozenset[str]:
    # Unreadable arrays are named where they would be drawn.
    try:
        return array_names(cell.folder)
    except ErcBenchError:
        return frozenset()


_FITS = {"curves": _was_trained, "representations": _was_trained, "anchors": _trains_anchors}


def _few(panel: FigurePanel, able: Sequence[FigureRow], most: int) -> tuple[FigureRow, ...]:
    """Return the baseline and the best of the others, in the order of the table."""
    baselines = {pair.baseline for pair in panel.column.pairs if pair.against_baseline}

    def worth(shown: FigureRow) -> tuple[bool, float]:
        return shown.score.row in baselines, shown.score.summary.mean

    kept = {shown.score.row for shown in sorted(able, key=worth, reverse=True)[:most]}
    return tuple(shown for shown in able if shown.score.row in kept)

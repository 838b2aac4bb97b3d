"""The figures of the report: those of ``erc-bench plot``, as parts of the page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures import Drawn, draw_selected
from erc_bench.output.figures.figure_data import render
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow, SelectedRows
from erc_bench.output.report.markup import Html, element
from erc_bench.output.report.report_data import Picture
from erc_bench.store.arrays import array_names
from erc_bench.store.reading import StoredCell

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
        found.append(Picture(drawn.name, drawn.title, drawn.caption, _embedded(drawn)))
        used += len(found[-1].image)
    return found, list(dict.fromkeys(notes))


def _embedded(drawn: Drawn) -> Html:
    """Return the figure as an image that holds its file, in which ids and styles are its own."""
    content = b64encode(render(drawn, "svg")).decode()
    return element("img", src=f"data:image/svg+xml;base64,{content}", alt=drawn.title)


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
    # What cannot be read is named where it would be drawn.
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

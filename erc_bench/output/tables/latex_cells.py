"""Scores and words of a comparison as the tabulars of LaTeX, closer or wider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from erc_bench.output.tables.latex_grid import Cell, Grid, Row, text_cell, title_cell
from erc_bench.output.tables.latex_size import ems, wrapped
from erc_bench.output.tables.latex_text import escape
from erc_bench.output.tables.selection_audit import TextTable
from erc_bench.output.tables.table_cells import CellText, Panel

_MARKS = {"†": r"\dagger", "‡": r"\ddagger", "↓": r"\downarrow", "⇓": r"\Downarrow"}
_MARKS |= {"△": r"\triangle", "▽": r"\bigtriangledown", "≈": r"\approx"}
_WRAP = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "": "%s"}
_RAISED = 0.7
"""Size of what is raised, and of what stands below a score, of that of the table's type."""
_BELOW = 0.88
_BOLD = 1.15


@dataclass(frozen=True)
class Closeness:
    """How close a tabular is set.

    ``label`` and ``words`` are the most em of a row's label and of the words of a text table before
    they are broken, ``title`` likewise of its titles. ``below`` is what stands below a mean: nothing,
    words and many letters, or the deviation as well.
    """

    label: float | None = None
    words: float | None = None
    title: float | None = None
    below: Literal["nothing", "words", "deviation"] = "nothing"


WIDE = Closeness()


def score_grid(panel: Panel, close: Closeness) -> Grid:
    """Return one table of scores."""
    head: list[Row] = [(title_cell(panel.title or "Method"), *(title_cell(name) for name, _ in panel.headers))]
    if any(metric for _, metric in panel.headers):
        head.append((title_cell(""), *(title_cell(metric) for _, metric in panel.headers)))
    sections = [tuple(_score_row(label, cells, close) for label, cells in rows) for rows in _parts(panel)]
    return Grid("l" + "c" * len(panel.headers), tuple(head), tuple(sections))


def _parts(panel: Panel) -> list[tuple[tuple[str, tuple[CellText, ...]], ...]]:
    return [panel.rows, panel.reported] if panel.reported else [panel.rows]


def _score_row(label: str, cells: Sequence[CellText], close: Closeness) -> Row:
    of_cell = {"nothing": _flat, "words": _words_below, "deviation": _stacked}[close.below]
    return text_cell(label, close.label), *map(of_cell, cells)


def text_grid(table: TextTable, close: Closeness) -> Grid:
    """Return a table of words and figures."""
    titles = tuple(title_cell(title, close.title) for title in table.titles)
    rows = tuple((*(text_cell(cell, close.words) for cell in row[:2]), *map(text_cell, row[2:])) for row in table.rows)
    return Grid("ll" + "r" * (len(titles) - 2), (titles,), (rows,))


def _flat(cell: CellText) -> Cell:
    raised = [*(_MARKS[mark] for mark in cell.marks), *([rf"\mathrm{{{cell.letters}}}"] if cell.letters else [])]
    words = rf" \textit{{({escape(cell.words)})}}" if cell.words else ""
    width = _value_width(cell.joined(), cell) + _RAISED * ems(cell.letters)
    width += ems(f" ({cell.words})") if cell.words else 0.0
    return Cell((_value(cell.joined(), cell, raised) + words,), width)


def _stacked(cell: CellText) -> Cell:
    below = [f"± {cell.spread}"] if cell.spread else []
    return _above(cell.value, cell, [*below, *_letters(cell, 8), *_words(cell, 6.5)])


def _words_below(cell: CellText) -> Cell:
    return _above(cell.joined(), cell, [*_letters(cell, 10), *_words(cell, 10.0)])


def _above(value: str, cell: CellText, below: Sequence[str]) -> Cell:
    marked = _value(value, cell, [_MARKS[mark] for mark in cell.marks])
    width = max([_value_width(value, cell), *(_BELOW * ems(line) for line in below)])
    return Cell((marked, *(rf"\scriptsize {escape(line)}" for line in below)), width)


def _letters(cell: CellText, at_most: int) -> list[str]:
    """Return the letters in lines of so many."""
    each = cell.letters.split(",") if cell.letters else []
    lines = [",".join(each[start : start + at_most]) for start in range(0, len(each), at_most)]
    return [*(f"{line}," for line in lines[:-1]), *lines[-1:]]


def _words(cell: CellText, most: float) -> list[str]:
    return wrapped(f"({cell.words})", most, 0.0) if cell.words else []


def _value(text: str, cell: CellText, raised: Sequence[str]) -> str:
    return _WRAP[cell.rank] % escape(text) + (f"$^{{{' '.join(raised)}}}$" if raised else "")


def _value_width(text: str, cell: CellText) -> float:
    return ems(text) * (_BOLD if cell.rank == "best" else 1.0) + _RAISED * len(cell.marks) * 0.6

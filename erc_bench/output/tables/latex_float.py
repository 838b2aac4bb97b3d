"""Tables on pages: one column or two, size of type, and what is cut because no page holds it.

What fits is estimated for the smallest pages of a paper of 10 pt (article: two columns of 200 pt, 550 pt
high). Where a table may still be wider than the page, LaTeX itself measures and shrinks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from erc_bench.output.tables.latex_cells import WIDE, Closeness
from erc_bench.output.tables.latex_grid import FOOTNOTE, SMALL, Grid, Type
from erc_bench.output.tables.latex_size import ems, wrapped
from erc_bench.output.tables.latex_text import escape

COLUMN, PAGE = 195.0, 405.0
"""Widths in points: of a column, and of a page of two."""
_ONE_COLUMN = 330.0
"""Width of the text in a class of one column, where a table that fits a wide page may not fit."""
HIGHEST = 530.0
_HIGH = 350.0
"""Points: what one page holds, and the most that may stand on a page with text."""
_FEWEST_CAPTION = 100.0
GUARD = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
_LONG_WORD = 12.0


@dataclass(frozen=True)
class Table:
    """What becomes one float, or several.

    ``title`` goes into a list of tables. ``facts`` are the sentences of the caption, plain text;
    ``lead`` stands before them, as LaTeX. ``grids`` make the tabulars, as close as they are told.
    """

    label: str
    title: str
    facts: tuple[str, ...]
    grids: tuple[Callable[[Closeness], Grid], ...]
    lead: str = ""


@dataclass(frozen=True)
class Layout:
    """How a table is set: in one column or across the page, in which size of type, how close."""

    environment: str
    width: float
    height: float
    type_: Type
    close: Closeness


_LAYOUTS = (
    Layout("table", COLUMN, _HIGH, SMALL, WIDE),
    Layout("table", COLUMN, _HIGH, SMALL, Closeness(10.0, 10.0, 5.0, "words")),
    Layout("table*", PAGE, HIGHEST, SMALL, WIDE),
    Layout("table*", PAGE, HIGHEST, SMALL, Closeness(14.0, 20.0, 6.0, "words")),
    Layout("table*", PAGE, HIGHEST, FOOTNOTE, Closeness(18.0, 24.0, 6.0, "words")),
    Layout("table*", PAGE, HIGHEST, FOOTNOTE, Closeness(16.0, 15.0, 6.0, "deviation")),
)


def floats(table: Table) -> list[str]:
    """Return the lines of the floats of a table, and of the text that no caption has room for."""
    layout = _layout(table)
    if layout is not None:
        return _float(table, layout, [make(layout.close) for make in table.grids])
    if len(table.grids) > 1:
        return [line for each in _by_grid(table) for line in floats(each)]
    return _cut(table)


def _layout(table: Table) -> Layout | None:
    """Return the first layout in which all of the table fits on a page."""
    for layout in _LAYOUTS:
        grids = [make(layout.close) for make in table.grids]
        high = sum(grid.height(layout.type_) for grid in grids) + _caption_height(table.facts, layout)
        if _fits(grids, layout) and high <= layout.height:
            return layout
    return None


def _fits(grids: Sequence[Grid], layout: Layout) -> bool:
    return all(grid.width(layout.type_) <= layout.width for grid in grids)


def _by_grid(table: Table) -> Iterator[Table]:
    first, *others = table.grids
    yield replace(table, grids=(first,))
    for number, make in enumerate(others, start=2):
        lead = rf"As Table~\ref{{{table.label}}}, which says what holds of all."
        yield Table(f"{table.label}-{number}", table.title, (), (make,), lead)


def _cut(table: Table) -> list[str]:
    """Set a table that is higher than a page: on several pages, or with a part of its caption as text below."""
    (make,) = table.grids
    across = [layout for layout in _LAYOUTS if layout.width == PAGE]
    fitting = [layout for layout in across if _fits([make(layout.close)], layout)] or across[-1:]
    layout = min(fitting, key=lambda layout: make(layout.close).height(layout.type_))
    first, *others = make(layout.close).cut(layout.type_, layout.height - _FEWEST_CAPTION)
    facts, rest = _caption_and_rest(table.facts, layout, layout.height - first.height(layout.type_))
    count = len(others) + 1
    lead = f"{table.lead} Part 1 of {count}.".strip() if others else table.lead
    lines = [*_float(replace(table, facts=facts, lead=lead), layout, [first]), *_further(table, rest)]
    for number, grid in enumerate(others, start=2):
        lead = rf"Part {number} of {count} of Table~\ref{{{table.label}}}."
        lines += _float(Table(f"{table.label}-part-{number}", table.title, (), (), lead), layout, [grid])
    return lines


def _caption_and_rest(facts: Sequence[str], layout: Layout, room: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    heights = [_caption_height(facts[:count], layout) for count in range(1, len(facts) + 1)]
    kept = max(sum(height <= room for height in accumulate(heights, max)), 1)
    return tuple(facts[:kept]), tuple(facts[kept:])


def _caption_height(facts: Sequence[str], layout: Layout) -> float:
    width = FOOTNOTE.points * ems(" ".join(facts)) * 1.05
    return 25.0 + FOOTNOTE.leading * (width // layout.width + 1)


def _further(table: Table, facts: Sequence[str]) -> list[str]:
    if not facts:
        return []
    said = " ".join(map(sentence, facts))
    return [rf"{{\par\footnotesize\sloppy\noindent To Table~\ref{{{table.label}}}: {said}\par}}"]


def _float(table: Table, layout: Layout, grids: Sequence[Grid]) -> list[str]:
    high = sum(grid.height(layout.type_) for grid in grids) + _caption_height(table.facts, layout)
    said = " ".join([*([table.lead] if table.lead else []), *map(sentence, table.facts)])
    return [
        rf"\begin{{{layout.environment}}}[{'t' if high <= _HIGH else 'tp'}]",
        r"\centering",
        layout.type_.command,
        rf"\setlength{{\tabcolsep}}{{{layout.type_.gap:g}pt}}",
        *_tabulars(grids, layout),
        rf"\caption[{{{escape(table.title)}}}]{{\footnotesize\sloppy {said}}}",
        rf"\label{{{table.label}}}",
        rf"\end{{{layout.environment}}}",
    ]


def _tabulars(grids: Sequence[Grid], layout: Layout) -> list[str]:
    first, *others = (_guarded(grid, layout) for grid in grids)
    return [*first, *(line for lines in others for line in (r"\\[1ex]", *lines))]


def _guarded(grid: Grid, layout: Layout) -> list[str]:
    if grid.width(layout.type_) <= (0.95 * COLUMN if layout.width == COLUMN else _ONE_COLUMN):
        return grid.latex()
    return [GUARD, *grid.latex(), "}"]


def sentence(text: str) -> str:
    """Return text for a paragraph: LaTeX, in which long words such as settings may be broken."""
    return " ".join(map(_word, text.split(" ")))


def _word(word: str) -> str:
    if ems(word) <= _LONG_WORD:
        return escape(word)
    return r"\allowbreak{}".join(map(escape, wrapped(word, 1.0, 0.0)))

"""One tabular: its cells as LaTeX with the room that they take, and how it is cut where it is longer than a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from erc_bench.output.tables.latex_size import ems, wrapped
from erc_bench.output.tables.latex_text import escape

_CLOSER = 1.5
"""Points that the lines of one cell are closer than rows."""
_RULES = 12.0
_RULE = 4.0
"""Points that the rules of a table take with the room around them: the outer ones, and one more."""


@dataclass(frozen=True)
class Cell:
    """What stands in one cell: lines of LaTeX, and the width of the widest in em of the table's type."""

    lines: tuple[str, ...]
    width: float

    def latex(self, side: str, place: str) -> str:
        """Return the cell; several lines are a small table, ``side`` l, c or r, ``place`` t (top) or b."""
        if len(self.lines) == 1:
            return self.lines[0]
        close = rf"\\[-{_CLOSER:g}pt]"
        return rf"\begin{{tabular}}[{place}]{{@{{}}{side}@{{}}}}" + close.join(self.lines) + r"\end{tabular}"


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Type:
    """A size of type, with its width and the distance of lines in a document of 10 pt, in points.

    ``gap`` is what is left free on either side of a column.
    """

    command: str
    points: float
    leading: float
    gap: float


SMALL = Type(r"\small", 9.25, 11.0, 4.0)
FOOTNOTE = Type(r"\footnotesize", 8.5, 9.5, 2.5)


@dataclass(frozen=True)
class Grid:
    """One tabular: the letters of its columns, its head, and sections of rows with a rule between them."""

    columns: str
    head: tuple[Row, ...]
    sections: tuple[tuple[Row, ...], ...]

    def width(self, type_: Type) -> float:
        """Return the width in points."""
        rows = [*self.head, *(row for section in self.sections for row in section)]
        widest = (max(row[column].width for row in rows) for column in range(len(self.columns)))
        return type_.points * sum(widest) + 2 * type_.gap * len(self.columns)

    def height(self, type_: Type) -> float:
        """Return the height in points."""
        rows = [*self.head, *(row for section in self.sections for row in section)]
        return _RULES + len(self.sections) * _RULE + sum(_height(row, type_) for row in rows)

    def cut(self, type_: Type, most: float) -> list[Grid]:
        """Return grids of at most so many points, each with the head; a single row may be higher."""
        room = most - _RULES - sum(_height(row, type_) for row in self.head)
        parts: list[list[list[Row]]] = [[]]
        used = 0.0
        for section in self.sections:
            parts[-1].append([])
            used += _RULE
            for row in section:
                height = _height(row, type_)
                if used + height > room and any(parts[-1]):
                    parts.append([[]])
                    used = _RULE
                parts[-1][-1].append(row)
                used += height
        return [replace(self, sections=tuple(tuple(rows) for rows in part if rows)) for part in parts]

    def latex(self) -> list[str]:
        """Return the lines of the tabular."""
        lines = [rf"\begin{{tabular}}{{{self.columns}}}", r"\toprule", *self._rows(self.head, "b")]
        for section in self.sections:
            lines += [r"\midrule", *self._rows(section, "t")]
        return [*lines, r"\bottomrule", r"\end{tabular}"]

    def _rows(self, rows: Sequence[Row], place: str) -> Iterator[str]:
        for row in rows:
            line = " & ".join(cell.latex(side, place) for side, cell in zip(self.columns, row, strict=True))
            # After the end of a row a bracket would begin an argument.
            yield ("{}" if line.startswith("[") else "") + line + r" \\"


def _height(row: Row, type_: Type) -> float:
    return type_.leading + (type_.leading - _CLOSER) * (max(len(cell.lines) for cell in row) - 1)


def text_cell(text: str, most: float | None = None) -> Cell:
    """Return plain text as a cell, broken into lines of at most so many em, the further ones moved in."""
    if most is None or ems(text) <= most:
        return Cell((escape(text),), ems(text))
    first, *others = wrapped(text, most)
    width = max([ems(first), *(1 + ems(line) for line in others)])
    return Cell((escape(first), *(rf"\quad {escape(line)}" for line in others)), width)


def title_cell(text: str, most: float | None = None) -> Cell:
    """Return the title of a column as a cell, broken into lines of at most so many em."""
    lines = [text] if most is None else wrapped(text, most, 0.0)
    return Cell(tuple(map(escape, lines)), max(map(ems, lines)))

"""One table of LaTeX: columns as wide as their content, or shares of the line; one page, or several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import NamedTuple

from erc_bench.output.tables.latex_text import breakable, escape, longest_piece

_LINE = 78
"""Characters of small type, with two for the room beside each column, that the narrowest usual text width holds."""
_SHRUNK_LINE = 100
"""Characters for which a table is rather shrunk a little than wrapped."""
_PAGE = 44
"""Lines of small type that a page holds."""
_NOTE_LINE = 85
"""Characters of a line below a table."""
_SIZES = ((86, r"\footnotesize", 4), (105, r"\scriptsize", 2), (10_000, r"\tiny", 2))
"""The most characters that such columns may want, their size of type, and the points beside each of them."""
_SIDES = {"l": r"\raggedright", "c": r"\centering", "r": r"\raggedleft"}
_GUARD = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
# A longtable cannot stand beside another column.
_ONE_COLUMN = (
    r"\makeatletter",
    r"\if@twocolumn\onecolumn\let\columnsafter\twocolumn\else\let\columnsafter\relax\fi",
    r"\makeatother",
)


class LatexCell(NamedTuple):
    """The content of one cell: as plain text, whose length counts, and as LaTeX."""

    plain: str
    latex: str


LatexRow = tuple[LatexCell, ...]


@dataclass(frozen=True)
class LatexTable:
    """One table.

    ``columns`` are the letters l, c and r; a rule stands above each of the ``sections``. ``notes`` are the sentences
    below it, plain text; ``lead`` stands before them, as LaTeX.
    """

    label: str
    title: str
    columns: str
    head: tuple[LatexRow, ...]
    sections: tuple[tuple[LatexRow, ...], ...]
    notes: tuple[str, ...] = ()
    lead: str = ""

    def packages(self) -> Iterator[str]:
        """Yield the packages that the table needs."""
        yield "booktabs"
        if self._wraps:
            yield "array"
        if self._is_long:
            yield "longtable"
        elif not self._wraps:
            yield "graphicx"

    def latex(self) -> list[str]:
        """Return the lines of a ``table*``, which fills the width of a page, or of a ``longtable``."""
        return self._on_pages() if self._is_long else self._float()

    @cached_property
    def _texts(self) -> list[list[str]]:
        """The plain text of each column."""
        rows = [*self.head, *(row for section in self.sections for row in section)]
        return [[cell.plain for cell in column] for column in zip(*rows, strict=True)]

    @cached_property
    def _wraps(self) -> bool:
        """Whether columns share the width of the line, because their content needs more than one line."""
        return self._width > (_LINE if self._is_long else _SHRUNK_LINE)

    @cached_property
    def _width(self) -> int:
        return sum(max(map(len, column)) + 2 for column in self._texts)

    @cached_property
    def _wanted(self) -> list[int]:
        """Characters for each column where columns share the line: at least those of its longest unbreakable piece."""
        for most in (24, 18, 12):
            wanted = [
                2 + max(longest_piece(column), min(max(map(len, column)), 2 * most if side == "l" else most))
                for side, column in zip(self.columns, self._texts, strict=True)
            ]
            if sum(wanted) <= _SIZES[0][0]:
                break
        return wanted

    @property
    def _shares(self) -> list[float]:
        return [each / sum(self._wanted) for each in self._wanted]

    @cached_property
    def _is_long(self) -> bool:
        rows = sum(self._lines_of(row) for section in (self.head, *self.sections) for row in section)
        return rows + sum(map(len, self.notes)) / _NOTE_LINE > _PAGE

    def _lines_of(self, row: LatexRow) -> int:
        if self._width <= _LINE:
            return 1
        return max(ceil(len(cell.plain) / (_LINE * share)) for cell, share in zip(row, self._shares, strict=True)) or 1

    def _type(self) -> list[str]:
        """Return size of type and distance of columns: the more there is on a line, the smaller."""
        if not self._wraps:
            return [r"\small", r"\setlength{\tabcolsep}{4pt}"]
        command, points = next((command, points) for most, command, points in _SIZES if sum(self._wanted) <= most)
        return [command, rf"\setlength{{\tabcolsep}}{{{points}pt}}"]

    def _columns(self) -> str:
        if not self._wraps:
            return self.columns
        return "".join(
            rf">{{{_SIDES[side]}\arraybackslash\hspace{{0pt}}}}p{{\dimexpr{share - 0.0005:.3f}\linewidth-2\tabcolsep}}"
            for side, share in zip(self.columns, self._shares, strict=True)
        )

    def _float(self) -> list[str]:
        tabular = [rf"\begin{{tabular}}{{{self._columns()}}}", r"\toprule", *_rows(self.head)]
        for section in self.sections:
            tabular += [r"\midrule", *_rows(section)]
        tabular += [r"\bottomrule", r"\end{tabular}"]
        return [
            r"\begin{table*}[tp]",
            r"\centering",
            rf"\caption{{{escape(self.title)}}}",
            rf"\label{{{self.label}}}",
            r"\smallskip",
            *self._type(),
            *(tabular if self._wraps else [_GUARD, *tabular, "}"]),
            r"\begin{minipage}{\linewidth}",
            *self._below(),
            r"\end{minipage}",
            r"\end{table*}",
        ]

    def _on_pages(self) -> list[str]:
        head = [r"\toprule", *_rows(self.head), r"\midrule"]
        continued = rf"\multicolumn{{{len(self.columns)}}}{{l}}{{Table~\ref{{{self.label}}}, continued}} \\"
        first, *others = self.sections
        return [
            *_ONE_COLUMN,
            r"\begingroup",
            *self._type(),
            rf"\begin{{longtable}}{{{self._columns()}}}",
            rf"\caption{{{escape(self.title)}}}\label{{{self.label}}} \\",
            *[*head, r"\endfirsthead"],
            *[continued, *head, r"\endhead"],
            *[r"\bottomrule", r"\endfoot"],
            *_rows(first),
            *(line for section in others for line in (r"\midrule", *_rows(section))),
            r"\end{longtable}",
            *self._below(),
            r"\endgroup",
            r"\columnsafter",
        ]

    def _below(self) -> list[str]:
        said = " ".join(filter(None, [self.lead, *map(breakable, self.notes)]))
        return [rf"\medskip{{\footnotesize\sloppy\noindent {said}\par}}"] if said else []


def _rows(rows: Sequence[LatexRow]) -> Iterator[str]:
    for row in rows:
        line = " & ".join(cell.latex for cell in row)
        # After the end of a row a bracket would begin an argument.
        yield ("{}" if line.startswith("[") else "") + line + r" \\"

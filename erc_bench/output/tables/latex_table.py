"""One table of LaTeX: a float that is shrunk to the width of the page, or a ``longtable`` over several pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from erc_bench.output.tables.latex_text import breakable, escape, longest_piece

_LINE = 78
"""Characters of small type, with two for the room beside each column, that the narrowest usual text width holds."""
_PAGE = 44
"""Lines of small type that a page holds."""
_NOTE_LINE = 85
"""Characters of a line below a table."""
_SCRIPT_LINE = 105
"""Characters that columns which share a line may want in type of the size of footnotes to footnotes."""
_SIDES = {"l": r"\raggedright", "c": r"\centering", "r": r"\raggedleft"}
_SMALL = (r"\small", r"\setlength{\tabcolsep}{4pt}")
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
        yield from ("booktabs", "longtable" if self._is_long else "graphicx")
        if self._is_long and self._wraps:
            yield "array"

    def latex(self) -> list[str]:
        """Return the lines of a ``table*``, which fills the width of a page, or of a ``longtable``."""
        return self._on_pages() if self._is_long else self._float()

    @cached_property
    def _texts(self) -> list[list[str]]:
        """The plain text of each column."""
        rows = [*self.head, *(row for section in self.sections for row in section)]
        return [[cell.plain for cell in column] for column in zip(*rows, strict=True)]

    @property
    def _is_long(self) -> bool:
        return len(self._texts[0]) + sum(map(len, self.notes)) / _NOTE_LINE > _PAGE

    @property
    def _wraps(self) -> bool:
        """Whether the columns of a ``longtable``, which nothing shrinks, share the width of the line."""
        return sum(max(map(len, column)) + 2 for column in self._texts) > _LINE

    def _long_columns(self) -> tuple[Sequence[str], str]:
        """Return size of type and columns; those that share the line hold their longest unbreakable piece."""
        if not self._wraps:
            return _SMALL, self.columns
        wanted = [
            2 + max(longest_piece(column), min(max(map(len, column)), 24 if side == "l" else 12))
            for side, column in zip(self.columns, self._texts, strict=True)
        ]
        size = r"\scriptsize" if sum(wanted) <= _SCRIPT_LINE else r"\tiny"
        columns = (
            rf">{{{_SIDES[side]}\arraybackslash\hspace{{0pt}}}}"
            rf"p{{\dimexpr{each / sum(wanted) - 0.0005:.3f}\linewidth-2\tabcolsep}}"
            for side, each in zip(self.columns, wanted, strict=True)
        )
        return (size, r"\setlength{\tabcolsep}{2pt}"), "".join(columns)

    def _float(self) -> list[str]:
        tabular = [r"\toprule", *_rows(self.head)]
        for section in self.sections:
            tabular += [r"\midrule", *_rows(section)]
        return [
            r"\begin{table*}[tp]",
            r"\centering",
            rf"\caption{{{escape(self.title)}}}",
            rf"\label{{{self.label}}}",
            r"\smallskip",
            *_SMALL,
            _GUARD,
            rf"\begin{{tabular}}{{{self.columns}}}",
            *[*tabular, r"\bottomrule", r"\end{tabular}"],
            "}",
            r"\begin{minipage}{\linewidth}",
            *self._below(),
            r"\end{minipage}",
            r"\end{table*}",
        ]

    def _on_pages(self) -> list[str]:
        head = [r"\toprule", *_rows(self.head), r"\midrule"]
        continued = rf"\multicolumn{{{len(self.columns)}}}{{l}}{{Table~\ref{{{self.label}}}, continued}} \\"
        first, *others = self.sections
        size, columns = self._long_columns()
        return [
            *_ONE_COLUMN,
            r"\begingroup",
            *size,
            rf"\begin{{longtable}}{{{columns}}}",
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

r"""The comparison as LaTeX tables for a paper: ``booktabs``, one table for the scores and one for each additional one.

A table that fits a page floats; a longer one is a ``longtable``. The notes of a table stand below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.tables.additional_tables import additional_tables
from erc_bench.output.tables.latex_table import LatexCell, LatexRow, LatexTable
from erc_bench.output.tables.latex_text import MATH, breakable, comment, escape
from erc_bench.output.tables.table_cells import RANKS_NOTE, CellText, Panel, panels

__all__ = ["escape", "render"]
LABEL = "tab:erc-bench"
_SEE_FIRST = rf"Notes: see Table~\ref{{{LABEL}}}."
_RANK = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "": "%s"}


def render(comparison: Comparison) -> str:
    """Return the tables; the first line names the packages that they need."""
    tables = [*_scores(comparison), *_further(comparison)]
    packages = sorted({package for table in tables for package in table.packages()})
    notes = [f"% Note: {comment(note)}" for note in comparison.notes]
    notes += [f"% Not in the short caption: {comment(fact)}" for fact in comparison.further_facts]
    lines = [line for table in tables for line in table.latex()]
    return "\n".join([rf"% Needs \usepackage{{{','.join(packages)}}}", *notes, *lines]) + "\n"


def _scores(comparison: Comparison) -> Iterator[LatexTable]:
    """Yield one table, or one for each dataset; the notes of all stand below the first."""
    title = "F1 of each class" if comparison.per_class else "Comparison of methods"
    ranks = [RANKS_NOTE] if len(comparison.rows) > 1 else []
    facts = (*comparison.caption[:1], *ranks, *comparison.caption[1:])
    for number, panel in enumerate(panels(comparison), start=1):
        columns = "l" + "c" * len(panel.headers)
        caption = f"{title}: {panel.title}" if panel.title else title
        label, said, lead = (LABEL, facts, "") if number == 1 else (f"{LABEL}-{number}", (), _SEE_FIRST)
        yield LatexTable(label, caption, columns, _head(panel), _sections(panel), said, lead)


def _head(panel: Panel) -> tuple[LatexRow, ...]:
    names = (_words("Method"), *(_words(name) for name, _ in panel.headers))
    if not any(metric for _, metric in panel.headers):
        return (names,)
    return names, (_words(""), *(_words(metric) for _, metric in panel.headers))


def _sections(panel: Panel) -> tuple[tuple[LatexRow, ...], ...]:
    parts = filter(None, (panel.rows, panel.reported))
    return tuple(tuple((_words(label), *map(_score, cells)) for label, cells in rows) for rows in parts)


def _further(comparison: Comparison) -> Iterator[LatexTable]:
    for each in additional_tables(comparison):
        head, *rows = (tuple(map(_words, row)) for row in (each.table.titles, *each.table.rows))
        columns = "ll" + "r" * (len(head) - 2)
        yield LatexTable(f"{LABEL}-{each.key}", each.title, columns, (head,), (tuple(rows),), each.notes)


def _words(text: str) -> LatexCell:
    return LatexCell(text, breakable(text))


def _score(cell: CellText) -> LatexCell:
    words = f" ({cell.words})" if cell.words else ""
    raised = [*(rf"\{MATH[mark]}" for mark in cell.marks), *([rf"\mathrm{{{cell.letters}}}"] if cell.letters else [])]
    latex = _RANK[cell.rank] % escape(cell.value)
    latex += rf" $\pm$~{escape(cell.spread)}" if cell.spread else ""
    latex += f"$^{{{' '.join(raised)}}}$" if raised else ""
    latex += rf" \textit{{{escape(words.strip())}}}" if words else ""
    # A line is never broken at ~.
    return LatexCell(cell.joined(" ±~") + cell.marks + cell.letters + words, latex)

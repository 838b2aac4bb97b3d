r"""The comparison as LaTeX tables for a paper: they fit its columns, and ``pdflatex`` compiles them.

Scores and what else there is (readings of reported numbers, the selection audit) are tables of their own.
What is said of them is their caption; where no page holds table and caption, it goes on as text below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.tables.additional_tables import additional_tables
from erc_bench.output.tables.latex_cells import score_grid, text_grid
from erc_bench.output.tables.latex_float import GUARD, Table, floats
from erc_bench.output.tables.latex_text import comment, escape
from erc_bench.output.tables.table_cells import panels

__all__ = ["escape", "render"]
LABEL = "tab:erc-bench"
_AT_ONCE = 12
"""Tables that are held back at once; LaTeX has room for 18."""


def render(comparison: Comparison) -> str:
    """Return ``table`` and ``table*`` environments; the first line names the packages that they need."""
    tables = [_scores(comparison), *_further(comparison)]
    lines = list(_flushed(line for table in tables for line in floats(table)))
    packages = "booktabs,graphicx" if GUARD in lines else "booktabs"
    notes = [f"% Note: {comment(note)}" for note in comparison.notes]
    return "\n".join([rf"% Needs \usepackage{{{packages}}}", *notes, *lines]) + "\n"


def _flushed(lines: Iterable[str]) -> Iterator[str]:
    count = 0
    for line in lines:
        yield line
        count += line.startswith(r"\end{table")
        if count == _AT_ONCE:
            yield r"\clearpage"
            count = 0


def _scores(comparison: Comparison) -> Table:
    ranks = ["Bold: best of a column; underlined: second."] if len(comparison.rows) > 1 else []
    title = "F1 of each class" if comparison.per_class else "Comparison of methods"
    grids = tuple(partial(score_grid, panel) for panel in panels(comparison))
    # Where a caption is cut, what the marks of the table mean is worth more than what stands at its end.
    facts = (*comparison.caption[:1], *ranks, *comparison.caption[1:])
    return Table(LABEL, title, facts, grids)


def _further(comparison: Comparison) -> list[Table]:
    return [
        Table(f"{LABEL}-{each.key}", each.title, each.notes, (partial(text_grid, each.table),))
        for each in additional_tables(comparison)
    ]

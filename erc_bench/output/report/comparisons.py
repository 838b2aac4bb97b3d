"""The tables of comparisons: the tests of every row with its baseline, their intervals drawn."""

from __future__ import annotations

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.output.report.intervals import interval_plot, scale_of
from erc_bench.output.report.markup import EMPTY, Html, element
from erc_bench.output.report.tables import UNSORTED, figure_cell, heading, row_heading, table, text_table
from erc_bench.output.tables.additional_tables import AdditionalTable
from erc_bench.output.tables.detail_table import detail_table
from erc_bench.output.tables.table_cells import figure, interval_title

DRAWN_NOTE = (
    "Drawn: the difference (circle) with its interval over seeds (thick) and the one that allows for new dialogues"
    " (thin), where they can be had; the dashed line is zero. All pictures of a dataset have one scale, and an arrow"
    " marks what goes on beyond it."
)
"""The meaning of the pictures."""
_WORDS = 2
_DRAWN_BEHIND = 4


def comparison_table(comparison: Comparison) -> Html:
    """Return all comparisons, those of one dataset below each other; empty where there are none."""
    content = detail_table(comparison)
    if content is None:
        return EMPTY
    titles = content.titles[_WORDS:]
    rows = iter(content.rows)
    bodies = []
    for column in comparison.columns:
        lines = [_line(comparison, column, pair, next(rows)) for pair in column.pairs]
        if lines:
            bodies.append([_group(column, len(titles) + 2), *lines])
    split = _DRAWN_BEHIND - _WORDS
    heads = [heading("comparison", kind=None), *map(heading, titles[:split])]
    heads += [heading("drawn", kind=UNSORTED), *map(heading, titles[split:])]
    return table(f"Comparisons with {comparison.baseline}", heads, bodies)


def _group(column: Column, width: int) -> Html:
    """Return the line above the comparisons of a dataset, which explains the ends of the pictures."""
    scale = scale_of(column)
    words = f" · drawn from {figure(scale.low, '+.1f')} to {figure(scale.high, '+.1f')} points" if scale else ""
    # The words stay in sight where the table is scrolled sideways.
    told = element("span", column.title, element("small", words), class_="stay")
    cell = element("th", told, scope="rowgroup", colspan=width)
    return element("tr", cell, class_="group", data_dataset=column.dataset)


def _line(comparison: Comparison, column: Column, pair: Pair, shown: tuple[str, ...]) -> Html:
    row, scale = comparison.rows[pair.row], scale_of(column)
    _, name, seeds, difference, interval, *tests = shown
    words = f"difference {difference} points, {interval_title(comparison)} {interval}"
    return element(
        "tr",
        row_heading(name),
        *map(figure_cell, (seeds, difference)),
        element("td", interval_plot(pair, scale, words) if scale else EMPTY),
        *map(figure_cell, (interval, *tests)),
        data_search=row.label,
        data_backbone=row.key.backbone,
        data_dataset=column.dataset,
    )


def further_as_table(comparison: Comparison, shown: AdditionalTable) -> Html:
    """Return one of the tables below the comparisons; its lines are filtered where each is of one dataset."""
    datasets = {column.title: column.dataset for column in comparison.columns}
    by_dataset = shown.table.titles[0] == "dataset"
    return text_table(shown.table, shown.title, words=2, datasets=datasets if by_dataset else None)

"""Tables as HTML, that of the scores among them: read without a script, and sorted and filtered with one.

Scripts read attributes: ``data-value`` (by which a cell sorts), ``data-search``,
``data-backbone`` and ``data-dataset`` (by which rows and columns are filtered).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.output.report.markup import EMPTY, Html, breakable, element, join
from erc_bench.output.tables.selection_audit import TextTable, audit_table
from erc_bench.output.tables.table_cells import CellText, Panel, panels

FIGURE = "figure"
"""Class of columns of numbers, in their headings and cells."""
# The first number, behind [ or <; of a statistic, t(4) = 2.1, that behind the sign.
_NUMBER = re.compile(r"(?:[^=]*=\s*|[\[<])?([+-]?\d*\.?\d+)")
MOST_OPEN = 24
"""Rows that a section shows as they are; more of them are folded."""
UNSORTED = "unsorted"
"""Class of headings of columns that cannot be sorted."""


def scrolled(content: Html, name: str) -> Html:
    """Return something wide in a box of its own, which scrolls with the keyboard, too."""
    return element("div", content, class_="scroll", role="region", aria_label=name, tabindex=0)


def table(name: str, heads: Sequence[Html], bodies: Sequence[Sequence[Html]]) -> Html:
    """Return a table in its box; each body is sorted by itself, and one without rows is left out."""
    parts = [element("tbody", *rows) for rows in bodies if rows]
    head = element("thead", element("tr", *heads))
    return scrolled(element("table", element("caption", name), head, *parts, class_="sortable"), name)


def folded(summary: str, content: Html, rows: int, dataset: str | None = None) -> Html:
    """Return an element of so many rows as it is or, where they are many, behind a line to click on."""
    if rows <= MOST_OPEN:
        return content if dataset is None else element("div", content, data_dataset=dataset)
    return element("details", element("summary", summary), content, class_="fold", data_dataset=dataset)


def row_heading(text: str) -> Html:
    """Return the heading of a row."""
    return element("th", breakable(text), scope="row")


def heading(text: str, kind: str | None = FIGURE, dataset: str | None = None) -> Html:
    """Return the heading of a column; a column of one ``dataset`` goes where the others are asked for."""
    return element("th", text, scope="col", class_=kind, data_dataset=dataset)


def figure_cell(text: str) -> Html:
    """Return a figure as it is shown, with the number that it sorts by; without one it sorts last."""
    found = _NUMBER.match(text)
    return element("td", text, class_=FIGURE, data_value=found[1] if found else "")


def text_table(content: TextTable, name: str, words: int, datasets: Mapping[str, str] | None = None) -> Html:
    """Return a plain table whose first columns are ``words``, the others figures.

    ``datasets`` maps the titles in the first column to the datasets that lines are filtered by;
    the second is then the row of the table of scores that the line is about.
    """
    heads = [heading(title, FIGURE if i >= words else None) for i, title in enumerate(content.titles)]
    return table(name, heads, [[_line(row, words, datasets) for row in content.rows]])


def _line(row: Sequence[str], words: int, datasets: Mapping[str, str] | None) -> Html:
    first, *others = row
    cells = [
        figure_cell(text) if i >= words else element("td", breakable(text)) for i, text in enumerate(others, start=1)
    ]
    about = {} if datasets is None else {"data_search": row[1], "data_dataset": datasets[first]}
    return element("tr", row_heading(first), *cells, **about)


_RANKS = {"best": "strong", "second": "u"}


def score_tables(comparison: Comparison, name: str) -> Html:
    """Return the tables of scores: one for all datasets or, per class, one for each."""
    by_title: dict[str, list[Column]] = {}
    for column in comparison.columns:
        by_title.setdefault(column.title if comparison.per_class else "", []).append(column)
    found = panels(comparison)
    rows = sum(len(panel.rows) + len(panel.reported) for panel in found) if comparison.per_class else 0
    return join(_panel(comparison, panel, by_title[panel.title], name, rows) for panel in found)


def _panel(comparison: Comparison, panel: Panel, columns: Sequence[Column], name: str, rows: int) -> Html:
    titles = [" ".join(filter(None, words)) for words in panel.headers]
    # Columns go with their dataset; the columns of classes go together, with the whole table.
    datasets = [None if panel.title else column.dataset for column in columns]
    heads = [heading(panel.title or "method", kind=None)]
    heads += [heading(title, dataset=dataset) for title, dataset in zip(titles, datasets, strict=True)]
    label = f"{name}, {panel.title}" if panel.title else name
    content = table(label, heads, [_own(comparison, panel, columns, datasets), _printed(comparison, panel, datasets)])
    return folded(label, content, rows, columns[0].dataset) if panel.title else content


def _own(comparison: Comparison, panel: Panel, columns: Sequence[Column], datasets: Sequence[str | None]) -> list[Html]:
    filled = [row for row in range(len(comparison.rows)) if any(column.scores[row] for column in columns)]
    lines = []
    for row, (label, cells) in zip(filled, panel.rows, strict=True):
        scores = [column.scores[row] for column in columns]
        means = [None if score is None else score.summary.mean for score in scores]
        lines.append(_score_line(label, cells, means, datasets, comparison.rows[row].key.backbone))
    return lines


def _printed(comparison: Comparison, panel: Panel, datasets: Sequence[str | None]) -> list[Html]:
    backbones = {row.label: row.backbone for row in comparison.reported}
    unknown = [None] * len(datasets)
    return [_score_line(label, cells, unknown, datasets, backbones[label]) for label, cells in panel.reported]


def _score_line(
    label: str,
    cells: Sequence[CellText],
    means: Sequence[float | None],
    datasets: Sequence[str | None],
    backbone: str,
) -> Html:
    shown = [_score(*each) for each in zip(cells, means, datasets, strict=True)]
    return element("tr", row_heading(label), *shown, data_search=label, data_backbone=backbone)


def _score(cell: CellText, mean: float | None, dataset: str | None) -> Html:
    value = element(_RANKS[cell.rank], cell.joined()) if cell.rank else cell.joined()
    raised = " ".join(filter(None, (cell.marks, cell.letters)))
    marks = element("sup", raised) if raised else ""
    words = element("small", cell.words) if cell.words else ""
    order = cell.value if mean is None else repr(mean)
    return element("td", value, marks, words, class_=FIGURE, data_value=order, data_dataset=dataset)


def audit_as_table(comparison: Comparison) -> Html:
    """Return the selection audit; empty where there is none."""
    audit = audit_table(comparison)
    datasets = {column.title: column.dataset for column in comparison.columns}
    if audit is None:
        return EMPTY
    content = text_table(audit, "Selection audit", words=2, datasets=datasets)
    return folded(f"The audit of {len(audit.rows)} rows", content, len(audit.rows))

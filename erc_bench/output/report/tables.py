"""Tables as HTML that can be read without a script, and sorted and filtered with one.

Scripts read attributes: ``data-value`` (by which a cell sorts), ``data-search``,
``data-backbone`` and ``data-dataset`` (by which rows and columns are filtered).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from erc_bench.output.report.markup import Html, breakable, element
from erc_bench.output.tables.selection_audit import TextTable

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

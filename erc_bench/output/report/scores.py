"""The tables of scores and the selection audit, with the words and figures of :mod:`erc_bench.output.tables`."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.output.report.markup import EMPTY, Html, element, join
from erc_bench.output.report.tables import FIGURE, folded, heading, row_heading, table, text_table
from erc_bench.output.tables.selection_audit import audit_table
from erc_bench.output.tables.table_cells import CellText, Panel, panels

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
        lines.append(_line(label, cells, means, datasets, comparison.rows[row].key.backbone))
    return lines


def _printed(comparison: Comparison, panel: Panel, datasets: Sequence[str | None]) -> list[Html]:
    backbones = {row.label: row.backbone for row in comparison.reported}
    unknown = [None] * len(datasets)
    return [_line(label, cells, unknown, datasets, backbones[label]) for label, cells in panel.reported]


def _line(
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

"""The comparison as one HTML page without scripts or outside files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.tables.additional_tables import additional_tables
from erc_bench.output.tables.detail_table import detail_note, detail_table
from erc_bench.output.tables.selection_audit import TextTable
from erc_bench.output.tables.table_cells import CellText, Panel, caption_with_ranks, panels

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #ccc}"
    "th:first-child,td:first-child{text-align:left}"
)
_PART_STYLE = (
    ".erc-bench{overflow-x:auto}"
    ".erc-bench table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums}"
    ".erc-bench th,.erc-bench td{padding:.2rem .7rem;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid #8884}"
    ".erc-bench th:first-child,.erc-bench td:first-child{text-align:left}"
    ".erc-bench p{margin:.15rem 0;max-width:60rem;font-size:.9em}"
)
"""The style of tables within another page, whose colours they leave alone."""
_WRAP = {"best": ("<strong>", "</strong>"), "second": ("<u>", "</u>"), "": ("", "")}


def render(comparison: Comparison) -> str:
    """Return a whole page: scores, caption, comparisons, notes."""
    lines = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>erc-bench comparison</title>',
        f"<style>{_STYLE}</style>\n</head>\n<body>",
        *_parts(comparison),
        "</body>\n</html>",
    ]
    return "\n".join(lines) + "\n"


def part(comparison: Comparison) -> str:
    """Return the same for the middle of another page, such as a notebook."""
    lines = [f'<div class="erc-bench"><style>{_PART_STYLE}</style>', *_parts(comparison), "</div>"]
    return "\n".join(lines) + "\n"


def _parts(comparison: Comparison) -> Iterator[str]:
    parts = [*map(_scores, panels(comparison)), _paragraphs(caption_with_ranks(comparison))]
    shown = detail_table(comparison)
    if shown:
        parts += [_comparisons(shown), _paragraphs([detail_note(comparison)])]
    for each in additional_tables(comparison):
        rows = [[escape(cell) for cell in row] for row in each.table.rows]
        parts += [_table(each.table.titles, rows), _paragraphs(each.notes)]
    parts.append(_paragraphs([f"Note: {note}" for note in comparison.notes]))
    return filter(None, parts)


def _paragraphs(sentences: Sequence[str]) -> str:
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _scores(panel: Panel) -> str:
    titles = [panel.title or "method", *(f"{name} {metric}".strip() for name, metric in panel.headers)]
    shown = (*panel.rows, *panel.reported)
    return _table(titles, [[escape(label), *map(_cell, cells)] for label, cells in shown])


def _cell(cell: CellText) -> str:
    before, after = _WRAP[cell.rank]
    marks = f"<sup>{' '.join(filter(None, (cell.marks, cell.letters)))}</sup>" if cell.marks or cell.letters else ""
    words = f" ({escape(cell.words)})" if cell.words else ""
    return f"{before}{cell.joined()}{after}{marks}{words}"


def _comparisons(table: TextTable) -> str:
    titles = ["dataset and comparison", *table.titles[2:]]
    rows = [(f"{dataset}: {comparison}", *figures) for dataset, comparison, *figures in table.rows]
    return _table(titles, [[escape(cell) for cell in row] for row in rows])


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"

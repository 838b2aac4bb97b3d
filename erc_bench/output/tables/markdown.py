"""The comparison as GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.tables.additional_tables import additional_tables
from erc_bench.output.tables.detail_table import detail_note, detail_table
from erc_bench.output.tables.table_cells import CellText, Panel, TextTable, caption_with_ranks, panels

_WRAP = {"best": ("**", "**"), "second": ("<ins>", "</ins>"), "": ("", "")}


def render(comparison: Comparison) -> str:
    """Return the tables of the scores and of the comparisons, each with its notes."""
    parts = [_scores(panel) for panel in panels(comparison)]
    parts += ["\n".join(f"- {escape(sentence)}" for sentence in caption_with_ranks(comparison))]
    shown = detail_table(comparison)
    if shown:
        parts += [_text_table(shown), escape(detail_note(comparison))]
    for each in additional_tables(comparison):
        parts += [_text_table(each.table), "\n".join(f"- {escape(note)}" for note in each.notes)]
    if comparison.notes:
        parts.append("\n".join(f"- Note: {escape(note)}" for note in comparison.notes))
    return "\n\n".join(parts) + "\n"


def _scores(panel: Panel) -> str:
    titles = [escape(panel.title) or "method"]
    titles += [f"{escape(name)} {escape(metric)}".strip() for name, metric in panel.headers]
    shown = (*panel.rows, *panel.reported)
    return _table(titles, [[escape(label), *map(_cell, cells)] for label, cells in shown])


def escape(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)


def _cell(cell: CellText) -> str:
    before, after = _WRAP[cell.rank]
    words = f" ({escape(cell.words)})" if cell.words else ""
    letters = f"<sup>{cell.letters}</sup>" if cell.letters else ""
    return f"{before}{cell.joined()}{after}{cell.marks}{letters}{words}"


def _text_table(table: TextTable) -> str:
    return _table([escape(title) for title in table.titles], [[escape(cell) for cell in row] for row in table.rows])


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    left = 2 if titles[0] in ("dataset", "row") else 1
    rule = ["---" if i < left else "---:" for i in range(len(titles))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [titles, rule, *rows])

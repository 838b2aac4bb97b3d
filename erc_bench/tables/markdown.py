"""The comparison as GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from erc_bench.comparison.model import Comparison
from erc_bench.tables.audit import audit_notes, audit_table
from erc_bench.tables.cells import DETAIL_NOTE, CellText, Detail, Panel, details, interval_title, panels

_WRAP = {"best": ("**", "**"), "second": ("<ins>", "</ins>"), "": ("", "")}


def render(comparison: Comparison) -> str:
    """Return the tables of the scores and of the comparisons, each with what must be said of it."""
    parts = [_scores(panel) for panel in panels(comparison)]
    parts += ["\n".join(f"- {escape(sentence)}" for sentence in _sentences(comparison))]
    shown = details(comparison)
    if shown:
        parts += [_comparisons(comparison, shown), escape(DETAIL_NOTE)]
    audit = audit_table(comparison)
    if audit:
        rows = [[escape(cell) for cell in row] for row in audit.rows]
        parts += [_table(audit.titles, rows), "\n".join(f"- {escape(note)}" for note in audit_notes(comparison))]
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


def _sentences(comparison: Comparison) -> list[str]:
    ranks = ["Bold: best of a column; underlined: second."] if len(comparison.rows) > 1 else []
    return [*comparison.caption, *ranks]


def _cell(cell: CellText) -> str:
    before, after = _WRAP[cell.rank]
    words = f" ({escape(cell.words)})" if cell.words else ""
    return f"{before}{cell.joined()}{after}{cell.marks}{words}"


def _comparisons(comparison: Comparison, shown: Sequence[Detail]) -> str:
    titles = ["dataset", "comparison", "seeds", "difference", interval_title(comparison), "t (df)", "p", "Holm p"]
    titles += ["joint p", "joint Holm p", "sign-flip p", "g_z", "detectable", "r"]
    return _table([escape(title) for title in titles], [_row(detail) for detail in shown])


def _row(detail: Detail) -> list[str]:
    cells = [detail.dataset, detail.comparison, detail.seeds, detail.difference, detail.interval]
    cells += [f"{detail.t} ({detail.reason})" if detail.reason else detail.t, detail.p, detail.holm_p]
    cells += [detail.joint_p, detail.joint_holm_p, detail.sign_flip_p]
    cells += [detail.effect, detail.detectable, detail.correlation]
    return [escape(cell) for cell in cells]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    left = 2 if titles[0] == "dataset" else 1
    rule = ["---" if i < left else "---:" for i in range(len(titles))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [titles, rule, *rows])

"""The comparison as HTML without scripts or outside files: a whole page, or a part of another one."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.tables.additional_tables import additional_tables
from erc_bench.output.tables.detail_table import detail_note, detail_table
from erc_bench.output.tables.table_cells import caption_with_ranks, panels


def render(comparison: Comparison, whole: bool = True) -> str:
    """Return scores, caption, comparisons and notes: a whole page, or what stands in another one (a notebook)."""
    loader = PackageLoader("erc_bench.output.tables", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    detail = detail_table(comparison)
    return environment.get_template("comparison.html").render(
        comparison=comparison,
        whole=whole,
        panels=panels(comparison),
        sentences=caption_with_ranks(comparison),
        detail=detail,
        detail_rows=[(f"{row[0]}: {row[1]}", *row[2:]) for row in detail.rows] if detail else [],
        detail_note=detail_note(comparison),
        additional=list(additional_tables(comparison)),
    )

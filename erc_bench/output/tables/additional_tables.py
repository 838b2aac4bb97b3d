"""The tables that may stand below scores and comparisons, in their order, for every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.tables.against_reported import printed_notes, printed_table, readings_notes, readings_table
from erc_bench.output.tables.over_datasets import over_datasets_notes, over_datasets_table, ranks_notes, ranks_table
from erc_bench.output.tables.selection_audit import TextTable, audit_notes, audit_table


@dataclass(frozen=True)
class AdditionalTable:
    """One such table: its key in addresses, its title, and the sentences below it."""

    key: str
    title: str
    table: TextTable
    notes: tuple[str, ...]


_Kind = tuple[str, str, Callable[[Comparison], TextTable | None], Callable[[Comparison], list[str]]]
_KINDS: tuple[_Kind, ...] = (
    ("datasets", "Over several datasets", over_datasets_table, over_datasets_notes),
    ("ranks", "Ranks over datasets", ranks_table, ranks_notes),
    ("readings", "Against reported numbers", readings_table, readings_notes),
    ("printed", "Printed claims", printed_table, printed_notes),
    ("audit", "Selection audit", audit_table, audit_notes),
)


def additional_tables(comparison: Comparison) -> Iterator[AdditionalTable]:
    """Yield the further tables that a comparison has."""
    for key, title, table_of, notes_of in _KINDS:
        if (table := table_of(comparison)) is not None:
            yield AdditionalTable(key, title, table, tuple(notes_of(comparison)))

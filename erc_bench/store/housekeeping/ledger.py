"""The ledger of a folder of runs outlives its cells: what comes and what goes is written down first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping.found_cells import CellFolder
from erc_bench.store.layout import LEDGER_FILE
from erc_bench.store.ledger import LedgerEntry, append_missing, entry_of
from erc_bench.store.reading import read_cell


def keep_in_ledger(cells: Iterable[CellFolder], runs: Path) -> None:
    """Add cells below ``runs`` that were scored on test to its ledger, as far as they are not in it.

    They came from elsewhere, or were scored before there were ledgers. Their time is when they ended.
    Raises :class:`ErcBenchError` where the ledger cannot be written.
    """
    try:
        found = [_entry(cell, runs) for cell in cells if cell.status == "done"]
        entries = [entry for entry in found if entry is not None]
        if entries:
            append_missing(runs, entries, lambda entry: entry.result)
    except OSError as error:
        raise ErcBenchError(f"{runs / LEDGER_FILE} cannot be written: {error.strerror or error}") from error


def _entry(cell: CellFolder, runs: Path) -> LedgerEntry | None:
    folder = runs.joinpath(*cell.parts)
    stored = read_cell(folder)
    return (
        entry_of(folder, stored.record, datetime.fromtimestamp(cell.moment, UTC)) if stored.status == "done" else None
    )

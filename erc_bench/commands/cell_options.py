"""What ``rm`` and ``archive`` share: choosing cells, the table of them, the question, and removing them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.compare import tell_note
from erc_bench.commands.options import open_catalogue
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.wording import seed_list

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.planning.table_requests import CellsRequest
    from erc_bench.store.housekeeping.found_cells import CellFolder, FoundCells
    from erc_bench.store.housekeeping.removing import Unchanged
    from erc_bench.store.housekeeping.selecting import Chosen

SOME_LEFT = 1
_MEBIBYTE = 2**20


def choose_aloud(asked: CellsRequest, found: FoundCells) -> Chosen:
    """Return the cells that the request chooses; name what stands among them and is left as it is."""
    from erc_bench.store.housekeeping.selecting import CellSelection, choose

    selection = CellSelection(
        asked.datasets, asked.methods, asked.backbones, asked.seed, asked.settings_hashes, asked.state, asked.older_than
    )
    chosen = choose(found, selection, time.time(), lambda cells: _stale(cells, asked))
    tell_left((foreign_entry.path, foreign_entry.why) for foreign_entry in chosen.foreign_entries)
    return chosen


def _stale(cells: Sequence[CellFolder], asked: CellsRequest) -> Mapping[Path, str]:
    if not cells:
        return {}
    from erc_bench.planning.asked import folder_of
    from erc_bench.running.staleness import Staleness
    from erc_bench.store.reading import read_cell

    plugins: Any = asked.plugins
    staleness = Staleness(open_catalogue(plugins), folder_of(asked.data_dir), tell_note)
    return staleness.reasons((cell.path, read_cell(cell.path).record) for cell in cells)


def remove(cells: Sequence[CellFolder], runs: Path, unchanged: Unchanged | None = None) -> int:
    """Remove cells, and say so; return how many are left, which are named."""
    from erc_bench.store.housekeeping.removing import as_listed, keep_in_ledger, remove_cell

    keep_in_ledger(cells, runs)
    kept = [(cell, remove_cell(cell, runs, unchanged or as_listed)) for cell in cells]
    click.echo(f"Removed: {amount([cell for cell, why in kept if not why])}")
    return tell_left((cell.path, why) for cell, why in kept if why)


def tell_left(left: Iterable[tuple[Path, str]]) -> int:
    """Name what is left as it is; return how many that are."""
    told = 0
    for path, why in left:
        click.echo(f"Left: {path}: {why}", err=True)
        told += 1
    return told


def show_cells(console: Console, chosen: Chosen) -> None:
    """Print a table with a line for all seeds of a row that are the same."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("dataset", "method", "backbone", "settings", "seeds"):
        table.add_column(name, overflow="fold")
    table.add_column("MiB", justify="right", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    table.add_column("state, and why", overflow="fold")
    for cells in _alike(chosen):
        first = cells[0]
        told = "; ".join(filter(None, (", ".join(chosen.states(first)), chosen.why(first))))
        facts = (*first.parts[:-1], seed_list(cell.seed for cell in cells), f"{_size(cells):.1f}", _days(cells), told)
        table.add_row(*map(Text, facts))
    console.print(table)


def ask(question: str, refusal: str, yes: bool) -> None:
    """Ask before something goes; raise :class:`ErcBenchError` where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ErcBenchError(refusal, "Add --yes to do it without a question.")
    click.confirm(question, abort=True)


def amount(cells: Sequence[CellFolder]) -> str:
    """Say how many cells these are, and how large."""
    return f"{len(cells):,} cell{'' if len(cells) == 1 else 's'}, {_size(cells):.1f} MiB"


def _alike(chosen: Chosen) -> list[list[CellFolder]]:
    def key(cell: CellFolder) -> tuple[object, ...]:
        return (*cell.parts[:-1], chosen.states(cell), chosen.why(cell))

    return [list(cells) for _, cells in groupby(sorted(chosen.cells, key=lambda c: (key(c), c.seed)), key)]


def _size(cells: Sequence[CellFolder]) -> float:
    return sum(cell.size for cell in cells) / _MEBIBYTE


def _days(cells: Sequence[CellFolder]) -> str:
    days = sorted({time.strftime("%Y-%m-%d", time.localtime(cell.moment)) for cell in cells})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"

"""What ``rm`` and ``archive`` share: the options that choose cells, the table of them, and the question."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.plugin_options import open_catalogue, plugin_option
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.store.housekeeping.found_cells import CellFolder, FoundCells
    from erc_bench.store.housekeeping.selecting import CellSelection, Chosen

# Written out, so that --help imports nothing; a test holds them to what there is.
STATES = ("done", "failed", "interrupted", "half-written", "damaged", "partial", "stale")
SOME_LEFT = 1
_MEBIBYTE = 2**20

_OPTIONS = (
    click.option(
        "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs."
    ),
    click.option("--dataset", "datasets", multiple=True, help="Only this dataset; may be repeated, as all of these."),
    click.option("--method", "methods", multiple=True, help="Only this method."),
    click.option("--backbone", "backbones", multiple=True, help="Only this backbone."),
    click.option("--seed", "seeds", multiple=True, type=click.IntRange(min=0), help="Only this seed."),
    click.option("--settings", multiple=True, metavar="HASH", help="Only settings whose hash begins so."),
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice(STATES),
        help="Only cells that are this. half-written: killed in the middle. partial: of a run with --limit."
        " stale: data, backbone or code changed since, which takes a while to find out.",
    ),
    click.option(
        "--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Only cells that ended so long ago."
    ),
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        help="Corpora, for --state stale. Default: $ERC_BENCH_DATA, else a cache.",
    ),
    plugin_option,
    click.option("--yes", is_flag=True, help="Remove without asking."),
)


def cell_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose cells."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def selection_of(asked: Mapping[str, Any]) -> CellSelection:
    """Return what the options ask for."""
    from erc_bench.store.housekeeping.selecting import CellSelection

    names = ("datasets", "methods", "backbones", "seeds", "settings", "states", "older_than")
    return CellSelection(*(asked[name] for name in names))


def choose_aloud(asked: Mapping[str, Any], found: FoundCells) -> Chosen:
    """Return the cells that the options choose; name what stands among them and is left as it is."""
    from erc_bench.store.housekeeping.selecting import choose

    chosen = choose(found, selection_of(asked), time.time(), lambda cells: _stale(cells, asked))
    tell_left((foreign_entry.path, foreign_entry.why) for foreign_entry in chosen.foreign_entries)
    return chosen


def _stale(cells: Sequence[CellFolder], asked: Mapping[str, Any]) -> Mapping[Path, str]:
    if not cells:
        return {}
    from erc_bench.running.staleness import Staleness
    from erc_bench.store.reading import read_cell

    def tell(sentence: str) -> None:
        click.echo(f"Note: {sentence}", err=True)

    staleness = Staleness(open_catalogue(asked["plugins"]), asked["data_dir"], tell)
    return staleness.reasons((cell.path, read_cell(cell.path).record) for cell in cells)


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
        facts = (*first.parts[:-1], _seeds(cells), f"{_size(cells):.1f}", _days(cells), told)
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


def _seeds(cells: Sequence[CellFolder]) -> str:
    """Write seeds shortly: ``1-5, 9``."""
    spans: list[list[int]] = []
    for cell in cells:
        if spans and cell.seed == spans[-1][-1] + 1:
            spans[-1].append(cell.seed)
        else:
            spans.append([cell.seed])
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)


def _size(cells: Sequence[CellFolder]) -> float:
    return sum(cell.size for cell in cells) / _MEBIBYTE


def _days(cells: Sequence[CellFolder]) -> str:
    days = sorted({time.strftime("%Y-%m-%d", time.localtime(cell.moment)) for cell in cells})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"

"""``erc-bench archive``: pack cells away, and put them back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.cell_options import SOME_LEFT, amount, ask, choose_aloud, remove, show_cells, tell_left
from erc_bench.commands.options import takes
from erc_bench.errors import ErcBenchError
from erc_bench.planning.table_requests import ArchiveRequest

if TYPE_CHECKING:
    from erc_bench.store.housekeeping.found_cells import CellFolder
    from erc_bench.store.housekeeping.packing import Packed

_SUFFIX = ".tar.gz"


@click.command("archive")
@takes(ArchiveRequest)
def archive(request: ArchiveRequest) -> None:
    """Pack cells into an archive or copy them elsewhere, all or those that the options choose; or put them back.

    What was written is read back and compared before anything is removed. Half-written and damaged cells are left out.
    """
    if sum(place is not None for place in (request.output, request.to, request.restore)) != 1:
        raise ErcBenchError(
            "archive takes one of --output, --to and --restore",
            f"For example: erc-bench archive --dataset meld --output meld{_SUFFIX}",
        )
    runs = Path(request.runs)
    if request.restore is not None:
        _restore(Path(request.restore), runs, request)
        return
    cells, left = _chosen(runs, request)
    if cells:
        packed = _copy(cells, runs, request) if request.to else _pack(cells, request)
        left += tell_left((cell.path, why) for cell, why in packed.left)
        if request.remove:
            left += _remove(runs, packed, request.yes)
    else:
        click.echo("There is no such cell.")
    if left:
        sys.exit(SOME_LEFT)


def _chosen(runs: Path, request: ArchiveRequest) -> tuple[list[CellFolder], int]:
    """Return the cells to pack, and how many damaged ones are left where they are; these are named."""
    from erc_bench.running.terminal_progress import open_console
    from erc_bench.store.housekeeping.found_cells import find_cells
    from erc_bench.store.housekeeping.selecting import Chosen

    found = choose_aloud(request, find_cells(runs))
    for cell in found.cells:
        if cell.status == "half-written":
            click.echo(f"Left out: {cell.path}: {cell.why}", err=True)
    damaged = tell_left((cell.path, f"it is damaged: {cell.told}") for cell in found.cells if cell.status == "damaged")
    whole = [cell for cell in found.cells if cell.status not in ("half-written", "damaged")]
    if whole:
        show_cells(open_console(), Chosen(whole, found.foreign_entries, found.stale))
    return whole, damaged


def _pack(cells: Sequence[CellFolder], request: ArchiveRequest) -> Packed:
    from erc_bench.store.housekeeping.packing import pack

    output = Path(str(request.output))
    if not output.name.endswith(_SUFFIX):
        raise ErcBenchError(f"--output {output} does not end in {_SUFFIX}")
    if output.exists() and not request.overwrite:
        raise ErcBenchError(f"{output} is there already", "Choose another name, or add --overwrite.")
    packed = pack(cells, output)
    size = output.stat().st_size / 2**20
    click.echo(f"Packed: {amount(list(packed.digests))}, into {output} ({size:.1f} MiB), read back and found right")
    return packed


def _copy(cells: Sequence[CellFolder], runs: Path, request: ArchiveRequest) -> Packed:
    from erc_bench.store.housekeeping.unpacking import copy

    to = Path(str(request.to))
    if to.resolve().is_relative_to(runs.resolve()):
        raise ErcBenchError(f"--to {to} lies in the folder of runs itself", "Name another folder.")
    packed = copy(cells, to, request.overwrite)
    click.echo(f"Copied: {amount(list(packed.digests))}, into {to}, compared and found the same")
    return packed


def _remove(runs: Path, packed: Packed, yes: bool) -> int:
    cells = list(packed.digests)
    if not cells:
        return 0
    ask(f"Remove {amount(cells)} from {runs}?", f"nothing was removed from {runs}: {amount(cells)} would go", yes)
    return remove(cells, runs, packed.holds)


def _restore(file: Path, runs: Path, request: ArchiveRequest) -> None:
    from erc_bench.store.housekeeping.unpacking import restore

    if request.selects or request.remove:
        raise ErcBenchError("--restore unpacks a whole archive", "Leave out the options that choose cells.")
    done = restore(file, runs, request.overwrite)
    click.echo(f"Restored: {amount(done.placed)}, into {runs}")
    damaged = [cell for cell in done.placed if cell.status == "damaged"]
    for cell in damaged:
        click.echo(f"Damaged: {runs.joinpath(*cell.parts)}: {cell.told}", err=True)
    if tell_left((runs.joinpath(*cell.parts), why) for cell, why in done.left) or damaged:
        sys.exit(SOME_LEFT)

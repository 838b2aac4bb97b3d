"""``erc-bench status``: how far the cells are that were handed to a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.slurm.overview import CellUnderWay, Overview


@click.command("status")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Results.")
def status(runs: Path) -> None:
    """Count what `run` and `sweep` with --executor slurm have submitted: done, running, waiting, failed."""
    from erc_bench.running.terminal_progress import open_console
    from erc_bench.slurm.overview import overview

    _show(open_console(), overview(runs))


def _show(console: Console, found: Overview) -> None:
    from erc_bench.commands.grid_run import cells, say

    if not found.cells:
        say(console, "nothing was handed to a cluster from here")
        return
    counts = ", ".join(f"{len(found.of(state))} {state}" for state in found.states())
    say(console, f"{cells(len(found.cells))}: {counts}")
    for cell in found.of("running"):
        say(console, f"  running: {_named(cell)} on {cell.node} since {cell.since} (job {cell.job})")
    for cell in found.of("failed"):
        say(console, f"  failed: {_named(cell)}: {cell.reason}")


def _named(cell: CellUnderWay) -> str:
    address = cell.address
    return f"{address.dataset} · {address.method} · {address.backbone} · seed {address.seed}"

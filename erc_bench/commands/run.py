"""``erc-bench run``: the grid, then the comparison table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from erc_bench.commands.grid_run import Aloud, cells, dry_run_option, going_to_run, report, run_grid, say, show_table
from erc_bench.commands.options import takes
from erc_bench.planning.run_requests import RunRequest
from erc_bench.planning.table_requests import CompareRequest

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.experiments.grid import Grid


@click.command("run")
@takes(RunRequest, leave=("progress",))
@dry_run_option
def run(request: RunRequest, dry_run: bool) -> None:
    """Train and test every METHOD on every DATASET with every seed, then show the comparison."""
    from erc_bench.experiments.grid import grid_of_run
    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    grid, asked = grid_of_run(request, Aloud(console))
    if dry_run:
        _show_cells(console, grid)
        return
    outcome = run_grid(console, grid)
    table = CompareRequest(
        datasets=asked.datasets,
        methods=asked.methods,
        baseline=request.baseline,
        readouts=asked.readouts,
        audit=request.audit,
        data_dir=request.data_dir,
        plugins=request.plugins,
    )
    show_table(console, [*outcome.ran, *outcome.skipped], grid.task.runs, table)
    report(outcome, grid.task.runs)


def _show_cells(console: Console, grid: Grid) -> None:
    found = grid.look_ahead()
    for plan in grid.plans:
        there = found[plan.address]
        told = f"{there.state} ({there.reason})" if there.reason else there.state
        say(console, f"{plan.label()}: {told}  {plan.address.folder(grid.task.runs)}")
    say(console, f"{cells(len(grid.plans))}, {len(going_to_run(grid, found))} to run")

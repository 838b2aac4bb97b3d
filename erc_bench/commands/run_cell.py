"""``erc-bench run-cell``: cells that another process ordered, where that has no way to hand them over."""

from __future__ import annotations

import sys
from pathlib import Path

import click

SOME_FAILED = 1


@click.command("run-cell")
@click.argument("orders", type=click.Path(path_type=Path))
@click.option("--group", type=int, default=0, show_default=True, help="Which of the file's groups of cells.")
@click.option(
    "--restarts",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How often a job of Slurm that runs out of time puts itself back into the queue.",
)
def run_cell(orders: Path, group: int, restarts: int) -> None:
    """Run a group of cells of a file ORDERS, which `run --executor slurm` writes beside the runs.

    Exit code 0: all of them are done; 1: some failed. Cells that are done are passed over, so that it can be started
    again at any time.
    """
    from erc_bench.running.terminal_progress import open_console, progress_for
    from erc_bench.slurm.ordered_cells import run_group

    outcome = run_group(orders, group, restarts, progress_for(open_console()))
    for plan, reason in outcome.failed:
        click.echo(f"{plan.label()}: {reason}", err=True)
    sys.exit(SOME_FAILED if outcome.failed else 0)

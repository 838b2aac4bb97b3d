"""``erc-bench stop``: an end to jobs that were handed to a cluster."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("stop")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Results.")
def stop(runs: Path) -> None:
    """Cancel every job that was submitted from a folder of runs and is not over.

    What is done is kept: the same `run` or `sweep` submits the rest again.
    """
    from erc_bench.slurm import overview
    from erc_bench.statistics.results import counted

    click.echo(f"{counted(len(overview.stop(runs)), 'job')} ended")

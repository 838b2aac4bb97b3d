"""``erc-bench merge``: one folder of runs of several."""

from __future__ import annotations

import sys
from pathlib import Path

import click

SOME_LEFT = 1


@click.command("merge")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where everything goes."
)
def merge(folders: tuple[Path, ...], runs: Path) -> None:
    """Copy the finished cells of several FOLDERS of runs into one, with their ledgers, declarations and answers.

    A cell that is in several of them must have the same data, code and answers: else nothing is copied, and the cells
    are named. What failed or was stopped stays where it is. Exit code 0: all is there; 1: something damaged was left.
    """
    from erc_bench.commands.cell_options import tell_left
    from erc_bench.statistics.results import counted
    from erc_bench.store.housekeeping.merging import merge as merge_folders

    done = merge_folders(folders, runs)
    same = f", {counted(len(done.same), 'cell')} there already with the same answers" if done.same else ""
    click.echo(f"{counted(len(done.copied), 'cell')} copied into {runs}{same}")
    if tell_left(done.left):
        sys.exit(SOME_LEFT)

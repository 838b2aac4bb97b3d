"""``erc-bench rm``: remove cells that are named by what they are."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from erc_bench.commands.cell_options import SOME_LEFT, amount, ask, choose_aloud, remove, show_cells
from erc_bench.commands.options import takes
from erc_bench.errors import ErcBenchError
from erc_bench.planning.table_requests import CellsRequest


@click.command("rm")
@takes(CellsRequest)
def rm(request: CellsRequest) -> None:
    """Show the cells that the options choose, ask, and remove them. They cannot be had back.

    At least one option must choose. What was not written by erc-bench is left where it is, and so is a cell
    that is running.
    """
    from erc_bench.running.terminal_progress import open_console
    from erc_bench.store.housekeeping.found_cells import find_cells
    from erc_bench.store.housekeeping.removing import remove_leftovers
    from erc_bench.store.housekeeping.selecting import DAY

    if not request.selects:
        raise ErcBenchError(
            "rm is not told which cells", "For example: erc-bench rm --state failed, or --method ce --older-than 30."
        )
    runs = Path(request.runs)
    found = find_cells(runs)
    # That these go was said to an earlier rm.
    if tidied := remove_leftovers(found.aside, runs, time.time() - DAY):
        click.echo(f"Removed what was left by an earlier command that was killed: {tidied}")
    chosen = choose_aloud(request, found)
    if not chosen.cells:
        click.echo("There is no such cell.")
        return
    show_cells(open_console(), chosen)
    going = amount(chosen.cells)
    ask(f"Remove {going}? They cannot be had back.", f"nothing was removed: {going} would go", request.yes)
    if remove(chosen.cells, runs):
        sys.exit(SOME_LEFT)

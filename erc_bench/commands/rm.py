"""``erc-bench rm``: remove cells that are named by what they are."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from erc_bench.commands.cell_options import (
    SOME_LEFT,
    amount,
    ask,
    cell_options,
    choose_aloud,
    selection_of,
    show_cells,
    tell_left,
)
from erc_bench.errors import ErcBenchError


@click.command("rm")
@cell_options
def rm(runs: Path, **asked: Any) -> None:
    """Show the cells that the options choose, ask, and remove them. They cannot be had back.

    At least one option must choose. What was not written by erc-bench is left where it is, and so is a cell
    that is running.
    """
    from erc_bench.running.terminal_progress import open_console
    from erc_bench.store.housekeeping.found_cells import find_cells
    from erc_bench.store.housekeeping.removing import keep_in_ledger, remove_cell, remove_leftovers
    from erc_bench.store.housekeeping.selecting import DAY

    if not selection_of(asked).selects:
        raise ErcBenchError(
            "rm is not told which cells", "For example: erc-bench rm --state failed, or --method ce --older-than 30."
        )
    found = find_cells(runs)
    # That these go was said to an earlier rm.
    if tidied := remove_leftovers(found.aside, runs, time.time() - DAY):
        click.echo(f"Removed what was left by an earlier command that was killed: {tidied}")
    chosen = choose_aloud(asked, found)
    if not chosen.cells:
        click.echo("There is no such cell.")
        return
    console = open_console()
    show_cells(console, chosen)
    going = amount(chosen.cells)
    ask(f"Remove {going}? They cannot be had back.", f"nothing was removed: {going} would go", asked["yes"])
    keep_in_ledger(chosen.cells, runs)
    kept = [(cell, remove_cell(cell, runs)) for cell in chosen.cells]
    click.echo(f"Removed: {amount([cell for cell, why in kept if not why])}")
    if tell_left((cell.path, why) for cell, why in kept if why):
        sys.exit(SOME_LEFT)

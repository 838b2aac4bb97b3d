"""What ``run`` and ``sweep`` share: what is said, the table, what was there before, and what failed."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import click

from erc_bench.errors import ErcBenchError
from erc_bench.interruption import going_on
from erc_bench.statistics.results import counted

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.experiments.grid import Grid
    from erc_bench.planning.plan import Plan
    from erc_bench.planning.suites.reading import Suite
    from erc_bench.planning.table_requests import CompareRequest
    from erc_bench.running.outcome import GridOutcome
    from erc_bench.running.state import Found
    from erc_bench.store.layout import CellAddress

SOME_FAILED = 1

dry_run_option = click.option("--dry-run", is_flag=True, help="Show the cells and what is already there; run nothing.")


def say(console: Console, text: str) -> None:
    """Print one line as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


class Aloud:
    """Says sentences on the terminal, and warns on standard error."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        say(self._console, sentence)

    def warn(self, sentence: str) -> None:
        """Print a sentence that must not be overlooked."""
        click.echo(sentence, err=True)


def run_grid(console: Console, grid: Grid) -> GridOutcome:
    """Run the cells, with progress; raise :class:`ErcBenchError` at once where a corpus is missing."""
    from erc_bench.running.terminal_progress import progress_for

    always = grid.task.overwrite == "always"
    command = "the same command" + (" without --overwrite always" if always else "")
    going_on(f"What is done is kept: {command} goes on from there.")
    return grid.run(progress_for(console))


def show_table(
    console: Console, plans: Sequence[Plan], runs: Path, request: CompareRequest, suite: Suite | None = None
) -> None:
    """Compare the cells of the plans, in the order of the names; ``suite`` declares what is corrected together.

    A table that cannot be made is told and no more: what failed must still be told after it, and the
    exit code must still be that of failed cells.
    """
    from erc_bench.commands.compare import tell_note
    from erc_bench.experiments.compare import compare_plans
    from erc_bench.output.tables import render
    from erc_bench.output.tables.rich_table import print_comparison

    if not plans:
        return
    try:
        comparison = compare_plans(plans, runs, request, tell_note, suite)
    except ErcBenchError as error:
        click.echo(f"There is no table: {error}", err=True)
        return
    if console.is_terminal:
        print_comparison(comparison, console)
    else:
        click.echo(render(comparison, "rich"), nl=False)


def going_to_run(grid: Grid, found: Mapping[CellAddress, Found]) -> list[Plan]:
    """Return the plans whose cells run under the ``--overwrite`` that was asked for."""
    from erc_bench.running.state import RUNS_UNDER

    return [plan for plan in grid.plans if found[plan.address].state in RUNS_UNDER[grid.task.overwrite]]


def cells(count: int) -> str:
    """Count cells in words."""
    return counted(count, "cell")


def report(outcome: GridOutcome, runs: Path) -> None:
    """Name stale and failed cells; exit with 1 where some failed."""
    for plan, reason in outcome.stale:
        click.echo(f"Stale: {plan.label()}: {reason}; --overwrite stale runs it again.", err=True)
    if not outcome.failed:
        return
    click.echo(f"{cells(len(outcome.failed))} failed:", err=True)
    alike: dict[str, list[Plan]] = {}
    for plan, reason in outcome.failed:
        alike.setdefault(reason, []).append(plan)
    for reason, failed in alike.items():
        lines = [indent(reason, "    "), *_traceback(reason, failed[0].address.folder(runs))]
        click.echo("\n".join([*(f"  {plan.label()}" for plan in failed), *lines]), err=True)
    sys.exit(SOME_FAILED)


def _traceback(reason: str, folder: Path) -> list[str]:
    """Say where the traceback lies of what no sentence was written for."""
    from erc_bench.store.layout import TRACEBACK_FILE

    file = folder / TRACEBACK_FILE
    is_sentence = re.match(r"(\S+, line \d+: )?\w+: ", reason) is None
    return [] if is_sentence or not file.is_file() else [f"    traceback: {file}"]

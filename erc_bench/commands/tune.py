"""``erc-bench tune``: search every method's settings on dev, with the same number of trials for each."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.grid_run import SOME_FAILED, Aloud, say
from erc_bench.commands.options import takes
from erc_bench.errors import ErcBenchError
from erc_bench.interruption import going_on
from erc_bench.planning.run_requests import TuneRequest
from erc_bench.statistics.results import counted

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.experiments.tuning.search import Result, Search, Trial
    from erc_bench.store.reading import StoredCell


@click.command("tune")
@takes(TuneRequest, arguments=("suite",))
@click.option("--dry-run", is_flag=True, help="Show what would be searched and what is already there; run nothing.")
def tune(request: TuneRequest, dry_run: bool) -> None:
    """Search the settings of every METHOD, or of every row of a SUITE, on dev; write the best to a file.

    All have the same number of trials. Test is never scored, and a search that was stopped goes on. To train with
    what was found: erc-bench run --settings FILE, or erc-bench sweep FILE where a suite was searched.
    """
    if find_spec("optuna") is None:
        raise ErcBenchError("tune needs Optuna, which is not installed", "Install it: pip install 'erc-bench[tune]'")
    from erc_bench.experiments.tune import Tuning
    from erc_bench.running.terminal_progress import open_console, progress_for

    console = open_console()
    tuning = Tuning(request, SearchesAloud(console))
    if dry_run:
        there, cells = tuning.stored()
        for search, trials in zip(tuning.searches, there, strict=True):
            show_search(console, search, request.trials, trials, cells)
        return
    going_on("Trials that are done are kept: the same command goes on from there.")
    results = tuning.run(progress_for(console))
    show_results(console, results, tuning.folder)
    end(console, results, tuning.output, of_suite=request.suite is not None)


OWN = "its own settings"


def show_search(
    console: Console, search: Search, asked: int, trials: Sequence[Trial], cells: Sequence[StoredCell]
) -> None:
    """Print the space of a search, how it is searched, and what is done of it."""
    points = search.points()
    how = "every point once" if points <= asked else f"{asked} trials by TPE"
    say(console, f"{search.label()}: {counted(points, 'point')}, {how}")
    own = search.own_point()
    for address, values in search.space.values.items():
        say(console, f"  {address}: {', '.join(values)} (its own: {own[address]})")
    left = max(0, min(asked, points) - len(trials))
    there = sum(cell.status == "done" and _of(cell, search) for cell in cells)
    say(
        console,
        f"  {counted(min(len(trials), asked), 'trial')} done, {left} to run;"
        f" {counted(there, 'cell')} done, {left * len(search.seeds)} to train at most",
    )


def _of(cell: StoredCell, search: Search) -> bool:
    return (cell.dataset, cell.method, str(cell.record.get("backbone"))) == search.combination


class SearchesAloud(Aloud):
    """Says on the terminal how searches go."""

    def started(self, search: Search, trials: int, asked: int) -> None:
        """Say how many trials are there already."""
        if trials:
            self.say(f"{search.label()}: {min(trials, asked)} of {counted(asked, 'trial')} there from earlier")

    def tried(self, search: Search, trial: Trial) -> None:
        """Print one line for a trial: number, score, and the settings that differ."""
        outcome = f"failed: {trial.error}" if trial.error else f"dev {_metric(search)} {trial.score:.2f}"
        self.say(f"trial {trial.number} · {search.label()}: {outcome} · {_changes(search, trial)}")

    def ended(self, result: Result) -> None:
        """Say where the grid ended before the trials did."""
        search = result.search
        if len(result.trials) < result.asked:
            self.say(
                f"{search.label()}: all {search.points()} points are tried, which takes {len(result.trials)} of the"
                f" {result.asked} trials asked for"
            )


def show_results(console: Console, results: Sequence[Result], study: Path) -> None:
    """Print the table of a study."""
    from rich.table import Table
    from rich.text import Text

    seeds = results[0].search.seeds
    words = f"seed{'' if len(seeds) == 1 else 's'} {', '.join(map(str, seeds))}"
    title = f"Search on dev in {study}, mean over {words}; test was not scored"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim")
    for column in ("dataset", "method", "backbone"):
        table.add_column(column, no_wrap=True)
    for column in ("trials", "failed", "dev, own settings", "dev, best"):
        table.add_column(column, justify="right")
    table.add_column("best settings", overflow="fold")
    for result in results:
        best = result.best
        row = [
            *result.search.combination,
            _trials(result),
            str(result.failed),
            "-" if result.own is None else f"{result.own.score:.2f}",
            "-" if best is None else f"{best.score:.2f}",
            "-" if best is None else _changes(result.search, best),
        ]
        table.add_row(*map(Text, row))
    console.print()
    console.print(table)


def _trials(result: Result) -> str:
    tried = len(result.trials)
    return str(tried) if tried == result.asked else f"{tried} of {result.asked}"


def end(console: Console, results: Sequence[Result], output: Path, of_suite: bool = False) -> None:
    """Say where the settings are; exit with 1 where a search found none."""
    if any(result.best is not None for result in results):
        how = f"sweep {output}" if of_suite else f"run --settings {output} …"
        say(console, f"\nThe best settings are in {output}. To train with them: erc-bench {how}")
    lost = [result for result in results if result.best is None]
    for result in lost:
        reasons = dict.fromkeys(trial.error for trial in result.trials)
        click.echo(f"{result.search.label()}: all trials failed:", err=True)
        click.echo("\n".join(f"  {reason}" for reason in reasons), err=True)
    if lost:
        sys.exit(SOME_FAILED)


def _changes(search: Search, trial: Trial) -> str:
    return pairs(search.changes(trial.point)) or OWN


def pairs(settings: Mapping[str, Any]) -> str:
    """Write settings as one would type them."""
    from erc_bench.contracts.options import format_value

    return ", ".join(f"{address}={format_value(value)}" for address, value in settings.items())


def _metric(search: Search) -> str:
    return search.own.dataset.headline_metric.replace("_", " ")

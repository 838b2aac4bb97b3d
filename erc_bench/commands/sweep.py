"""``erc-bench sweep``: a grid and its tables from a suite file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from erc_bench.commands.grid_run import Aloud, cells, dry_run_option, going_to_run, report, run_grid, say, show_table
from erc_bench.commands.options import takes
from erc_bench.planning.run_requests import SweepRequest

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.experiments.grid import Grid
    from erc_bench.planning.estimate import TimeEstimate
    from erc_bench.planning.plan import Plan
    from erc_bench.planning.suites.reading import Suite, Table

_MANY = 5
_STATES = ("done", "stale", "failed", "missing")


@click.command("sweep")
@takes(SweepRequest, arguments=("suite",))
@dry_run_option
def sweep(request: SweepRequest, dry_run: bool) -> None:
    """Run the grid of a SUITE, then show its tables.

    SUITE is a TOML file, such as those in benchmarks/suites; docs/suites.md says what may stand in it.
    """
    from erc_bench.experiments.grid import grid_of_sweep
    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    grid, suite = grid_of_sweep(request, Aloud(console))
    for line in filter(None, (suite.title, suite.text)):
        say(console, line)
    if dry_run:
        _show_grid(console, grid)
        return
    outcome = run_grid(console, grid)
    for table in suite.tables:
        audit = table.audit or (request.audit and not table.per_class)
        asked = replace(table, audit=audit, data_dir=request.data_dir, plugins=request.plugins)
        _show(console, grid, suite, asked, [*outcome.ran, *outcome.skipped])
    report(outcome, grid.task.runs)


def _show(console: Console, grid: Grid, suite: Suite, table: Table, plans: Sequence[Plan]) -> None:
    datasets, methods = table.datasets or suite.datasets, table.methods or suite.methods
    named = {*methods, (table.baseline or "").partition("/")[0]}
    shown = [plan for plan in plans if plan.address.dataset in datasets and plan.address.method in named]
    if table.title and shown:
        say(console, f"\n{table.title}")
    show_table(console, shown, grid.task.runs, replace(table, datasets=datasets, methods=methods), suite)


def _show_grid(console: Console, grid: Grid) -> None:
    """Print a line for each row of the grid, then what is to run and how long that may take."""
    from erc_bench.planning.estimate import Records, estimate
    from erc_bench.store.index.all_cells import read_cells

    runs = grid.task.runs
    records = Records(read_cells(runs) if runs.is_dir() else [])
    found = grid.look_ahead()
    to_run = going_to_run(grid, found)
    for label, row in _rows(grid.plans).items():
        counts = {state: sum(found[plan.address].state == state for plan in row) for state in _STATES}
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        judged = estimate(row[:1], records)
        say(console, f"{label}: {told}{f', about {duration(judged.seconds)} each' if judged.judged else ''}")
    say(console, f"{cells(len(grid.plans))}, {len(to_run)} to run")
    for line in (*_judgement(estimate(to_run, records)), *_power(grid.plans)):
        say(console, line)


def _rows(plans: Sequence[Plan]) -> dict[str, list[Plan]]:
    from erc_bench.contracts.options import format_value

    rows: dict[str, list[Plan]] = {}
    for plan in plans:
        address = plan.address
        changed = [f"{name}={format_value(value)}" for name, value in plan.resolved.overrides.items()]
        rows.setdefault(" · ".join([address.dataset, address.method, address.backbone, *changed]), []).append(plan)
    return rows


def _judgement(judged: TimeEstimate) -> Iterator[str]:
    if judged.judged:
        machines = " and ".join(judged.machines)
        yield (
            f"{cells(judged.judged)} will take about {duration(judged.seconds)} one after the other, judged by"
            f" {judged.records} recorded on {machines}"
        )
    without = list(_rows(judged.without_record))
    if without:
        named = ", ".join(without[:_MANY]) + (f" and {len(without) - _MANY} more" if len(without) > _MANY else "")
        yield f"No record to judge {cells(len(judged.without_record))} by: {named}"


def _power(plans: Sequence[Plan]) -> Iterator[str]:
    """Say what the seeds of a grid can find, before they are paid for."""
    from erc_bench.statistics.power import detectable_difference

    seeds = len({plan.seed for plan in plans})
    found = detectable_difference(1.0, seeds)
    if found.value is not None:
        yield (
            f"{seeds} seeds find a true difference of {found.value:.1f} times the standard deviation of the seed-wise"
            " differences with a probability of 80 % (one paired t-test at .05; erc-bench power says more)"
        )


def duration(seconds: float) -> str:
    """Write a time roughly: ``0.4 s``, ``45 s``, ``12 min``, ``2 h 15 min``."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"

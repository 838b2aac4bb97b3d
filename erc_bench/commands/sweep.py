"""``erc-bench sweep``: a grid and its tables from a suite file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.dry_run import cells, going_to_run, look_ahead
from erc_bench.commands.grid_run import (
    grid_options,
    parse_seeds,
    plan_aloud,
    report,
    run_grid,
    say,
    show_table,
)
from erc_bench.commands.plugin_options import chosen_observers
from erc_bench.commands.tuned import check_tuned, read_tuned, tell_earlier_cells, warn_of_other_data

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.planning.estimate import TimeEstimate
    from erc_bench.planning.plan import Plan
    from erc_bench.planning.suites.model import Suite, Table

_MANY = 5
_STATES = ("done", "stale", "failed", "missing")


@click.command("sweep")
@click.argument("suite", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--seeds", help="Seeds in place of the suite's: a number n (seeds 1 to n) or a list such as 1,3,7.")
@grid_options
def sweep(suite: Path, **asked: Any) -> None:
    """Run the grid of a SUITE, then show its tables.

    SUITE is a TOML file, such as those in benchmarks/suites; docs/suites.md says what may stand in it.
    """
    from erc_bench.planning.overrides import parse_override
    from erc_bench.planning.suites.grid import check_tables, suite_requests
    from erc_bench.planning.suites.reading import read_suite
    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    asked["observers"] = chosen_observers(asked)
    read = read_suite(suite)
    seeds = None if asked["seeds"] is None else parse_seeds(asked["seeds"])
    overrides = [parse_override(text) for text in asked["settings"]]
    tuned = read_tuned([*(suite.parent / name for name in read.settings_files), *asked["settings_files"]])
    kept = {name: asked[name] for name in ("audit", "save_representations", "save_model")}
    requests = suite_requests(read, overrides, seeds, asked["limit"], **kept)
    plans = plan_aloud(console, [replace(request, tuned=tuned) for request in requests], asked["plugins"])
    check_tuned(console, plans, tuned)
    check_tables(read.tables, plans)
    for line in filter(None, (read.title, read.text)):
        say(console, line)
    if asked["dry_run"]:
        _show_grid(console, plans, asked)
        return
    warn_of_other_data(plans, tuned, asked["data_dir"])
    outcome = run_grid(console, plans, asked)
    tell_earlier_cells(console, outcome.skipped, tuned, asked["runs"])
    for table in read.tables:
        audit = table.audit or (asked["audit"] and not table.per_class)
        _show(console, read, replace(table, audit=audit), [*outcome.ran, *outcome.skipped], asked)
    report(outcome, asked["runs"])


def _show(console: Console, suite: Suite, table: Table, plans: Sequence[Plan], asked: Mapping[str, Any]) -> None:
    datasets, methods = table.datasets or suite.datasets, table.methods or suite.methods
    named = {*methods, (table.baseline or "").partition("/")[0]}
    shown = [plan for plan in plans if plan.address.dataset in datasets and plan.address.method in named]
    if table.title and shown:
        say(console, f"\n{table.title}")
    show_table(
        console,
        shown,
        asked["runs"],
        datasets,
        methods,
        data_dir=asked["data_dir"],
        **table.wanted(),
    )


def _show_grid(console: Console, plans: Sequence[Plan], asked: Mapping[str, Any]) -> None:
    """Print a line for each row of the grid, then what is to run and how long that may take."""
    from erc_bench.planning.estimate import Records, estimate
    from erc_bench.store.reading import read_cells

    runs: Path = asked["runs"]
    records = Records(read_cells(runs) if runs.is_dir() else [])
    found = look_ahead(plans, asked)
    to_run = going_to_run(plans, found, asked)
    for label, row in _rows(plans).items():
        counts = {state: sum(found[plan.address].state == state for plan in row) for state in _STATES}
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        judged = estimate(row[:1], records)
        say(console, f"{label}: {told}{f', about {duration(judged.seconds)} each' if judged.judged else ''}")
    say(console, f"{cells(len(plans))}, {len(to_run)} to run")
    for line in _judgement(estimate(to_run, records)):
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


def duration(seconds: float) -> str:
    """Write a time roughly: ``0.4 s``, ``45 s``, ``12 min``, ``2 h 15 min``."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"

"""``erc-bench run``: the grid, then the comparison table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.dry_run import cells, going_to_run, look_ahead, told
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

    from erc_bench.planning.plan import Plan
    from erc_bench.planning.request import Request


@click.command("run")
@click.option("--method", "methods", multiple=True, required=True, help="A method; may be repeated.")
@click.option("--dataset", "datasets", multiple=True, required=True, help="A dataset; may be repeated.")
@click.option(
    "--backbone",
    "backbones",
    multiple=True,
    help="A backbone by name, a Hugging Face id or a local folder; may be repeated. Default: simcse.",
)
@click.option("--seeds", default="5", show_default=True, help="A number n (seeds 1 to n) or a list such as 1,3,7.")
@click.option(
    "--readout",
    "readouts",
    multiple=True,
    help="A further classifier that reads the same training; a finished cell without it is trained again.",
)
@grid_options
@click.option("--baseline", help="The method (or METHOD/BACKBONE) that the others are tested against.")
@click.option("--dev-only", is_flag=True, help="Never score the test split.")
def run(**asked: Any) -> None:
    """Train and test every METHOD on every DATASET with every seed, then show the comparison."""
    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    asked["observers"] = chosen_observers(asked)
    tuned = read_tuned(asked["settings_files"])
    plans = plan_aloud(console, [replace(_request(asked), tuned=tuned)], asked["plugins"])
    check_tuned(console, plans, tuned)
    if asked["dry_run"]:
        _show_cells(console, plans, asked)
        return
    warn_of_other_data(plans, tuned, asked["data_dir"])
    outcome = run_grid(console, plans, asked)
    tell_earlier_cells(console, outcome.skipped, tuned, asked["runs"])
    finished = [*outcome.ran, *outcome.skipped]
    show_table(
        console,
        finished,
        asked["runs"],
        asked["datasets"],
        asked["methods"],
        baseline=asked["baseline"],
        readouts=asked["readouts"],
        audit=asked["audit"],
    )
    report(outcome, asked["runs"])


def _request(asked: dict[str, Any]) -> Request:
    from erc_bench.experiments.plans import check_baseline, check_sealed
    from erc_bench.planning.overrides import parse_override
    from erc_bench.planning.request import DEFAULT_BACKBONE, Request

    request = Request(
        methods=asked["methods"],
        datasets=asked["datasets"],
        backbones=asked["backbones"] or (DEFAULT_BACKBONE,),
        seeds=parse_seeds(asked["seeds"]),
        overrides=[parse_override(text) for text in asked["settings"]],
        readouts=asked["readouts"],
        limit=asked["limit"],
        dev_only=asked["dev_only"],
        audit=asked["audit"],
        save_representations=asked["save_representations"],
        save_model=asked["save_model"],
    )
    check_baseline(asked["baseline"], asked["methods"])
    check_sealed(request)
    return request


def _show_cells(console: Console, plans: Sequence[Plan], asked: Mapping[str, Any]) -> None:
    found = look_ahead(plans, asked)
    for plan in plans:
        say(console, f"{plan.label()}: {told(found[plan.address])}  {plan.address.folder(asked['runs'])}")
    say(console, f"{cells(len(plans))}, {len(going_to_run(plans, found, asked))} to run")

"""``erc-bench run``: the grid, then the comparison table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

if TYPE_CHECKING:
    from erc_bench.planning.plan import Plan
    from erc_bench.running.grid import GridOutcome

SOME_FAILED = 1


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
@click.option("--set", "settings", multiple=True, metavar="[METHOD:]SLOT.OPTION=VALUE", help="Change a setting.")
@click.option("--readout", "readouts", multiple=True, help="A further classifier that reads the same training.")
@click.option("--limit", type=click.IntRange(min=1), help="Keep the first N dialogues of each split (a partial cell).")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Results.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Corpora. Default: $ERC_BENCH_DATA, else a cache.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option(
    "--overwrite",
    type=click.Choice(["missing", "failed", "stale", "always"]),
    default="missing",
    show_default=True,
    help="Which cells run; each choice includes the ones before it.",
)
@click.option("--baseline", help="The method (or METHOD/BACKBONE) that the others are tested against.")
@click.option("--dev-only", is_flag=True, help="Never score the test split.")
@click.option("--dry-run", is_flag=True, help="Show the cells and what is already there; run nothing.")
def run(**asked: Any) -> None:
    """Train and test every METHOD on every DATASET with every seed, then show the comparison."""
    from erc_bench.catalogue import Catalogue
    from erc_bench.planning.grid import plan_grid
    from erc_bench.terminal import open_console

    console = open_console()
    catalogue = Catalogue()
    plans = plan_grid(_request(asked), catalogue)
    for broken in catalogue.broken:
        click.echo(f"Warning: {broken}", err=True)
    _explain(console, plans)
    if asked["dry_run"]:
        _show_cells(console, plans, asked["runs"])
        return
    outcome = _run(console, plans, asked)
    if outcome.ran or outcome.skipped:
        try:
            _show_table(console, [*outcome.ran, *outcome.skipped], asked)
        except ErcBenchError as error:
            # What failed must still be told, and the exit code must still be that of failed cells.
            click.echo(f"There is no table: {error}", err=True)
    _report(outcome)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read ``5`` as seeds 1 to 5 and ``1,3,7`` as these three."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 0 or (len(numbers) == 1 and numbers[0] < 1) or len(set(numbers)) != len(numbers):
        raise ErcBenchError(
            f"--seeds {text!r} is neither a number of seeds nor a list of different seeds such as 1,3,7"
        )
    return tuple(range(1, numbers[0] + 1)) if "," not in text else tuple(numbers)


def _request(asked: dict[str, Any]) -> Any:
    from erc_bench.planning.overrides import parse_override
    from erc_bench.planning.request import DEFAULT_BACKBONE, Request

    _check_baseline(asked["baseline"], asked["methods"])
    return Request(
        methods=asked["methods"],
        datasets=asked["datasets"],
        backbones=asked["backbones"] or (DEFAULT_BACKBONE,),
        seeds=parse_seeds(asked["seeds"]),
        overrides=[parse_override(text) for text in asked["settings"]],
        readouts=asked["readouts"],
        limit=asked["limit"],
        dev_only=asked["dev_only"],
    )


def _check_baseline(baseline: str | None, methods: Sequence[str]) -> None:
    method = (baseline or "").partition("/")[0]
    if baseline is not None and method not in methods:
        raise ErcBenchError(
            f"the baseline {method!r} is none of the methods of this run; {did_you_mean(method, methods)}",
            "The table of a run shows its own cells; erc-bench compare shows all that are stored.",
        )


def _run(console: Any, plans: list[Plan], asked: dict[str, Any]) -> GridOutcome:
    from erc_bench.running.grid import GridRunner
    from erc_bench.terminal_progress import progress_for
    from erc_bench.training.device import choose_device

    progress = progress_for(console)
    try:
        runner = GridRunner(
            asked["runs"], asked["data_dir"], choose_device(asked["device"]), asked["overwrite"], progress
        )
        return runner.run(plans)
    finally:
        progress.close()


def _explain(console: Any, plans: list[Plan]) -> None:
    """Say what a dataset's suggestions changed: a frozen encoder is not what the user typed."""
    from erc_bench.options import format_value

    told = {
        f"{address} = {format_value(plan.resolved.values[address])} (suggested by {origin})"
        for plan in plans
        for address, origin in plan.resolved.origins.items()
        if origin.startswith("dataset ")
    }
    for line in sorted(told):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _show_cells(console: Any, plans: list[Plan], runs: Path) -> None:
    from erc_bench.store.reading import read_cell

    for plan in plans:
        folder = plan.address.folder(runs)
        state = read_cell(folder).status if folder.is_dir() else "missing"
        console.print(f"{plan.label()}: {state}  {folder}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{len(plans)} cell{'' if len(plans) == 1 else 's'}", highlight=False)


def _show_table(console: Any, plans: list[Plan], asked: dict[str, Any]) -> None:
    from erc_bench.comparison import compare
    from erc_bench.store.reading import read_cell, read_cells
    from erc_bench.tables import render
    from erc_bench.tables.rich_table import print_comparison

    comparison = compare(
        [read_cell(plan.address.folder(asked["runs"])) for plan in plans],
        datasets=_in(plans, "dataset", asked["datasets"]),
        methods=_in(plans, "method", asked["methods"]),
        baseline=asked["baseline"],
        all_cells=read_cells(asked["runs"]),
    )
    if console.is_terminal:
        print_comparison(comparison, console)
    else:
        click.echo(render(comparison, "rich"), nl=False)


def _in(plans: Sequence[Plan], kind: str, names: Sequence[str]) -> list[str]:
    """Return those of the names that the plans hold, in the order in which they were asked for."""
    held = {getattr(plan.address, kind) for plan in plans}
    return [name for name in dict.fromkeys(names) if name in held]


def _report(outcome: GridOutcome) -> None:
    for plan, reason in outcome.stale:
        click.echo(f"Stale: {plan.label()}: {reason}; --overwrite stale runs it again.", err=True)
    if not outcome.failed:
        return
    click.echo(f"{len(outcome.failed)} cell{'' if len(outcome.failed) == 1 else 's'} failed:", err=True)
    labels: dict[str, list[str]] = {}
    for plan, reason in outcome.failed:
        labels.setdefault(reason, []).append(plan.label())
    for reason, failed in labels.items():
        click.echo("\n".join([*(f"  {label}" for label in failed), indent(reason, "    ")]), err=True)
    sys.exit(SOME_FAILED)

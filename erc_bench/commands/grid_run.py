"""What ``run`` and ``sweep`` share: options, planning aloud, the grid, the table and what failed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click

from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.catalogue import Catalogue
    from erc_bench.planning.plan import Plan
    from erc_bench.planning.request import Request
    from erc_bench.running.grid import GridOutcome

SOME_FAILED = 1

_OPTIONS = (
    click.option("--set", "settings", multiple=True, metavar="[METHOD:]SLOT.OPTION=VALUE", help="Change a setting."),
    click.option(
        "--settings",
        "settings_files",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="A file of erc-bench tune with the best settings on dev; may be repeated. --set is stronger.",
    ),
    click.option(
        "--limit", type=click.IntRange(min=1), help="Keep the first N dialogues of each split (a partial cell)."
    ),
    click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Results."),
    click.option(
        "--data-dir", type=click.Path(path_type=Path), help="Corpora. Default: $ERC_BENCH_DATA, else a cache."
    ),
    click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, mps, or several: cuda:0,cuda:1."
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Processes that run cells side by side, one core each on a CPU.",
    ),
    click.option(
        "--micro-batch",
        type=click.IntRange(min=1),
        metavar="N",
        help="Train with N examples of a batch in memory at once, with the gradients of the whole batch: no setting,"
        " but memory, for a second forward pass. A GPU that runs out of memory comes to it by itself.",
    ),
    click.option(
        "--overwrite",
        type=click.Choice(["missing", "failed", "stale", "always"]),
        default="missing",
        show_default=True,
        help="Which cells run; each choice includes the ones before it.",
    ),
    click.option(
        "--audit", is_flag=True, help="Also record the test score of every epoch, to show what test selection is worth."
    ),
    click.option(
        "--save-representations",
        is_flag=True,
        help="Also store the representations of the test utterances, for erc-bench plot representations.",
    ),
    click.option("--dry-run", is_flag=True, help="Show the cells and what is already there; run nothing."),
)


def grid_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a command that runs a grid."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_MOST_SEEDS = 1000


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
    if "," in text:
        return tuple(numbers)
    if numbers[0] > _MOST_SEEDS:
        raise ErcBenchError(
            f"--seeds {text} asks for more than {_MOST_SEEDS} seeds", "A list names seeds: --seeds 1,3,7."
        )
    return tuple(range(1, numbers[0] + 1))


def plan_aloud(console: Console, requests: Sequence[Request]) -> list[Plan]:
    """Plan the grid; say which plugins were left out and what a dataset's suggestions changed."""
    from erc_bench.catalogue import Catalogue
    from erc_bench.planning.grid import plan_grids

    catalogue = Catalogue()
    plans = plan_grids(requests, catalogue)
    explain(console, catalogue, plans)
    return plans


def say(console: Console, text: str) -> None:
    """Print one line as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def run_grid(console: Console, plans: Sequence[Plan], asked: Mapping[str, Any]) -> GridOutcome:
    """Run the cells, with progress; raise :class:`ErcBenchError` at once where a corpus is missing."""
    from erc_bench.data.folder import check_present, data_root
    from erc_bench.running.grid import GridRunner
    from erc_bench.running.jobs import JobsRunner, spread
    from erc_bench.running.task import GridTask
    from erc_bench.terminal_progress import progress_for
    from erc_bench.training.device import choose_device

    check_present((plan.dataset for plan in plans), data_root(asked["data_dir"]))
    progress = progress_for(console)
    try:
        devices = [str(choose_device(name)) for name in asked["device"].split(",")]
        task = GridTask(asked["runs"], asked["data_dir"], devices[0], asked["overwrite"], asked["micro_batch"])
        if asked["jobs"] > 1 or len(devices) > 1:
            return JobsRunner(spread(max(asked["jobs"], len(devices)), task, devices), progress).run(plans)
        return GridRunner(task, progress).run(plans)
    finally:
        progress.close()


def show_table(
    console: Console,
    plans: Sequence[Plan],
    runs: Path,
    datasets: Sequence[str],
    methods: Sequence[str],
    data_dir: Path | None = None,
    **wanted: Any,
) -> None:
    """Compare the cells of the plans, in the order of the names; ``wanted`` goes to ``compare``.

    ``data_dir`` holds the corpora, read where cells were stored without slices or clusters that are asked for.

    A table that cannot be made is told and no more: what failed must still be told after it, and the
    exit code must still be that of failed cells.
    """
    from erc_bench.commands.compare_tests import with_groups
    from erc_bench.comparison import Tests, compare
    from erc_bench.comparison.expected import shipped_alarms
    from erc_bench.store.reading import read_cell, read_cells
    from erc_bench.tables import render
    from erc_bench.tables.rich_table import print_comparison

    if not plans:
        return
    cells = [read_cell(plan.address.folder(runs)) for plan in plans]
    try:
        comparison = compare(
            with_groups(cells, wanted.get("tests") or Tests(), data_dir),
            datasets=_in(plans, "dataset", datasets),
            methods=_in(plans, "method", methods),
            alarms=shipped_alarms(),
            all_cells=read_cells(runs),
            **wanted,
        )
    except ErcBenchError as error:
        click.echo(f"There is no table: {error}", err=True)
        return
    if console.is_terminal:
        print_comparison(comparison, console)
    else:
        click.echo(render(comparison, "rich"), nl=False)


def report(outcome: GridOutcome) -> None:
    """Name stale and failed cells; exit with 1 where some failed."""
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


def explain(console: Console, catalogue: Catalogue, plans: Sequence[Plan]) -> None:
    """Say which plugins were left out, and what a dataset's suggestions changed.

    A frozen encoder is not what the user typed.
    """
    from erc_bench.options import format_value

    for broken in catalogue.broken:
        click.echo(f"Warning: {broken}", err=True)
    told = {
        f"{address} = {format_value(plan.resolved.values[address])} (suggested by {origin})"
        for plan in plans
        for address, origin in plan.resolved.origins.items()
        if origin.startswith("dataset ")
    }
    for line in sorted(told):
        say(console, line)


def _in(plans: Sequence[Plan], kind: str, names: Sequence[str]) -> list[str]:
    """Return those of the names that the plans hold, in the order in which they were asked for."""
    held = {getattr(plan.address, kind) for plan in plans}
    return [name for name in dict.fromkeys(names) if name in held]

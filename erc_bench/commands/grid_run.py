"""What ``run`` and ``sweep`` share: options, planning aloud, the grid, the table and what failed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.plugin_options import brought_by, observer_option, open_catalogue, plugin_option
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.planning.plan import Plan
    from erc_bench.planning.request import Request
    from erc_bench.plugin_host.catalogue import Catalogue
    from erc_bench.plugin_host.plugin_files import PluginFile
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
    click.option(
        "--save-model",
        is_flag=True,
        help="Also save each cell's trained model with its language model (MiniLM 91 MB, SimCSE 1.4 GB), for predict.",
    ),
    click.option("--dry-run", is_flag=True, help="Show the cells and what is already there; run nothing."),
    plugin_option,
    observer_option,
)


def grid_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a command that runs a grid."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read ``5`` as seeds 1 to 5 and ``1,3,7`` as these three."""
    from erc_bench.experiments.plans import seeds_of

    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    return seeds_of(numbers[0] if len(numbers) == 1 else numbers, f"--seeds {text!r}")


def plan_aloud(console: Console, requests: Sequence[Request], plugins: Sequence[PluginFile] = ()) -> list[Plan]:
    """Plan the grid; say what files bring, which plugins were left out and what a dataset's suggestions changed."""
    from erc_bench.planning.grid import plan_grids

    catalogue = open_catalogue(plugins)
    for line in brought_by(catalogue, plugins):
        say(console, line)
    plans = plan_grids(requests, catalogue)
    explain(console, catalogue, plans)
    return plans


def say(console: Console, text: str) -> None:
    """Print one line as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def run_grid(console: Console, plans: Sequence[Plan], asked: Mapping[str, Any]) -> GridOutcome:
    """Run the cells, with progress; raise :class:`ErcBenchError` at once where a corpus is missing."""
    from erc_bench.experiments.grid import run_plans
    from erc_bench.running.task import GridTask
    from erc_bench.running.terminal_progress import progress_for

    named = (asked[name] for name in ("runs", "data_dir", "device", "overwrite", "micro_batch", "plugins", "observers"))
    task = GridTask(*named)
    return run_plans(plans, task, asked["jobs"], progress_for(console))


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
    from erc_bench.commands.compare_tests import tell_note
    from erc_bench.experiments.comparing import compare_plans
    from erc_bench.output.tables import render
    from erc_bench.output.tables.rich_table import print_comparison

    if not plans:
        return
    try:
        comparison = compare_plans(plans, runs, datasets, methods, data_dir=data_dir, tell=tell_note, **wanted)
    except ErcBenchError as error:
        click.echo(f"There is no table: {error}", err=True)
        return
    if console.is_terminal:
        print_comparison(comparison, console)
    else:
        click.echo(render(comparison, "rich"), nl=False)


def report(outcome: GridOutcome, runs: Path) -> None:
    """Name stale and failed cells; exit with 1 where some failed."""
    for plan, reason in outcome.stale:
        click.echo(f"Stale: {plan.label()}: {reason}; --overwrite stale runs it again.", err=True)
    if not outcome.failed:
        return
    click.echo(f"{len(outcome.failed)} cell{'' if len(outcome.failed) == 1 else 's'} failed:", err=True)
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


def explain(console: Console, catalogue: Catalogue, plans: Sequence[Plan]) -> None:
    """Say which plugins were left out, and what a dataset's suggestions changed.

    A frozen encoder is not what the user typed.
    """
    from erc_bench.experiments.plans import suggested_settings

    for broken in catalogue.broken:
        click.echo(f"Warning: {broken}", err=True)
    for line in suggested_settings(plans):
        say(console, line)

"""``erc-bench tune``: search every method's settings on dev, with the same number of trials for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.grid_run import say
from erc_bench.commands.plugin_options import brought_by, open_catalogue, plugin_option
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.experiments.tuning.result import Result
    from erc_bench.experiments.tuning.search import Search
    from erc_bench.experiments.tuning.study import Study
    from erc_bench.planning.request import Request
    from erc_bench.running.grid import GridRunner

CELLS = "cells"
TUNED_FILE = "tuned.toml"
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("tune")
@click.option("--method", "methods", multiple=True, required=True, help="A method; may be repeated.")
@click.option("--dataset", "datasets", multiple=True, required=True, help="A dataset; may be repeated.")
@click.option(
    "--backbone",
    "backbones",
    multiple=True,
    help="A backbone by name, a Hugging Face id or a local folder; may be repeated. Default: simcse.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Trials for each method, dataset and backbone; the first has the method's own settings.",
)
@click.option("--seeds", default="101,102", show_default=True, help="Seeds that every trial trains with, as a list.")
@click.option(
    "--set", "settings", multiple=True, metavar="[METHOD:]SLOT.OPTION=VALUE", help="Fix a setting for all trials."
)
@click.option("--space", type=_FILE, help="A TOML file with the values to try in place of the methods' own.")
@click.option(
    "--study", type=_FOLDER, default=Path("tuning"), show_default=True, help="Where the search lies, or goes on."
)
@click.option("--output", type=_FILE, help=f"Where the best settings go. Default: {TUNED_FILE} in the study's folder.")
@click.option("--sampler-seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of what is tried.")
@click.option("--limit", type=click.IntRange(min=1), help="Keep the first N dialogues of each split.")
@click.option("--data-dir", type=_FOLDER, help="Corpora. Default: $ERC_BENCH_DATA, else a cache.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--dry-run", is_flag=True, help="Show what would be searched and what is already there; run nothing.")
@plugin_option
def tune(**asked: Any) -> None:
    """Search the settings of every METHOD on dev, with the same number of trials; write the best to a file.

    Test is never scored, and a search that was stopped goes on. To train with what was found: erc-bench
    run --settings FILE.
    """
    from erc_bench.running.terminal_progress import open_console

    if find_spec("optuna") is None:
        raise ErcBenchError("tune needs Optuna, which is not installed", "Install it: pip install 'erc-bench[tune]'")
    console = open_console()
    output: Path = asked["output"] or asked["study"] / TUNED_FILE
    _check_output(output)
    searches = _searches(console, asked)
    if asked["dry_run"]:
        _show(console, searches, asked)
    else:
        _search(console, searches, asked, output)


def _check_output(output: Path) -> None:
    from erc_bench.experiments.tuning.settings_file import read_entries

    if output.exists():
        read_entries(output)


def _searches(console: Console, asked: dict[str, Any]) -> list[Search]:
    from erc_bench.commands.grid_run import explain
    from erc_bench.experiments.tuning.search import plan_searches
    from erc_bench.experiments.tuning.space_file import read_spaces

    catalogue = open_catalogue(asked["plugins"])
    for line in brought_by(catalogue, asked["plugins"]):
        say(console, line)
    file: Path | None = asked["space"]
    spaces = {} if file is None else read_spaces(file, catalogue.entries("method"))
    searches = plan_searches(_request(asked), catalogue, spaces, file)
    explain(console, catalogue, [search.own for search in searches])
    others = [name for name in dict.fromkeys(asked["methods"]) if name not in spaces]
    if file is not None and others:
        say(console, f"{file} has no space for {', '.join(others)}: what is declared is searched")
    for search in searches:
        if search.space.fixed:
            say(console, f"{search.label()}: {', '.join(search.space.fixed)} is set by hand and not searched")
    return searches


def _request(asked: dict[str, Any]) -> Request:
    from erc_bench.planning.overrides import parse_override
    from erc_bench.planning.request import DEFAULT_BACKBONE, Request

    return Request(
        methods=asked["methods"],
        datasets=asked["datasets"],
        backbones=asked["backbones"] or (DEFAULT_BACKBONE,),
        seeds=parse_tuning_seeds(asked["seeds"]),
        overrides=[parse_override(text) for text in asked["settings"]],
        limit=asked["limit"],
        dev_only=True,
    )


def parse_tuning_seeds(text: str) -> tuple[int, ...]:
    """Read a list of different seeds; one number is that seed, since a search must keep off the seeds 1 to n."""
    try:
        seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0 or len(set(seeds)) != len(seeds):
        raise ErcBenchError(f"--seeds {text!r} is no list of different seeds such as 101,102")
    return seeds


def _runner(asked: dict[str, Any], progress: Any = None) -> GridRunner:
    from erc_bench.running.grid import GridRunner
    from erc_bench.running.task import GridTask
    from erc_bench.training.device import choose_device
    from erc_bench.training.progress import Progress

    device = str(choose_device(asked["device"]))
    # A cell that is stale or failed belongs to a trial that has not ended: those that have are not run again.
    task = GridTask(asked["study"] / CELLS, asked["data_dir"], device, "stale", plugins=asked["plugins"])
    return GridRunner(task, progress or Progress())


def _show(console: Console, searches: Sequence[Search], asked: dict[str, Any]) -> None:
    from erc_bench.commands.tune_output import show_search
    from erc_bench.experiments.tuning.study import STORAGE_FILE, Storage
    from erc_bench.store.reading import read_cells

    folder: Path = asked["study"]
    cells = read_cells(folder / CELLS) if (folder / CELLS).is_dir() else []
    if not (folder / STORAGE_FILE).is_file():
        for search in searches:
            show_search(console, search, asked["trials"], [], cells)
        return
    with Storage(folder) as storage:
        open_study = _opener(storage, asked, _runner(asked))
        for search in searches:
            trials = open_study(search)[0].trials() if storage.holds(search) else []
            show_search(console, search, asked["trials"], trials, cells)


def _opener(storage: Any, asked: dict[str, Any], runner: GridRunner) -> Callable[[Search], tuple[Study, str]]:
    """Return what opens the study of a search, with the fingerprint of its corpus."""
    from erc_bench.experiments.tuning.identity import Fingerprints, identity
    from erc_bench.experiments.tuning.study import Study

    fingerprints = Fingerprints(asked["data_dir"])

    def open_study(search: Search) -> tuple[Study, str]:
        backbone = "none" if search.own.backbone is None else runner.workspace.identity(search.own)
        fingerprint = fingerprints.of(search.own)
        seed = asked["sampler_seed"]
        return Study(storage, search, identity(search, fingerprint, backbone, seed), seed), fingerprint

    return open_study


def _search(console: Console, searches: Sequence[Search], asked: dict[str, Any], output: Path) -> None:
    from erc_bench.commands.tune_output import end, show_results
    from erc_bench.experiments.tuning.study import Storage, locked
    from erc_bench.running.terminal_progress import progress_for

    folder: Path = asked["study"]
    with locked(folder), Storage(folder) as storage:
        progress = progress_for(console)
        try:
            runner = _runner(asked, progress)
            # All are opened before the first is run: what cannot be gone on with is told at once.
            open_study = _opener(storage, asked, runner)
            studies = [open_study(search) for search in searches]
            results = _run(console, studies, runner, asked["trials"], output)
        finally:
            progress.close()
    show_results(console, results, folder)
    end(console, results, output)


def _run(
    console: Console, studies: Sequence[tuple[Study, str]], runner: GridRunner, asked: int, output: Path
) -> list[Result]:
    from erc_bench.commands.tune_output import tell_end, tell_start, tell_trial
    from erc_bench.experiments.tuning.objective import run_trials
    from erc_bench.experiments.tuning.one_grid import OneGrid
    from erc_bench.experiments.tuning.result import Result
    from erc_bench.experiments.tuning.settings_file import write_entries

    left = [(study.search, max(0, study.planned(asked) - len(study.trials()))) for study, _ in studies]
    runner.progress = OneGrid(runner.progress, sum(trials * len(search.seeds) for search, trials in left))
    results = []
    for study, fingerprint in studies:
        tell_start(console, study.search, len(study.trials()), asked)
        trials = run_trials(study, runner, asked, tell_trial(console, study.search))
        results.append(Result(study.search, trials, asked, fingerprint))
        tell_end(console, results[-1])
        # Written after each search, so that one that is stopped later loses nothing.
        if results[-1].best is not None:
            write_entries(output, [results[-1].entry()])
    return results

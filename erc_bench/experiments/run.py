"""``run`` for notebooks: the grid that ``erc-bench run`` runs, and what became of it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.components import Handed, HandedOver, check_importable, several
from erc_bench.experiments.grid import run_plans
from erc_bench.experiments.paths import folder_of, path_of
from erc_bench.experiments.plans import check_baseline, check_sealed, seeds_of, suggested_settings
from erc_bench.experiments.result import Experiment
from erc_bench.experiments.speech import in_python
from erc_bench.experiments.tuned import check_tuned, earlier_cells, tuned_on_other_data
from erc_bench.planning.grid import plan_grids
from erc_bench.planning.observers import ChosenObserver, choose_observers
from erc_bench.planning.overrides import Override, parse_override
from erc_bench.planning.request import DEFAULT_BACKBONE, Request
from erc_bench.running.grid import GridOutcome
from erc_bench.running.state import RUNS_UNDER, Overwrite
from erc_bench.running.task import GridTask
from erc_bench.running.terminal_progress import open_console, progress_for
from erc_bench.training.progress import Progress

if TYPE_CHECKING:
    from erc_bench.planning.plan import Plan

_log = logging.getLogger("erc_bench")
_ORIGIN = "settings"
Several = Handed | Sequence[Handed]
"""One name or class, or several."""


def run(
    methods: Several,
    datasets: Several,
    backbones: Several = DEFAULT_BACKBONE,
    seeds: int | Iterable[int] = 5,
    *,
    settings: Mapping[str, Any] | None = None,
    settings_files: str | Path | Sequence[str | Path] = (),
    readouts: Several = (),
    plugins: Several = (),
    baseline: str | None = None,
    limit: int | None = None,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    device: str = "auto",
    jobs: int = 1,
    micro_batch: int | None = None,
    overwrite: Overwrite = "missing",
    dev_only: bool = False,
    audit: bool = False,
    save_representations: bool = False,
    save_model: bool = False,
    observers: Several = (),
    progress: bool = True,
) -> Experiment:
    """Train and test every method on every dataset with every seed, as ``erc-bench run`` does.

    Returns what became of the cells: ``frame`` has one row for each (see :func:`load_runs`), ``comparison`` the table
    with its tests, ``failed`` the cells that failed, with their reasons. A notebook shows all of it. Cells that are
    stored already are not run again.

    - ``methods``, ``datasets``, ``backbones``: names, or classes and methods of this program; an :class:`Objective` or
      a :class:`System` in the place of a method stands for the method that it alone makes
    - ``seeds``: a number n (seeds 1 to n), or several seeds
    - ``settings``: values of ``slot.option`` or of a slot, for all methods or for one:
      ``{"objective.temperature": 0.1, "eacl:classifier": "probe"}``; ``settings_files``: files of ``erc-bench tune``
    - ``readouts``: further classifiers that read the same training, names or classes
    - ``plugins``: what makes further components known: classes, methods, modules with hooks, paths of Python files
    - ``observers``: who hears of runs and epochs: ``tensorboard``, ``name:option=value``, classes
    - ``baseline``: the method (or method/backbone) that the others are tested against
    - ``limit``: keep the first dialogues of each split; ``dev_only``: never score test
    - ``runs``: the folder of results; ``data_dir``: corpora (default: ``$ERC_BENCH_DATA``, else a cache)
    - ``device``: ``auto``, ``cpu``, ``cuda``, ``mps``, or several: ``cuda:0,cuda:1``
    - ``jobs``: processes that run cells side by side; classes that exist in a notebook alone need one
    - ``micro_batch``: examples of a batch that are in memory at once; changes memory and no result
    - ``overwrite``: which cells run: ``missing``; also those that ``failed``; also those that are ``stale``, because
      data, backbone or code changed since; ``always`` all
    - ``audit``: also record the test score of every epoch; ``save_representations``, ``save_model``: also store these
    - ``progress``: print a line for each cell

    Raises :class:`ErcBenchError` for a mistake in the request, all of them at once, and where a corpus is missing. A
    cell that fails raises nothing: the others go on, and ``check()`` of the result raises.

    Examples:
        >>> size = {"dataset.size": 20}
        >>> experiment = erc.run(["ce", "eacl"], "demo", "minilm", seeds=2, settings=size, progress=False)
        >>> experiment
        <Experiment: 4 cells: 4 run now>
        >>> experiment.failed
        []
        >>> sorted(experiment.comparison.to_frame()["label"])
        ['ce', 'eacl']
    """
    with in_python():
        _check_choices(overwrite, jobs, micro_batch, limit)
        _check_texts(device=device, baseline=baseline or "")
        handed = HandedOver()
        handed.take(plugins)
        request = Request(
            methods=handed.names("method", methods),
            datasets=handed.names("dataset", datasets),
            backbones=handed.names("backbone", backbones),
            seeds=seeds_of(seeds, f"seeds={seeds!r}"),
            overrides=_overrides(settings or {}, handed),
            readouts=handed.names("classifier", readouts),
            limit=limit,
            dev_only=dev_only,
            audit=audit,
            save_representations=save_representations,
            save_model=save_model,
            tuned=_tuned(settings_files),
        )
        _check_asked(request)
        check_sealed(request)
        check_baseline(baseline, request.methods)
        heard = choose_observers(handed.names("observer", observers), handed.catalogue()) if observers else ()
        corpora = folder_of(data_dir, "data_dir")
        task = GridTask(path_of(runs, "runs"), corpora, device, overwrite, micro_batch, handed.files, heard)
        return _run(request, handed, task, jobs, baseline, progress)


def _run(
    request: Request, handed: HandedOver, task: GridTask, jobs: int, baseline: str | None, progress: bool
) -> Experiment:
    notes: list[str] = []
    say = _speaker(notes, progress)
    plans = _planned(request, handed, say)
    if jobs > 1 or "," in task.device:
        _check_processes(plans, task.observers)
    for warning in tuned_on_other_data(plans, request.tuned, task.data_dir) if request.tuned else []:
        say(f"Warning: {warning}")
    with warnings.catch_warnings():
        # A library looks for the bars of notebooks, which nothing here draws.
        warnings.filterwarnings("ignore", "IProgress not found")
        outcome = run_plans(plans, task, jobs, progress_for(open_console()) if progress else Progress())
    for sentence in earlier_cells(outcome.skipped, request.tuned, task.runs) if request.tuned else []:
        say(sentence)
    _tell_the_rest(outcome, progress)
    return Experiment(plans, outcome, task, tuple(notes), baseline, tuple(request.readouts), request.audit)


def _planned(request: Request, handed: HandedOver, say: Callable[[str], None]) -> list[Plan]:
    catalogue = handed.catalogue()
    plans = plan_grids([request], catalogue)
    for broken in catalogue.broken:
        say(f"Warning: {broken}")
    for sentence in [*suggested_settings(plans), *check_tuned(plans, request.tuned)]:
        say(sentence)
    return plans


def _speaker(notes: list[str], aloud: bool) -> Callable[[str], None]:
    """Return what keeps a sentence for the result, and prints it where progress is shown."""
    console = open_console()

    def say(sentence: str) -> None:
        notes.append(sentence)
        if aloud:
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    return say


def _tell_the_rest(outcome: GridOutcome, aloud: bool) -> None:
    """Say what would go unseen: old numbers under new code, and failures where no line named them."""
    if outcome.stale:
        count, reasons = len(outcome.stale), ", ".join(dict.fromkeys(reason for _, reason in outcome.stale))
        _log.warning('%s stale (%s), so old results are shown; overwrite="stale" runs again', _cells(count), reasons)
    if outcome.failed and not aloud:
        _log.warning("%s failed; see .failed of the result", _cells(len(outcome.failed), verb=""))


def _cells(count: int, verb: str = " is| are") -> str:
    one, _, more = verb.partition("|")
    return f"{count} cell{one}" if count == 1 else f"{count} cells{more}"


def _overrides(settings: Mapping[str, Any], handed: HandedOver) -> list[Override]:
    if not isinstance(settings, Mapping):
        raise ErcBenchError(
            f"settings must map names to values, and is {settings!r}", 'For example {"objective.temperature": 0.1}.'
        )
    overrides = []
    for name, value in settings.items():
        asked = parse_override(f"{name}=0")
        overrides.append(Override(asked.address, handed.value(asked.slot, value), asked.method, _ORIGIN))
    return overrides


def _tuned(files: str | Path | Sequence[str | Path]) -> Any:
    from erc_bench.experiments.tuning.settings_file import read_settings

    return read_settings([path_of(file, "each of settings_files") for file in several(files)])


def _check_choices(overwrite: str, jobs: int, micro_batch: int | None, limit: int | None) -> None:
    from erc_bench.names import did_you_mean

    if overwrite not in RUNS_UNDER:
        raise ErcBenchError(f"there is no overwrite {overwrite!r}; {did_you_mean(str(overwrite), RUNS_UNDER)}")
    for name, value in (("jobs", jobs), ("micro_batch", micro_batch), ("limit", limit)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ErcBenchError(f"{name} must be a whole number, at least 1, and is {value!r}")


def _check_texts(**given: object) -> None:
    for name, value in given.items():
        if not isinstance(value, str):
            raise ErcBenchError(f"{name} must be a text, and is {value!r}")


def _check_asked(request: Request) -> None:
    for kind in ("methods", "datasets", "backbones"):
        if not getattr(request, kind):
            raise ErcBenchError(f"no {kind} are named, so there is nothing to run")


def _check_processes(plans: Sequence[Plan], observers: Sequence[ChosenObserver]) -> None:
    if parent_process() is not None:
        raise ErcBenchError(
            "run() with several jobs was called by one of its own processes, which reads the script again",
            'Put the call below the line: if __name__ == "__main__":',
        )
    check_importable(plans, observers)

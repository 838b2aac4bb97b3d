"""``run`` for notebooks: the grid that ``erc-bench run`` runs, and what became of it."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from erc_bench.experiments.components import several
from erc_bench.experiments.door import door
from erc_bench.experiments.grid import grid_of_run
from erc_bench.experiments.result import Experiment
from erc_bench.planning.run_requests import RunRequest
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.terminal_progress import open_console, progress_for
from erc_bench.statistics.results import counted
from erc_bench.training.events import Progress

_log = logging.getLogger("erc_bench")


@door(RunRequest)
def run(request: RunRequest) -> Experiment:
    """Train and test every method on every dataset with every seed, as ``erc-bench run`` does.

    Returns what became of the cells: ``frame`` has one row for each (see :func:`load_runs`), ``comparison`` the table
    with its tests, ``failed`` the cells that failed, with their reasons. A notebook shows all of it. Cells that are
    stored already are not run again.

    {keywords}

    What is named may also be handed over: ``methods``, ``datasets``, ``backbones``, ``readouts`` and ``observers``
    take classes and methods of this program, and an :class:`Objective` or a :class:`System` in the place of a method
    stands for the method that it alone makes; ``plugins`` takes classes, methods, modules with hooks and paths of
    Python files. ``seeds`` may be several numbers. ``settings`` maps addresses to values, for all methods or for one:
    ``{"objective.temperature": 0.1, "eacl:classifier": "probe"}``. Classes that exist in a notebook alone need one job.

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
    tell = _Notes(request.progress)
    grid, asked = grid_of_run(request, tell)
    with warnings.catch_warnings():
        # A library looks for the bars of notebooks, which nothing here draws.
        warnings.filterwarnings("ignore", "IProgress not found")
        outcome = grid.run(progress_for(open_console()) if request.progress else Progress())
    _tell_the_rest(outcome, request.progress)
    usual = {
        "baseline": request.baseline,
        "readouts": asked.readouts,
        "audit": request.audit,
        "plugins": _handed(request),
    }
    return Experiment(grid.plans, outcome, grid.task, tuple(tell.notes), usual)


def _handed(request: RunRequest) -> list[Any]:
    """Return the plugins, and the datasets that were handed over in the place of names."""
    named = (str, Path)
    return [*several(request.plugins), *(each for each in several(request.datasets) if not isinstance(each, named))]


class _Notes:
    """Keeps every sentence for the result, and prints it where progress is shown."""

    def __init__(self, aloud: bool) -> None:
        self.notes: list[str] = []
        self._aloud = aloud

    def say(self, sentence: str) -> None:
        self.notes.append(sentence)
        if self._aloud:
            open_console().print(sentence, markup=False, highlight=False, soft_wrap=True)

    warn = say


def _tell_the_rest(outcome: GridOutcome, aloud: bool) -> None:
    """Say what would go unseen: old numbers under new code, and failures where no line named them."""
    if outcome.stale:
        count, reasons = len(outcome.stale), ", ".join(dict.fromkeys(reason for _, reason in outcome.stale))
        stale = f"{counted(count, 'cell')} {'is' if count == 1 else 'are'} stale ({reasons})"
        _log.warning('%s, so old results are shown; overwrite="stale" runs again', stale)
    if outcome.failed and not aloud:
        _log.warning("%s failed; see .failed of the result", counted(len(outcome.failed), "cell"))

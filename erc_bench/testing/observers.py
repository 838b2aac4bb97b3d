"""Conformance of observers: ``check_observer(MyObserver)`` in a plugin's own tests.

The observer hears of invented runs in an empty working directory; nothing trains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from erc_bench.contracts.observer import ObservedEpoch, ObservedResult, ObservedRun, Observer
from erc_bench.running.observers import read_only
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.devices import CPU
from erc_bench.testing.findings import Check, Finding, insist, run_checks
from erc_bench.training.process_state import ProcessState

_METRICS = read_only(
    {
        "weighted_f1": 41.2,
        "macro_f1": 33.3,
        "accuracy": 45.0,
        "per_class_f1": {"joy": 50.0, "no emotion/other": 0.0},
        "support": {"joy": 12, "no emotion/other": 30},
    }
)
_RESULT_FILE = "record.json"


@dataclass(frozen=True)
class ObserverSubject:
    """An observer to be checked, and its options."""

    component: type[Observer]
    options: Any


def observer_findings(observer_class: type[Observer], options: Any = None) -> list[Finding]:
    """Run every check on an observer; ``options`` is an instance of its ``Options``, the defaults where left out."""
    options = observer_class.Options() if options is None else options
    return run_checks(OBSERVER_CHECKS, ObserverSubject(observer_class, options))


def check_observer(observer_class: type[Observer], options: Any = None) -> None:
    """Run every check on an observer.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    insist(observer_findings(observer_class, options), f"the observer {observer_class.name!r}")


@contextmanager
def _stage() -> Iterator[tuple[ProcessState, Callable[[int], ObservedRun]]]:
    """Give the state of the process in an empty working directory, and a factory of runs by their seeds."""
    with TemporaryDirectory() as name, chdir(name):

        def run(seed: int) -> ObservedRun:
            cell = Path(name, "runs", "meld", "ce", "org--model", "0123456789ab", f"seed-{seed}")
            cell.mkdir(parents=True, exist_ok=True)
            settings: dict[str, Any] = {"training.epochs": 3, "training.patience": None, "objective.grid": (0.1, 0.2)}
            settings |= {"training.schedule": "linear", "training.standardise": False, "training.head_lr": 1e-3}
            choices = {"encoder": "prompt", "objective": "cross-entropy", "classifier": "head"}
            return ObservedRun(
                "meld", "ce", "org/model", seed, cell.parent.name, read_only(choices), read_only(settings), cell
            )

        state = ProcessState(CPU)
        try:
            yield state, run
        finally:
            # What an observer leaves changed must not come into the checks after it.
            state.restore()


@contextmanager
def _invented(subject: ObserverSubject) -> Iterator[tuple[Observer, Callable[[int], ObservedRun]]]:
    """Give the observer, built in an empty working directory, and a factory of runs by their seeds."""
    with _stage() as (_, run):
        yield subject.component(subject.options), run


def _play(observer: Observer, run: ObservedRun, epochs: int, result: ObservedResult) -> None:
    observer.run_started(run)
    for number in range(1, epochs + 1):
        terms, rates = read_only({"cross-entropy": 1.0 / number}), read_only({"encoder": 1e-5, "head": 1e-3})
        observer.epoch_ended(run, ObservedEpoch("training", number, 3, terms, _METRICS, 1.5, rates))
    if epochs:
        observer.epoch_ended(run, ObservedEpoch("readout", 1, None, {}, _METRICS, 0.1, {}, "probe"))
    if result.status == "done":
        (run.folder / _RESULT_FILE).write_text("{}", encoding="utf-8")
    observer.run_ended(run, result)


def _done(test: Any = _METRICS) -> ObservedResult:
    return ObservedResult("done", _METRICS, test, 9.0)


def _several_runs(subject: ObserverSubject) -> str:
    with _invented(subject) as (observer, run):
        for seed in (1, 2, 1):
            _play(observer, run(seed), 3, _done())
    return "it heard of three runs, the third one of the same cell as the first"


def _bad_ends(subject: ObserverSubject) -> str:
    with _invented(subject) as (observer, run):
        _play(observer, run(1), 0, ObservedResult("failed", None, None, 0.1, "the corpus is damaged"))
        _play(observer, run(2), 2, ObservedResult("interrupted", None, None, 4.0, "stopped by the user"))
        _play(observer, run(3), 3, _done())
    return "it heard of a run that failed, of one that was stopped, and of a sound one after them"


def _bare_runs(subject: ObserverSubject) -> str:
    with _invented(subject) as (observer, run):
        _play(observer, run(1), 0, _done())
        _play(observer, run(2), 1, _done(test=None))
    return "it heard of a run without epochs, and of one without a score on test"


def _cell_folder(subject: ObserverSubject) -> str:
    with _invented(subject) as (observer, run):
        _play(observer, run(1), 3, _done())
        found = sorted(file.name for file in run(1).folder.rglob("*"))
    strange = [name for name in found if name != _RESULT_FILE]
    assert not strange, f"it wrote {strange[0]} into the folder of the cell"
    assert found, f"it removed {_RESULT_FILE} from the folder of the cell"
    return "the folder of the cell holds what the run wrote, and nothing else"


def _process(subject: ObserverSubject) -> str:
    with _stage() as (before, run):
        observer = subject.component(subject.options)
        _play(observer, run(1), 3, _done())
        _play(observer, run(2), 0, ObservedResult("failed", None, None, 0.1, "the corpus is damaged"))
        changed = before.changed()
    assert not changed, f"it left changed: {', '.join(changed)}; a run puts that back after every call"
    return "threads, default type and device, gradients and working directory are what they were before"


OBSERVER_CHECKS: tuple[Check[Any], ...] = (
    *COMPONENT_CHECKS,
    Check(
        "several runs",
        "It hears of three invented runs, from their starts to their ends.",
        "One observer hears of all the cells of a process; one that raises is left out for the rest of them.",
        _several_runs,
    ),
    Check(
        "runs that end badly",
        "It hears of a run that fails before its first epoch, of one that is stopped, and of a sound one.",
        "What it holds open for a run must be closed when that fails, or the next run is written into it.",
        _bad_ends,
    ),
    Check(
        "runs with less to tell",
        "It hears of a run without epochs, and of one that was never scored on test.",
        "A system that trains by itself has no epochs, and `--dev-only` scores no test.",
        _bare_runs,
    ),
    Check(
        "the cell's folder",
        "The folder of a cell is listed after an invented run.",
        "Other programs rely on what a cell's folder holds, and a cell that runs again is emptied.",
        _cell_folder,
    ),
    Check(
        "settings of the process",
        "Threads, default type and device, gradients and working directory are read before and after invented runs.",
        "They are those of the training as well, so a run puts them back: they would not hold for the observer either.",
        _process,
    ),
)

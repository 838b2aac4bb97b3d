"""The trials of one search in Optuna's storage: which there are, which comes next, whether they may be gone on with.

A trial that a kill left half-way stays in the storage as failed, without an error, and does not count; the
next one to begin is the same again, since every trial draws on a random stream of its own number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.tuning.identity import differences
from erc_bench.experiments.tuning.search import Search, Trial
from erc_bench.experiments.tuning.space import Point
from erc_bench.running.grid import GridRunner
from erc_bench.store.layout import LOCK_FILE
from erc_bench.store.reading import read_cell

STORAGE_FILE = "optuna.db"
_IDENTITY = "identity"
_PATIENCE = 60.0
"""Seconds that a write waits for another process that reads or writes the same storage."""


class Storage:
    """Optuna's storage of all searches below one folder."""

    def __init__(self, folder: Path) -> None:
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        self.folder = folder
        self._file = folder / STORAGE_FILE
        # A path may hold characters that mean something in an address of a database.
        connect = partial(sqlite3.connect, self._file, timeout=_PATIENCE, check_same_thread=False)
        try:
            self.optuna = optuna.storages.RDBStorage("sqlite:///tuning", engine_kwargs={"creator": connect})
        except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise ErcBenchError(
                f"{self._file} cannot be read: {reason}", "Name another folder with --study, or remove this one."
            ) from error

    def __enter__(self) -> Storage:
        return self

    def __exit__(self, *_error: object) -> None:
        self.optuna.remove_session()
        self.optuna.engine.dispose()

    def holds(self, search: Search) -> bool:
        """Whether there are trials of a combination."""
        return _name(search) in optuna.get_all_study_names(self.optuna)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a study's folder; raise :class:`ErcBenchError` where one is in it."""
    lock = FileLock(folder / LOCK_FILE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise ErcBenchError(
            f"another process is searching in {folder}", "Wait for its end, or name another folder with --study."
        ) from None
    except OSError as error:
        raise ErcBenchError(f"the study {folder} cannot be written: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


class Study:
    """The trials of one search; ``sampler_seed`` decides what is tried."""

    def __init__(self, storage: Storage, search: Search, identity: Mapping[str, Any], sampler_seed: int) -> None:
        self.search = search
        self._folder = storage.folder
        self._seed = sampler_seed
        self._distributions: dict[str, BaseDistribution] = {
            address: CategoricalDistribution(list(values)) for address, values in search.space.values.items()
        }
        self._study = optuna.create_study(
            storage=storage.optuna, study_name=_name(search), direction="maximize", load_if_exists=True
        )
        stored = self._study.user_attrs.get(_IDENTITY)
        if stored is not None:
            self._refuse_another(stored, identity)
        elif self._study.get_trials(deepcopy=False):
            raise ErcBenchError(f"the study {_name(search)!r} in {self._folder} was not begun by erc-bench", _REMEDY)
        else:
            self._study.set_user_attr(_IDENTITY, dict(identity))

    def _refuse_another(self, stored: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
        found = list(differences(stored, identity))
        if found:
            raise ErcBenchError(
                f"{self._folder} holds another search of {self.search.label()}, which began with"
                f" other {' and '.join(found)}",
                _REMEDY,
            )

    def trials(self) -> list[Trial]:
        """Return the trials that count, in their order."""
        counted = [trial for trial in self._study.get_trials(deepcopy=False) if _counts(trial)]
        return [
            Trial(number, t.user_attrs["point"], tuple(t.user_attrs.get("scores", ())), t.user_attrs.get("error", ""))
            for number, t in enumerate(counted)
        ]

    def abandon_unfinished(self) -> None:
        """Close what a kill left behind, so that it begins again."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state == TrialState.WAITING:
                self._study.tell(self._study.ask(), state=TrialState.FAIL)
            elif trial.state == TrialState.RUNNING:
                self._study.tell(trial.number, state=TrialState.FAIL)

    def begin(self, asked: int) -> Begun | None:
        """Begin the next trial of ``asked``; ``None`` where they are done or the whole grid is tried."""
        trials = self.trials()
        if len(trials) >= asked:
            return None
        tried = [trial.point for trial in trials]
        point = self._own_or_of_grid(tried, asked)
        if point is not None:
            return self._at(len(trials), point)
        if self.is_grid(asked):
            return None
        return self._proposed(len(trials), tried)

    def planned(self, asked: int) -> int:
        """Return how many trials there will be of so many: a grid may end before."""
        return min(asked, self.search.points())

    def is_grid(self, asked: int) -> bool:
        """Whether so many trials have room for every point."""
        return self.search.points() <= asked

    def _own_or_of_grid(self, tried: list[Point], asked: int) -> Point | None:
        if not tried:
            return self.search.own_point()
        if not self.is_grid(asked):
            return None
        grid = list(self.search.space.points())
        Random(self._seed).shuffle(grid)
        return next((point for point in grid if point not in tried), None)

    def _proposed(self, number: int, tried: list[Point]) -> Begun:
        rng = Random(f"{self._seed}/{number}")
        self._study.sampler = optuna.samplers.TPESampler(seed=rng.getrandbits(32))
        begun = self._study.ask(self._distributions)
        if begun.params not in tried:
            return Begun(self._study, begun, Trial(number, begun.params))
        # A point tells nothing new a second time: the trial goes to one that has not been tried.
        self._study.tell(begun, state=TrialState.FAIL)
        point = begun.params
        while point in tried:
            point = {address: rng.choice(list(values)) for address, values in self.search.space.values.items()}
        return self._at(number, point)

    def _at(self, number: int, point: Point) -> Begun:
        if point not in self.search.space:
            return Begun(self._study, self._study.ask(), Trial(number, point))
        self._study.enqueue_trial(dict(point))
        return Begun(self._study, self._study.ask(self._distributions), Trial(number, point))


class Begun:
    """A trial that has begun and is to be finished."""

    def __init__(self, study: optuna.Study, stored: optuna.Trial, trial: Trial) -> None:
        self._study = study
        self._stored = stored
        self.trial = trial
        self._stored.set_user_attr("point", dict(trial.point))

    def finish(self, scores: list[float], error: str) -> Trial:
        """Store what became of it."""
        done = Trial(self.trial.number, self.trial.point, () if error else tuple(scores), error)
        if error:
            self._stored.set_user_attr("error", error)
            self._study.tell(self._stored, state=TrialState.FAIL)
        else:
            self._stored.set_user_attr("scores", list(scores))
            self._study.tell(self._stored, done.score)
        return done


_REMEDY = "Name another folder with --study, or remove this one to begin anew."


def _name(search: Search) -> str:
    return "/".join(search.combination)


def _counts(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE or (trial.state == TrialState.FAIL and "error" in trial.user_attrs)


def dev_scores(search: Search, point: Point, runner: GridRunner) -> tuple[list[float], str]:
    """Train one cell for each tuning seed; return their dev scores, in points, and a line where one failed."""
    try:
        plans = search.plans(point)
    except ErcBenchError as error:
        return [], _one_line(error.message)
    assert all(plan.dev_only for plan in plans), "a search never scores test"
    reasons = {plan.address: reason for plan, reason in runner.run(plans).failed}
    scores = []
    for plan in plans:
        cell = read_cell(plan.address.folder(runner.keeper.runs))
        reason = reasons.get(plan.address, "" if cell.status == "done" else cell.error)
        if reason:
            return [], f"seed {plan.seed}: {_one_line(reason)}"
        scores.append(float(cell.record["metrics"]["dev"][cell.typed.headline_metric]))
    return scores, ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def run_trials(study: Study, runner: GridRunner, asked: int, tell: Callable[[Trial], None]) -> list[Trial]:
    """Go on until so many trials are done, or the whole grid; return them. ``tell`` hears of each new one.

    A study may hold more trials than are asked for; the first of them are what is asked for, so that
    every method is judged by the same number.
    """
    study.abandon_unfinished()
    while (begun := study.begin(asked)) is not None:
        scores, error = dev_scores(study.search, begun.trial.point, runner)
        tell(begun.finish(scores, error))
    return study.trials()[:asked]

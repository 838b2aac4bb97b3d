"""The objective's function of a search: settings in, dev scores out. Test has no part in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.tuning.result import Trial
from erc_bench.experiments.tuning.search import Search
from erc_bench.experiments.tuning.space import Point
from erc_bench.experiments.tuning.study import Study
from erc_bench.planning.plan import Plan
from erc_bench.store.layout import CellAddress
from erc_bench.store.reading import read_cell


class Failures(Protocol):
    """What a runner says of the cells that it was given."""

    @property
    def failed(self) -> Sequence[tuple[Plan, str]]:
        """The cells that failed, with the reason."""


class Runner(Protocol):
    """What runs cells below one folder of runs."""

    @property
    def runs(self) -> Path:
        """The folder of runs."""

    def run(self, plans: Sequence[Plan]) -> Failures:
        """Run what has to run."""


def dev_scores(search: Search, point: Point, runner: Runner) -> tuple[list[float], str]:
    """Train one cell for each tuning seed; return their dev scores, in points, and a line where one failed."""
    try:
        plans = search.plans(point)
    except ErcBenchError as error:
        return [], _one_line(error.message)
    assert all(plan.dev_only for plan in plans), "a search never scores test"
    reasons = {plan.address: reason for plan, reason in runner.run(plans).failed}
    scores = []
    for plan in plans:
        record, reason = _record(plan.address, runner.runs, reasons)
        if reason:
            return [], f"seed {plan.seed}: {_one_line(reason)}"
        scores.append(float(record["metrics"]["dev"][record["headline_metric"]]))
    return scores, ""


def _record(address: CellAddress, runs: Path, reasons: Mapping[CellAddress, str]) -> tuple[Mapping[str, Any], str]:
    if address in reasons:
        return {}, reasons[address]
    cell = read_cell(address.folder(runs))
    return cell.record, "" if cell.status == "done" else cell.error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def run_trials(study: Study, runner: Runner, asked: int, tell: Callable[[Trial], None]) -> list[Trial]:
    """Go on until so many trials are done, or the whole grid; return them. ``tell`` hears of each new one.

    A study may hold more trials than are asked for; the first of them are what is asked for, so that
    every method is judged by the same number.
    """
    study.abandon_unfinished()
    while (begun := study.begin(asked)) is not None:
        scores, error = dev_scores(study.search, begun.trial.point, runner)
        tell(begun.finish(scores, error))
    return study.trials()[:asked]

"""Run the trials of one search that are still to be run."""

from __future__ import annotations

from collections.abc import Callable

from erc_bench.experiments.tuning.objective import Runner, dev_scores
from erc_bench.experiments.tuning.study import Study
from erc_bench.experiments.tuning.trial import Trial


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

"""One trial of a search: a point, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from erc_bench.experiments.tuning.space import Point


@dataclass(frozen=True)
class Trial:
    """A trial that counts. ``scores`` has one dev score for each tuning seed; none where it failed.

    Trial 0 is the method's own settings. ``error`` is one line, empty where the trial finished.
    """

    number: int
    point: Point
    scores: tuple[float, ...] = ()
    error: str = ""

    @property
    def score(self) -> float:
        """The mean dev score over the tuning seeds, in points."""
        return fmean(self.scores)


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """Return the finished trial with the best score, the first of equals: own settings stand until beaten."""
    return max((trial for trial in trials if not trial.error), key=lambda trial: trial.score, default=None)

"""What came out of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import erc_bench
from erc_bench.experiments.tuning.search import Search
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


@dataclass(frozen=True)
class Result:
    """The trials of a search that was asked for ``asked`` trials, on the corpus with this fingerprint."""

    search: Search
    trials: Sequence[Trial]
    asked: int
    fingerprint: str

    @property
    def best(self) -> Trial | None:
        """The best finished trial; ``None`` where all failed."""
        return best_of(self.trials)

    @property
    def own(self) -> Trial | None:
        """The finished trial of the method's own settings."""
        return next((trial for trial in self.trials[:1] if not trial.error), None)

    @property
    def failed(self) -> int:
        """How many trials failed."""
        return sum(bool(trial.error) for trial in self.trials)

    def settings(self) -> dict[str, Any]:
        """Return the best settings, those alone that differ from the method's own for the dataset.

        What was set by hand for the search is among them: the others were found beside it.
        """
        assert self.best is not None, "there are settings where a trial finished"
        return dict(self.search.plans(self.best.point)[0].resolved.overrides)

    def entry(self) -> dict[str, Any]:
        """Return the result as a table of a settings file."""
        assert self.best is not None, "there is an entry where a trial finished"
        dataset, method, backbone = self.search.combination
        whole: Mapping[str, Any] = {
            "dataset": dataset,
            "method": method,
            "backbone": backbone,
            "metric": self.search.own.dataset.headline_metric,
            "dev_score": round(self.best.score, 4),
            "own_dev_score": None if self.own is None else round(self.own.score, 4),
            "best_trial": self.best.number,
            "trials": len(self.trials),
            "failed": self.failed,
            "trials_asked": self.asked,
            "points": self.search.points(),
            "tuning_seeds": list(self.search.seeds),
            "limit": self.search.request.limit,
            "data_fingerprint": self.fingerprint,
            "erc_bench": erc_bench.__version__,
            "settings": self.settings(),
        }
        return {key: value for key, value in whole.items() if value is not None}

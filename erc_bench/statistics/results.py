"""The results of the tests: numbers, or the reason why a test gives none.

A number that does not exist is ``None`` and ``reason`` says why. A number that exists but means
little (a test that cannot reach the level with so few seeds) keeps its value beside the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ONE_SEED = "not testable: one seed"
NO_SEEDS = "not testable: no shared seed"
ZERO_VARIANCE = "not testable: zero variance"
ONE_DIALOGUE = "not testable: one dialogue"
ALIKE = "not testable: the two systems answer alike"


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation (n - 1) and t interval of n scores."""

    n: int
    mean: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def words(self, decimals: int = 2) -> str:
        """Write mean and standard deviation: ``45.12 ± 0.31``."""
        spread = "" if self.sd is None else f" ± {self.sd:.{decimals}f}"
        return f"{self.mean:.{decimals}f}{spread}"


@dataclass(frozen=True)
class TTest:
    """A two-sided t-test of the mean of n differences, with the interval of this mean."""

    n: int
    difference: float | None
    low: float | None = None
    high: float | None = None
    t: float | None = None
    df: float | None = None
    p: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class PairedT(TTest):
    """Differences of two methods, seed by seed."""


@dataclass(frozen=True)
class OneSampleT(TTest):
    """Differences of one method's seeds from a constant."""


@dataclass(frozen=True)
class WelchT(TTest):
    """The difference of two means; ``n`` counts the first side's scores, ``n_second`` the other's."""

    n_second: int = 0


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided t-tests; ``low`` and ``high`` bound the 1 - 2 alpha interval.

    ``equivalent``: this interval lies within ±``margin``, that is p ≤ alpha.
    """

    n: int
    difference: float | None
    margin: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    equivalent: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class DiscreteTest:
    """A test whose p takes few values; ``smallest_p`` is the least that n observations can give."""

    n: int
    p: float | None
    smallest_p: float | None
    reason: str = ""

    def can_reach(self, alpha: float) -> bool:
        """Whether any outcome of this many observations is significant at ``alpha``."""
        return self.smallest_p is not None and self.smallest_p <= alpha

    @property
    def leaning(self) -> int | None:
        """Which side the statistic favours: 1 the first, -1 the second, 0 neither; ``None``: as the difference."""
        return None


@dataclass(frozen=True)
class SignFlip(DiscreteTest):
    """A sign-flip test over n seeds, exact unless ``draws`` says how many sign choices were drawn."""

    draws: int | None = None


@dataclass(frozen=True)
class SignedRank(DiscreteTest):
    """An exact signed-rank test: ``n`` differences, ``zeros`` of them 0, ``rank_sum`` of the positive ones.

    The ranks of the zeros count half.
    """

    rank_sum: float | None = None
    zeros: int = 0

    @property
    def leaning(self) -> int | None:
        """The sign of the rank sum less its expectation."""
        return _sign(self.rank_sum, self.n * (self.n + 1) / 4)


@dataclass(frozen=True)
class RankSum(DiscreteTest):
    """An exact rank-sum test of n against ``n_second`` scores; ``u`` counts pairs that the first side wins."""

    n_second: int = 0
    u: float | None = None

    @property
    def leaning(self) -> int | None:
        """The sign of ``u`` less its expectation."""
        return _sign(self.u, self.n * self.n_second / 2)


@dataclass(frozen=True)
class McNemar(DiscreteTest):
    """An exact test on the utterances that one system alone gets right; n is how many these are."""

    only_first: int = 0
    only_second: int = 0
    assumption: str = "assumes independent utterances"


@dataclass(frozen=True)
class DialogueSignFlip(DiscreteTest):
    """A permutation test over n dialogues, exact unless ``draws`` says how many swaps were drawn.

    ``differing`` counts the dialogues in which the two systems' answers differ.
    """

    difference: float | None = None
    differing: int = 0
    draws: int | None = None


@dataclass(frozen=True)
class Estimate:
    """One number, or the reason why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class SeedsNeeded:
    """The least number of seeds, and the power that it has."""

    n: int | None
    power: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class JointTest:
    """A test over seeds and ``clusters`` dialogues; the two shares add up to the variance of the difference."""

    difference: float | None
    low: float | None = None
    high: float | None = None
    t: float | None = None
    df: float | None = None
    p: float | None = None
    seed_variance: float | None = None
    dialogue_variance: float | None = None
    reason: str = ""
    clusters: int = 0


@dataclass(frozen=True)
class BootstrapInterval:
    """The 1 - alpha interval of a difference (or of one system's score), from ``draws`` resampled test sets.

    ``method`` is how the interval was read from the draws, ``standard_error`` their spread, corrected for the share
    that resampling loses.
    """

    estimate: float | None
    low: float | None = None
    high: float | None = None
    method: Literal["percentile", "BCa"] = "percentile"
    draws: int = 0
    seeds: int = 0
    dialogues: int = 0
    reason: str = ""
    standard_error: float | None = None


@dataclass(frozen=True)
class ShareOfRuns:
    """``hits`` of ``n`` runs, and the interval of the chance behind them."""

    hits: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class ClusterEffect:
    """How much less n utterances in ``clusters`` dialogues tell than n independent ones.

    ``effective_size`` is n divided by the design effect.
    """

    n: int
    clusters: int
    correlation: float | None = None
    design_effect: float | None = None
    effective_size: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Combined:
    """One p-value from those of n datasets."""

    n: int
    p: float | None
    z: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class PartialConjunction:
    """The p-value of "better on at least ``at_least`` of n datasets"."""

    at_least: int
    n: int
    p: float | None
    reason: str = ""


@dataclass(frozen=True)
class Friedman:
    """Methods ranked on each dataset (1 is best): Friedman's chi² and Iman and Davenport's F."""

    datasets: int
    average_ranks: tuple[float, ...]
    chi_squared: float | None = None
    chi_squared_p: float | None = None
    f: float | None = None
    df: tuple[int, int] | None = None
    p: float | None = None
    reason: str = ""


def _sign(value: float | None, expected: float) -> int | None:
    return None if value is None else (value > expected) - (value < expected)


def shortfall(smallest_p: float, alpha: float, observations: str) -> str:
    """Return why no outcome can be significant at ``alpha``, or ``""``."""
    if smallest_p <= alpha:
        return ""
    return f"cannot reach {alpha:g} with {observations}: smallest p is {smallest_p:.4g}"


def counted(n: int, noun: str) -> str:
    """Return the number with its noun."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"

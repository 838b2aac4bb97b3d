"""The difference that a number of seeds could detect, and the seeds that a difference needs: before a grid is run."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.statistics.power import detectable_difference, seeds_needed
from erc_bench.statistics.results import SeedsNeeded
from erc_bench.statistics.student_t import noncentrality_for

LEAST_LEVEL = 1e-12
SEEDS = tuple(range(2, 21))
DIFFERENCES = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Spread:
    """The known spread, in points.

    ``sd`` is that of the seed-wise differences; ``low`` and ``high`` bound it where ``n`` pilot seeds
    gave it. ``dialogue_variance`` is the part of the difference's variance over ``clusters`` dialogues
    that stays however many seeds are averaged, ``shared_variance`` the part that each single seed adds to it
    (shared by seed and dialogue; n seeds divide it by n). ``source`` says whence it comes.
    """

    sd: float
    source: str
    n: int | None = None
    low: float | None = None
    high: float | None = None
    dialogue_variance: float | None = None
    clusters: int | None = None
    shared_variance: float = 0.0

    def by_dialogue(self, n: int) -> float | None:
        """Return the variance over dialogues of a difference that n seeds average; ``None``: not known."""
        if self.dialogue_variance is None or not self.clusters or self.clusters < 2:
            return None
        variance = self.dialogue_variance + self.shared_variance / n
        return variance if variance > 0 else None


@dataclass(frozen=True)
class Detectable:
    """The smallest true difference that n seeds find.

    ``difference`` by the paired t-test over seeds, ``at_high_sd`` the same should the sd be at the upper end of its
    interval, ``joint`` by the joint test over seeds and dialogues as well, which ‡ needs beside †.
    """

    seeds: int
    difference: float | None
    at_high_sd: float | None
    joint: float | None


@dataclass(frozen=True)
class Needed:
    """The seeds that a true difference needs for †, and for ‡ beside it (``None``: no number will do)."""

    difference: float
    over_seeds: SeedsNeeded
    joint: int | None
    joint_reason: str = ""


@dataclass(frozen=True)
class Power:
    """The whole answer. ``level`` is alpha divided by the number of comparisons.

    ``joint_floor`` is the difference below which no number of seeds finds anything by the joint
    test, because the dialogues of the test split are fixed. It is estimated, as the spread is.
    """

    spread: Spread
    alpha: float
    comparisons: int
    level: float
    power: float
    detectable: tuple[Detectable, ...]
    needed: tuple[Needed, ...]
    joint_floor: float | None = None


def power_of(
    spread: Spread,
    alpha: float = 0.05,
    comparisons: int = 1,
    power: float = 0.8,
    differences: Sequence[float] = DIFFERENCES,
    seeds: Sequence[int] = SEEDS,
) -> Power:
    """Answer for a spread: the level is alpha/comparisons, the first step of Holm's correction.

    Raises :class:`ErcBenchError` unless alpha/comparisons < power < 1, and for a level below 1e-12.
    """
    level = alpha / comparisons
    if level < LEAST_LEVEL:
        raise ErcBenchError(f"the level {level:g} is below {LEAST_LEVEL:g}, where no number of seeds is computed")
    if not level < power < 1:
        raise ErcBenchError(f"the power {power:g} must lie between the level {level:g} and 1")
    floor = None
    if spread.by_dialogue(1) is not None and spread.dialogue_variance is not None and spread.clusters:
        floor = noncentrality_for(power, spread.clusters - 1, level) * math.sqrt(spread.dialogue_variance)
    return Power(
        spread=spread,
        alpha=alpha,
        comparisons=comparisons,
        level=level,
        power=power,
        detectable=tuple(_detectable(spread, n, level, power) for n in seeds),
        needed=tuple(_needed(spread, difference, level, power, floor) for difference in differences),
        joint_floor=floor,
    )


def _detectable(spread: Spread, n: int, level: float, power: float) -> Detectable:
    high = detectable_difference(spread.high, n, level, power).value if spread.high is not None else None
    over_seeds, joint = detectable_difference(spread.sd, n, level, power).value, _joint(spread, n, level, power)
    if over_seeds is not None and joint is not None:
        joint = max(over_seeds, joint)
    return Detectable(n, over_seeds, high, joint)


def _joint(spread: Spread, n: int, level: float, power: float) -> float | None:
    """Return the difference that the joint test detects: V = s²/n + dialogues' part, Satterthwaite's df."""
    by_dialogue = spread.by_dialogue(n)
    if by_dialogue is None or spread.clusters is None:
        return None
    by_seed = spread.sd**2 / n
    variance = by_seed + by_dialogue
    df = variance**2 / (by_seed**2 / (n - 1) + by_dialogue**2 / (spread.clusters - 1))
    return noncentrality_for(power, df, level) * math.sqrt(variance)


_MOST_SEEDS = 10_000


def _needed(spread: Spread, difference: float, level: float, power: float, floor: float | None) -> Needed:
    over_seeds = seeds_needed(difference, spread.sd, level, power)
    if floor is None:
        return Needed(difference, over_seeds, None, "not known: no pilot says what the dialogues add")
    if difference <= floor:
        return Needed(difference, over_seeds, None, f"more seeds cannot help below about {floor:.2f} points")

    def is_enough(n: int) -> bool:
        found = _joint(spread, n, level, power)
        return found is not None and found <= difference

    n = 2 + bisect_left(range(2, _MOST_SEEDS), True, key=is_enough)
    if n == _MOST_SEEDS:
        return Needed(difference, over_seeds, None, f"more than {_MOST_SEEDS:,} seeds")
    # ‡ stands only beside †.
    return Needed(difference, over_seeds, max(n, over_seeds.n or n))


def spread_of_sd(sd: float, correlation: float = 0.0) -> Spread:
    """Return the spread of differences of methods whose scores have this sd and this correlation over seeds."""
    differences = sd * math.sqrt(2 - 2 * correlation)
    return Spread(differences, f"sd {sd:g} of the scores of either method, correlation {correlation:g} over seeds")


def spread_of_pilot(comparison: Comparison, method: str) -> Spread:
    """Return the spread that a pilot shows: one dataset, a method and its baseline on shared seeds.

    The interval of the sd is that of normal differences (chi²), at the level of the comparison.
    Raises :class:`ErcBenchError` where the pilot is not one pair with two shared seeds or more.
    """
    pairs = [
        pair
        for column in comparison.columns
        for pair in column.pairs
        if comparison.rows[pair.row].key.method == method and not comparison.rows[pair.row].key.readout
    ]
    if len(pairs) != 1:
        labels = ", ".join(comparison.rows[pair.row].label for pair in pairs) or "none"
        raise ErcBenchError(
            f"the pilot must hold one comparison of {method} with {comparison.baseline}, found {len(pairs)} ({labels})",
            "Name one --dataset, and METHOD/BACKBONE as --baseline where several backbones were run.",
        )
    (pair,) = pairs
    n = len(pair.seeds)
    if pair.sd is None or pair.test.reason:
        raise ErcBenchError(
            f"the pilot says nothing of the spread over seeds: {pair.test.reason}",
            f"Run at least two seeds of both methods, or give {OptionName('sd')}.",
        )
    column = next(column for column in comparison.columns if pair in column.pairs)
    factors = [special.chdtri(n - 1, tail) for tail in (comparison.alpha / 2, 1 - comparison.alpha / 2)]
    low, high = (pair.sd * math.sqrt((n - 1) / factor) for factor in factors)
    lasting, shared = _parts(pair)
    label = f"{comparison.rows[pair.row].label} - {comparison.rows[pair.baseline].label}"
    return Spread(
        sd=pair.sd,
        source=f"pilot: {label} on {column.title}, {n} seeds, difference {pair.test.difference:+.2f}",
        n=n,
        low=low,
        high=high,
        dialogue_variance=lasting,
        clusters=column.dialogues,
        shared_variance=shared,
    )


def _parts(pair: Pair) -> tuple[float | None, float]:
    """Split the variance over dialogues into the part that stays with many seeds and the part that each seed adds.

    The average of n seeds has the variance D + E/n, one seed D + E. Where chance makes one of them come out
    below 0 it is 0, and the other one fits the variance of the average of the pilot's seeds.
    """
    n, averaged, single = len(pair.seeds), pair.joint.dialogue_variance, pair.one_seed_dialogue_variance
    if averaged is None or single is None:
        return averaged, 0.0
    lasting = (n * averaged - single) / (n - 1)
    lasting = min(max(lasting, 0.0), averaged)
    return lasting, n * (averaged - lasting)

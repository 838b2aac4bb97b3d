"""The difference that a number of seeds can find, and the spread that a claim needs: two-sided t-tests over seeds."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy.typing as npt

from erc_bench.statistics.results import Estimate, SeedsNeeded
from erc_bench.statistics.scores import check_level, paired_differences
from erc_bench.statistics.student_t import noncentrality_for, t_power, t_quantile

_MOST_SEEDS = 1_000_000


def detectable_effect(first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05, power: float = 0.8) -> Estimate:
    """first, second: (n,) scores on the same seeds → the smallest difference that would be found.

    The true mean difference, in the unit of the scores, at which a two-sided paired t-test with
    this n and the observed sd of the differences rejects with probability ``power`` at ``alpha``
    (uncorrected). Source: the noncentral t distribution; Cohen, Statistical Power Analysis (1988).
    """
    differences, reason = paired_differences(first, second)
    if reason:
        return Estimate(None, reason.replace("not testable", "not estimable"))
    return detectable_difference(float(differences.std(ddof=1)), len(differences), alpha, power)


def detectable_difference(sd: float, n: int, alpha: float = 0.05, power: float = 0.8) -> Estimate:
    """Return the smallest true mean difference that n seeds find with probability ``power``.

    ``sd`` is that of the seed-wise differences, in points, as is the result. For methods whose
    scores have the sd s and the seed correlation r it is s·√(2 - 2r). Assumes normal differences;
    ``alpha`` is the level of one test, so divide it by the size of the family for a corrected one.
    Not estimable: fewer than two seeds, zero variance. Raises ``ValueError`` for levels outside
    (0, 1) or a power not above alpha. Source: Cohen, Statistical Power Analysis (1988).
    """
    _check(alpha, power)
    if n < 2:
        return Estimate(None, "not estimable: one seed" if n == 1 else "not estimable: no seed")
    if not sd > 0:
        return Estimate(None, "not estimable: zero variance")
    return detectable_with_error(sd / math.sqrt(n), n - 1, alpha, power)


def detectable_with_error(standard_error: float, df: float, alpha: float = 0.05, power: float = 0.8) -> Estimate:
    """Return the true difference that a t-test with this standard error and these degrees of freedom finds.

    Assumptions, ``alpha``, errors and source as for :func:`detectable_difference`, which is the case of
    sd/√n and n - 1. Not estimable: zero variance.
    """
    _check(alpha, power)
    if not standard_error > 0:
        return Estimate(None, "not estimable: zero variance")
    return Estimate(noncentrality_for(power, df, alpha) * standard_error)


def seeds_needed(difference: float, sd: float, alpha: float = 0.05, power: float = 0.8) -> SeedsNeeded:
    """Return the least number of seeds that finds a true mean difference with probability ``power``.

    ``difference`` and ``sd`` (of the seed-wise differences) are in points. Assumptions, ``alpha``
    and errors as for :func:`detectable_difference`. Not reachable: a difference of 0, or more than
    a million seeds. Not estimable: zero variance.
    """
    _check(alpha, power)
    if not sd > 0:
        return SeedsNeeded(None, reason="not estimable: zero variance")
    if difference == 0:
        return SeedsNeeded(None, reason="not reachable: the difference is 0")

    def reached(n: int) -> float:
        return t_power(abs(difference) / sd * math.sqrt(n), n - 1, alpha)

    if reached(_MOST_SEEDS) < power:
        return SeedsNeeded(None, reason=f"not reachable: more than {_MOST_SEEDS:,} seeds")
    n = 2 + bisect_left(range(2, _MOST_SEEDS), power, key=reached)
    return SeedsNeeded(n, reached(n))


def largest_sd(difference: float, n: int, alpha: float = 0.05) -> Estimate:
    """Return the largest sd over n seeds at which a difference of this size is significant.

    For a paired t-test the sd is that of the seed-wise differences, for a one-sample test against a
    constant that of the scores; both in points. A printed claim holds only if its sd was smaller.
    Not estimable: fewer than two seeds, a difference of 0.
    """
    check_level(alpha)
    if n < 2:
        return Estimate(None, "not estimable: one seed" if n == 1 else "not estimable: no seed")
    if difference == 0:
        return Estimate(None, "not estimable: the difference is 0")
    return Estimate(abs(difference) * math.sqrt(n) / t_quantile(n - 1, alpha))


def _check(alpha: float, power: float) -> None:
    check_level(alpha)
    if not alpha < power < 1:
        raise ValueError(f"the power must lie between alpha and 1, got {power}")

"""Rank tests over seeds, exact with and without ties, and Friedman's test over datasets."""

from __future__ import annotations

import math
import sys

import numpy as np
import numpy.typing as npt
from scipy import special

from erc_bench.statistics.results import (
    NO_SEEDS,
    ONE_SEED,
    ZERO_VARIANCE,
    Estimate,
    Friedman,
    RankSum,
    SignedRank,
    counted,
    shortfall,
)
from erc_bench.statistics.scores import Floats, as_scores, check_level

_MOST_PAIRS = 500
_MOST_SCORES = 100
# Scores are points: differences that agree to this many decimals were equal before the subtraction.
_DECIMALS = 10


def midranks(values: npt.ArrayLike) -> Floats:
    """values: (..., n) → (..., n): ranks from 1 along the last axis; equal values share the mean of theirs."""
    array = np.asarray(values, dtype=float)
    below = (array[..., None, :] < array[..., :, None]).sum(-1)
    equal = (array[..., None, :] == array[..., :, None]).sum(-1)
    return np.asarray(below + (equal + 1) / 2.0)


def wilcoxon(first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05) -> SignedRank:
    """first, second: (n,) scores on the same seeds → the signed-rank test, exact for up to 500 seeds.

    Null hypothesis: the differences are symmetric around 0, for this test set. Equal ones share their
    ranks, those of 0 as well, whose ranks count half for either side. p is exact given the ranks and the zeros:
    twice the smaller tail. ``reason`` says when so few seeds cannot reach ``alpha``. Not testable: fewer than two
    shared seeds, every difference 0. Sources: Wilcoxon, Biometrics Bulletin 1 (1945); Pratt, J. Am. Stat. Assoc. 54
    (1959); Demšar, JMLR 7 (2006), section 3.1.3.
    """
    a, b = as_scores(first), as_scores(second)
    if a.shape != b.shape:
        raise ValueError(f"scores must be paired, got {len(a)} and {len(b)}")
    if len(a) < 2:
        return SignedRank(len(a), None, None, ONE_SEED if len(a) else NO_SEEDS)
    differences = np.round(a - b, _DECIMALS)
    n, differing = len(differences), int(np.count_nonzero(differences))
    if not differing or n > _MOST_PAIRS:
        reason = f"not computed: more than {_MOST_PAIRS} seeds" if differing else ZERO_VARIANCE
        return SignedRank(n, None, None, reason, zeros=n - differing)
    doubled = (2 * midranks(np.abs(differences))).astype(int)
    # The halves of the zeros' ranks are the same whatever the signs, and leave the tails as they are.
    rank_sum = int(doubled[differences > 0].sum())
    p, smallest = _two_tails(_signed_rank_chances(doubled[differences != 0]), rank_sum)
    halves = int(doubled[differences == 0].sum()) / 2
    reason = shortfall(smallest, alpha, _differing(differing, n))
    return SignedRank(n, p, smallest, reason, (rank_sum + halves) / 2, n - differing)


def _differing(differing: int, n: int) -> str:
    return counted(n, "difference") if differing == n else f"{counted(differing, 'difference')} other than 0"


def mann_whitney(first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05) -> RankSum:
    """first: (n,), second: (m,) scores on seeds of their own → the rank-sum test, exact up to 100 scores.

    Null hypothesis: both methods have the same distribution over seeds, for this test set. Equal
    scores share their ranks and p is exact given these ranks: twice the smaller tail. It throws the
    pairing by seed away; where seeds are shared a paired test finds more. ``reason`` says when so
    few seeds cannot reach ``alpha``. Not testable: no seed on a side, all scores equal.
    Source: Mann and Whitney, Annals of Mathematical Statistics 18 (1947).
    """
    a, b = as_scores(first), as_scores(second)
    n, m = len(a), len(b)
    both = np.asarray(np.concatenate((a, b)).round(_DECIMALS), dtype=np.float64)
    if reason := _why_no_rank_sum(both, min(n, m)):
        return RankSum(n, None, None, reason, m)
    doubled = (2 * midranks(both)).astype(int)
    rank_sum = int(doubled[:n].sum())
    p, smallest = _two_tails(_rank_sum_chances(doubled, n), rank_sum)
    u = rank_sum / 2 - n * (n + 1) / 2
    return RankSum(n, p, smallest, shortfall(smallest, alpha, f"{n} and {m} seeds"), m, u)


def _why_no_rank_sum(both: Floats, smaller: int) -> str:
    if not smaller:
        return "not testable: no seed on a side"
    if len(both) > _MOST_SCORES:
        return f"not computed: more than {_MOST_SCORES} scores"
    return ZERO_VARIANCE if (both == both[0]).all() else ""


def _signed_rank_chances(doubled: npt.NDArray[np.int_]) -> Floats:
    """Return the chance of each sum of doubled ranks, when each rank counts with probability 1/2."""
    chances = np.zeros(doubled.sum() + 1)
    chances[0] = 1.0
    for rank in doubled:
        chances[rank:] = (chances[rank:] + chances[:-rank]) / 2.0
        chances[:rank] /= 2.0
    return chances


def _rank_sum_chances(doubled: npt.NDArray[np.int_], size: int) -> Floats:
    """Return the chance of each sum of doubled ranks of ``size`` scores drawn without replacement."""
    ways = np.zeros((size + 1, doubled.sum() + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, :-rank].copy()
    return np.asarray(ways[size] / ways[size].sum())


def _two_tails(chances: Floats, observed: int) -> tuple[float, float]:
    """Return twice the smaller tail at the observed sum, and the least that this can be."""
    possible = chances[np.flatnonzero(chances)]
    tails = chances[: observed + 1].sum(), chances[observed:].sum()
    return min(1.0, 2.0 * float(min(tails))), min(1.0, 2.0 * float(min(possible[0], possible[-1])))


LEAST_DATASETS = 5


def friedman(scores: npt.ArrayLike, force: bool = False) -> Friedman:
    """scores: (datasets, methods), higher is better → whether the methods differ, by their ranks.

    Null hypothesis: on every dataset all orders of the methods are equally likely. Equal scores
    share their ranks, and chi² is corrected for it. p is that of Iman and Davenport's F; where all
    datasets rank the methods alike F is infinite and p the exact chance of it. Assumes independent
    datasets. Not computed below five datasets, where neither approximation holds, unless ``force``.
    Not testable: fewer than three methods, all methods equal everywhere. Raises ``ValueError`` for
    other shapes. Sources: Friedman, J. Am. Stat. Assoc. 32 (1937); Iman and Davenport,
    Communications in Statistics A 9 (1980); Demšar, JMLR 7 (2006), section 3.2.2.
    """
    array = np.asarray(scores, dtype=float)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise ValueError(f"scores must be finite and (datasets, methods), got the shape {array.shape}")
    ranks = midranks(-array)
    datasets, methods = array.shape
    averages = tuple(float(rank) for rank in ranks.mean(0)) if datasets else ()
    if reason := _why_not(ranks, force):
        return Friedman(datasets, averages, reason=reason)
    # Shared ranks spread less than 1, 2, ..., k do.
    shrunk = float(((ranks - (methods + 1) / 2) ** 2).sum()) / (datasets * methods * (methods**2 - 1) / 12)
    return _from_chi_squared(averages, datasets, _chi_squared(averages, datasets) / shrunk)


def friedman_of_ranks(average_ranks: npt.ArrayLike, datasets: int) -> Friedman:
    """average_ranks: (methods,), as printed in a paper, over ``datasets`` → the test of :func:`friedman`.

    Without the correction for shared ranks, which averages do not tell.
    """
    averages = tuple(float(rank) for rank in np.asarray(average_ranks, dtype=float))
    return _from_chi_squared(averages, datasets, _chi_squared(averages, datasets))


def nemenyi_distance(methods: int, datasets: int, alpha: float = 0.05, force: bool = False) -> Estimate:
    """Return the difference of average ranks from which on two methods differ at ``alpha``.

    It allows for all pairs of methods: q·√(k(k + 1)/(6N)), q the studentised range over √2. To be
    read after :func:`friedman` has rejected. Not computed below five datasets unless ``force``.
    Sources: Nemenyi, Distribution-free multiple comparisons, thesis (1963); Demšar, JMLR 7 (2006).
    """
    check_level(alpha)
    if methods < 2 or datasets < 1:
        return Estimate(None, "not testable: fewer than two methods" if methods < 2 else "not testable: no dataset")
    if datasets < LEAST_DATASETS and not force:
        return Estimate(None, _too_few(datasets))
    scale = math.sqrt(methods * (methods + 1) / (6 * datasets))
    return Estimate(_studentised_range(methods, alpha) / math.sqrt(2) * scale)


def _why_not(ranks: Floats, force: bool) -> str:
    datasets, methods = ranks.shape
    if methods < 3:
        return "not testable: fewer than three methods"
    if not datasets or (datasets < LEAST_DATASETS and not force):
        return _too_few(datasets)
    return "not testable: zero variance" if (ranks == ranks[0, 0]).all() else ""


def _too_few(datasets: int) -> str:
    return f"not computed: {counted(datasets, 'dataset')}, too few for ranks ({LEAST_DATASETS} at least)"


def _chi_squared(averages: tuple[float, ...], datasets: int) -> float:
    k = len(averages)
    return 12 * datasets / (k * (k + 1)) * (sum(rank**2 for rank in averages) - k * (k + 1) ** 2 / 4)


def _from_chi_squared(averages: tuple[float, ...], datasets: int, chi_squared: float) -> Friedman:
    k = len(averages)
    chi_squared_p = max(float(special.chdtrc(k - 1, chi_squared)), sys.float_info.min)
    df = (k - 1, (k - 1) * (datasets - 1))
    if datasets < 2:
        return Friedman(datasets, averages, chi_squared, chi_squared_p, reason="not testable: one dataset")
    room = datasets * (k - 1) - chi_squared
    if room <= 1e-9 * chi_squared:
        chance = max(float(math.factorial(k)) ** (1 - datasets), sys.float_info.min)
        reason = "all datasets rank the methods alike: F is infinite, p is the exact chance of this"
        return Friedman(datasets, averages, chi_squared, chi_squared_p, None, df, chance, reason)
    f = (datasets - 1) * chi_squared / room
    return Friedman(datasets, averages, chi_squared, chi_squared_p, f, df, float(special.fdtrc(*df, f)))


def _studentised_range(count: int, alpha: float) -> float:
    """Return the range that ``count`` standard normal values exceed with probability ``alpha``."""
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _range_within(middle, count) < 1 - alpha else (low, middle)
    return high


def _range_within(width: float, count: int) -> float:
    # The largest value lies at x, all others within `width` below it.
    x = np.linspace(-9.0, 9.0, 3601)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    inside = special.ndtr(x) - special.ndtr(x - width)
    return float(count * (density * inside ** (count - 1)).sum() * (x[1] - x[0]))

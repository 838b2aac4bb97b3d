"""Rank tests over seeds, exact with and without ties."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.results import NO_SEEDS, ONE_SEED, ZERO_VARIANCE, RankSum, SignedRank, counted, shortfall
from erc_bench.statistics.scores import Floats, as_scores

_MOST_PAIRS = 500
_MOST_SCORES = 100
# Scores are points: what agrees to this many decimals was equal before it was subtracted.
_DECIMALS = 10


def midranks(values: npt.ArrayLike) -> Floats:
    """values: (..., n) → (..., n): ranks from 1 along the last axis; equal values share the mean of theirs."""
    array = np.asarray(values, dtype=float)
    below = (array[..., None, :] < array[..., :, None]).sum(-1)
    equal = (array[..., None, :] == array[..., :, None]).sum(-1)
    return np.asarray(below + (equal + 1) / 2.0)


def wilcoxon(first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05) -> SignedRank:
    """first, second: (n,) scores on the same seeds → the signed-rank test, exact for up to 500 seeds.

    Null hypothesis: the differences are symmetric around 0, for this test set. Differences of 0 are
    left out, equal ones share their ranks, and p is exact given these ranks: twice the smaller
    tail. ``reason`` says when so few seeds cannot reach ``alpha``. Not testable: fewer than two
    shared seeds, every difference 0. Source: Wilcoxon, Biometrics Bulletin 1 (1945).
    """
    a, b = as_scores(first), as_scores(second)
    if a.shape != b.shape:
        raise ValueError(f"scores must be paired, got {len(a)} and {len(b)}")
    if len(a) < 2:
        return SignedRank(len(a), None, None, ONE_SEED if len(a) else NO_SEEDS)
    differences = np.round(a - b, _DECIMALS)
    differences = differences[differences != 0]
    n = len(differences)
    if not n or n > _MOST_PAIRS:
        return SignedRank(n, None, None, f"not computed: more than {_MOST_PAIRS} seeds" if n else ZERO_VARIANCE)
    doubled = (2 * midranks(np.abs(differences))).astype(int)
    rank_sum = int(doubled[differences > 0].sum())
    p, smallest = _two_tails(_signed_rank_chances(doubled), rank_sum)
    return SignedRank(n, p, smallest, shortfall(smallest, alpha, counted(n, "difference")), rank_sum / 2)


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

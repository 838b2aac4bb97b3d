"""The sign-flip test over seeds: a paired test that assumes no distribution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.results import NO_SEEDS, ONE_SEED, SignFlip, shortfall
from erc_bench.statistics.scores import Floats, as_scores

# Beyond this the signs are drawn: 2^20 sums for each half of the seeds is what memory holds at ease.
MOST_EXACT_SEEDS = 40


def sign_flip(
    first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05, draws: int = 10_000, seed: int = 0
) -> SignFlip:
    """first, second: (n,) scores on the same seeds → p over the signs of the differences.

    Null hypothesis: each difference is as likely with the opposite sign (symmetry around 0), for
    this test set; no distribution is assumed. Two-sided: the share of sign choices whose sum is at
    least as far from 0 as the observed one. Exact over all 2^n choices up to 40 seeds; beyond, p is
    (hits + 1)/(draws + 1) over ``draws`` random choices. ``reason`` says when so few seeds cannot
    reach ``alpha`` (fewer than six at 0.05). Raises ``ValueError`` for unequal lengths.
    Source: Fisher, The Design of Experiments (1935), section 21.
    """
    a, b = as_scores(first), as_scores(second)
    if a.shape != b.shape:
        raise ValueError(f"scores must be paired, got {len(a)} and {len(b)}")
    differences = a - b
    n = len(differences)
    if n < 2:
        return SignFlip(n, None, 1.0, ONE_SEED) if n else SignFlip(0, None, None, NO_SEEDS)
    exact = n <= MOST_EXACT_SEEDS
    p = _exact_p(differences) if exact else _drawn_p(differences, draws, seed)
    smallest = 2.0 ** (1 - n) if exact else 1.0 / (draws + 1)
    return SignFlip(n, p, smallest, shortfall(smallest, alpha, f"{n} seeds"), None if exact else draws)


def _threshold(differences: Floats) -> float:
    # Sums that are equal on paper may differ in their last bits.
    return abs(float(differences.sum())) - 1e-9 * float(np.abs(differences).sum())


def _exact_p(differences: Floats) -> float:
    n, threshold = len(differences), _threshold(differences)
    if threshold <= 0:
        return 1.0
    # Every sum is one of the first half plus one of the second: 2^(n/2) sums each, not 2^n.
    ones = np.sort(_signed_sums(differences[: n // 2]))
    others = _signed_sums(differences[n // 2 :])
    above = len(ones) - np.searchsorted(ones, threshold - others, side="left")
    below = np.searchsorted(ones, -threshold - others, side="right")
    return float((above.sum() + below.sum()) / 2.0**n)


def _signed_sums(values: Floats) -> Floats:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _drawn_p(differences: Floats, draws: int, seed: int) -> float:
    signs = 1.0 - 2.0 * np.random.default_rng(seed).integers(0, 2, (draws, len(differences)))
    hits = int((np.abs(signs @ differences) >= _threshold(differences)).sum())
    return (hits + 1) / (draws + 1)

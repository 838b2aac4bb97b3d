"""A share of runs: how large the chance behind k of n may be."""

from __future__ import annotations

from scipy import special

from erc_bench.statistics.results import ShareOfRuns
from erc_bench.statistics.scores import check_level


def clopper_pearson(hits: int, n: int, alpha: float = 0.05) -> ShareOfRuns:
    """Return the exact two-sided interval, of level 1 - alpha, of the chance behind ``hits`` of n independent runs.

    None of five leaves .52 possible. Raises ``ValueError`` unless 0 ≤ hits ≤ n and n ≥ 1. Source: Clopper and Pearson,
    Biometrika 26 (1934).
    """
    check_level(alpha)
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"of n runs none to all can be hits, got {hits} of {n}")
    low = float(special.betaincinv(hits, n - hits + 1, alpha / 2)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, n - hits, 1 - alpha / 2)) if hits < n else 1.0
    return ShareOfRuns(hits, n, low, high)

"""Student's t distribution, central and not, from :mod:`scipy.special` (``scipy.stats`` takes a second to import)."""

from __future__ import annotations

import sys
from functools import lru_cache

import numpy as np
from scipy import special


def t_quantile(df: float, alpha: float) -> float:
    """Return the t that is exceeded in absolute value with probability ``alpha``."""
    return -float(special.stdtrit(df, alpha / 2.0))


def upper_p(t: float, df: float) -> float:
    """Return the chance of a larger t; never 0."""
    return max(float(special.stdtr(df, -t)), sys.float_info.min)


def two_sided_p(t: float, df: float) -> float:
    """Return the chance of a t at least as far from 0; never 0."""
    return max(2.0 * float(special.stdtr(df, -abs(t))), sys.float_info.min)


def t_power(noncentrality: float, df: float, alpha: float = 0.05) -> float:
    """Return the chance that a two-sided t-test rejects when t is noncentral with this parameter."""
    critical = t_quantile(df, alpha)
    tails = special.nctdtr(df, noncentrality, np.array([critical, -critical]))
    # scipy gives nan in the far tail, where the true value is below rounding.
    within, beyond = np.nan_to_num(tails, nan=0.0)
    return float(1.0 - within + beyond)


@lru_cache(maxsize=256)  # the comparisons of one table ask for the same few
def noncentrality_for(power: float, df: float, alpha: float) -> float:
    """Return the noncentrality parameter at which a two-sided t-test has this power."""
    low, high = 0.0, 1.0
    while t_power(high, df, alpha) < power:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if t_power(middle, df, alpha) < power else (low, middle)
    return high

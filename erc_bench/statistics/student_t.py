"""Student's t distribution, central and not, from :mod:`scipy.special` (``scipy.stats`` takes a second to import)."""

from __future__ import annotations

import math
import sys
from functools import lru_cache

import numpy as np
from scipy import special


def t_quantile(df: float, alpha: float) -> float:
    """Return the t that is exceeded in absolute value with probability ``alpha``."""
    found = -float(special.stdtrit(df, alpha / 2.0))
    if math.isfinite(found):
        return found
    # Far out scipy's quantile overflows; that of the beta distribution, alpha = I_x(df/2, 1/2), does not.
    share = float(special.betaincinv(df / 2.0, 0.5, alpha))
    return math.sqrt(df * (1.0 - share) / share)


def upper_p(t: float, df: float) -> float:
    """Return the chance of a larger t; never 0."""
    return max(float(special.stdtr(df, -t)), sys.float_info.min)


def two_sided_p(t: float, df: float) -> float:
    """Return the chance of a t at least as far from 0; never 0."""
    return max(2.0 * float(special.stdtr(df, -abs(t))), sys.float_info.min)


def t_power(noncentrality: float, df: float, alpha: float = 0.05) -> float:
    """Return the chance that a two-sided t-test rejects when t is noncentral with this parameter."""
    shift, critical = abs(noncentrality), t_quantile(df, alpha)
    if critical > _FAR:
        return _integrated_power(shift, df, critical)
    within, beyond = special.nctdtr(df, shift, np.array([critical, -critical]))
    # scipy gives nan far out. The other side is below Φ(-shift) there, less than rounding.
    if np.isnan(beyond) and shift > _BELOW_ROUNDING:
        beyond = 0.0
    if np.isnan(within) or np.isnan(beyond):
        return _integrated_power(shift, df, critical)
    return float(1.0 - within + beyond)


# Where t must be this large scipy's noncentral t takes seconds, and then fails.
_FAR = 1000.0
_BELOW_ROUNDING = 8.0
_WIDEST, _STEPS = 9.0, 9001


def _integrated_power(shift: float, df: float, critical: float) -> float:
    """Return P(|Z + shift| ≥ critical·s) for a standard normal Z and an estimated spread s, as an integral over Z.

    Source: the definition of the noncentral t. A large t comes of a small s, and the chance of a
    smaller s² is known to all digits, however far out.
    """
    normal = np.linspace(-_WIDEST, _WIDEST, _STEPS)
    density = np.exp(-(normal**2) / 2)
    rejected = special.chdtr(df, df * ((normal + shift) / critical) ** 2)
    return float((density * rejected).sum() / density.sum())


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

"""Correct many tests, rejecting where the adjusted p-value is at most alpha; combine tests over several datasets."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from scipy import special

from erc_bench.statistics.results import Combined, PartialConjunction
from erc_bench.statistics.scores import Floats


def holm(p_values: Sequence[float]) -> list[float]:
    """p_values: (m,), one family → (m,) adjusted p-values, in the order given.

    Rejecting where the adjusted value is at most alpha keeps the chance of any false rejection in
    the family at most alpha, whatever the dependence. Source: Holm, Scand. J. Stat. 6 (1979).
    """
    order, values = _sorted(p_values)
    factors = len(values) - np.arange(len(values))
    return _restored(np.maximum.accumulate(np.minimum(values * factors, 1.0)), order)


def hochberg(p_values: Sequence[float]) -> list[float]:
    """p_values: (m,), one family → (m,) adjusted p-values, in the order given.

    Keeps the chance of any false rejection at most alpha where the tests are independent or
    positively dependent, as comparisons with one baseline are; never above Holm's.
    Source: Hochberg, Biometrika 75 (1988).
    """
    order, values = _sorted(p_values)
    factors = len(values) - np.arange(len(values))
    return _restored(_from_above(np.minimum(values * factors, 1.0)), order)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """p_values: (m,), one family → (m,) adjusted p-values, in the order given.

    Keeps the expected share of false rejections among all rejections at most alpha, a weaker
    promise than the others' "no false one", for independent or positively dependent tests.
    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995).
    """
    order, values = _sorted(p_values)
    factors = len(values) / (1.0 + np.arange(len(values)))
    return _restored(_from_above(np.minimum(values * factors, 1.0)), order)


def bonferroni(p_values: Sequence[float]) -> list[float]:
    """p_values: (m,), one family → (m,) adjusted p-values, in the order given: m times each.

    Keeps the chance of any false rejection at most alpha, whatever the dependence; never below
    Holm's. Source: Dunn, J. Am. Stat. Assoc. 56 (1961).
    """
    order, values = _sorted(p_values)
    return _restored(np.minimum(values * len(values), 1.0), order)


CORRECTIONS: Mapping[str, Callable[[Sequence[float]], list[float]]] = {
    "holm": holm,
    "hochberg": hochberg,
    "benjamini-hochberg": benjamini_hochberg,
    "bonferroni": bonferroni,
}
"""Name → function from p-values to adjusted p-values."""


def _sorted(p_values: Sequence[float]) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Floats]:
    values = _as_p_values(p_values)
    order = np.argsort(values, kind="stable")
    return order, values[order]


def _from_above(values: Floats) -> Floats:
    return np.minimum.accumulate(values[::-1])[::-1]


def _restored(adjusted: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[float]:
    result = np.empty(len(adjusted))
    result[order] = adjusted
    return result.tolist()


def holm_chains(chains: Sequence[Sequence[float]]) -> list[list[float]]:
    """chains: for each of m rows the p-values of its claims, weakest claim first → adjusted p-values.

    A claim is accepted where its adjusted value is at most alpha, and then so are all before it in its
    chain. The chance that any row claims too much stays at most alpha, whatever the dependence: each row
    tests one claim after the other at alpha divided by the rows that still test, and a row that has
    made its last claim leaves its share to the others. With one claim a row this is Holm's correction.
    Raises ``ValueError`` for p-values outside [0, 1] and for a chain without a claim. Source: the
    sequentially rejective procedure with fixed sequences of Bretz, Maurer, Brannath and Posch,
    Statistics in Medicine 28 (2009).
    """
    if not all(map(len, chains)):
        raise ValueError("a chain must hold p-values between 0 and 1")
    rising = [np.maximum.accumulate(_as_p_values(chain)) for chain in chains]
    m = len(rising)
    order = sorted(range(m), key=lambda row: float(rising[row][-1]))
    # The levels at which the first j rows of this order have made all their claims.
    ends = [0.0]
    for done, row in enumerate(order):
        ends.append(max(ends[-1], (m - done) * float(rising[row][-1])))
    adjusted: list[list[float]] = [[] for _ in chains]
    for place, row in enumerate(order):
        adjusted[row] = [
            min(1.0, *(max(ends[done], (m - done) * float(p)) for done in range(place + 1))) for p in rising[row]
        ]
    return adjusted


Combination = Literal["bonferroni", "simes", "stouffer"]


def one_sided(p: float, difference: float) -> float:
    """Turn a two-sided p into the one-sided p of "the difference is above 0"."""
    return p / 2.0 if difference > 0 else 1.0 - p / 2.0


def stouffer(p_values: Sequence[float], weights: Sequence[float] | None = None) -> Combined:
    """p_values: (n,), one-sided in one direction, one per dataset → their combination.

    Null hypothesis: the method is better on *no* dataset; one strong dataset can reject it alone,
    see :func:`partial_conjunction`. z = Σwz/√Σw². Assumes independent datasets, and weights chosen
    before looking (all equal where not given). Not testable: fewer than two datasets. Raises
    ``ValueError`` for p-values outside [0, 1] and for weights that are not positive.
    Source: Stouffer et al., The American Soldier (1949), with Lipták's weights (1958).
    """
    values = _as_p_values(p_values)
    scales = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    if scales.shape != values.shape or not (scales > 0).all():
        raise ValueError("there must be one positive weight for each p-value")
    if len(values) < 2:
        return Combined(len(values), None, reason=_too_few(len(values)))
    return Combined(len(values), *_stouffer(values, scales))


def partial_conjunction(
    p_values: Sequence[float], at_least: int, combination: Combination = "bonferroni"
) -> PartialConjunction:
    """p_values: (n,), one-sided in one direction, one per dataset → p of "better on at least k of n".

    Null hypothesis: the method is better on fewer than ``at_least`` datasets. It combines the
    n - k + 1 largest p-values: by Bonferroni ((n - k + 1) times the k-th smallest; datasets may depend
    on each other), Simes or Stouffer (independent datasets). Better on k is also better on k - 1: no p is below
    that of a smaller k.
    A dataset that cannot be tested counts with p = 1. Not testable: fewer than two datasets. Raises
    ``ValueError`` for p-values outside [0, 1] and unless 1 ≤ k ≤ n.
    Source: Benjamini and Heller, Biometrics 64 (2008).
    """
    values = np.sort(_as_p_values(p_values))
    n = len(values)
    if n < 2:
        return PartialConjunction(at_least, n, None, _too_few(n))
    if not 1 <= at_least <= n:
        raise ValueError(f"at_least must lie between 1 and {n}, got {at_least}")
    combine = _COMBINATIONS[combination]
    return PartialConjunction(at_least, n, min(1.0, max(combine(values[k:]) for k in range(at_least))))


_COMBINATIONS: Mapping[str, Callable[[Floats], float]] = {
    "bonferroni": lambda largest: float(len(largest) * largest[0]),
    "simes": lambda largest: float((len(largest) * largest / np.arange(1, len(largest) + 1)).min()),
    "stouffer": lambda largest: _stouffer(largest, np.ones(len(largest)))[0],
}


def _stouffer(values: Floats, weights: Floats) -> tuple[float, float]:
    """Return the combined p and its z."""
    z = float((weights * _z(values)).sum() / math.sqrt((weights**2).sum()))
    return max(float(special.ndtr(-z)), sys.float_info.min), z


def _as_p_values(p_values: Sequence[float]) -> Floats:
    values = np.asarray(p_values, dtype=float).reshape(-1)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values must lie between 0 and 1")
    return values


def _z(p_values: Floats) -> Floats:
    # p = 0 and p = 1 (discrete tests) would be infinite.
    return np.asarray(-special.ndtri(np.clip(p_values, sys.float_info.min, 1.0 - sys.float_info.epsilon / 2)))


def _too_few(n: int) -> str:
    return "not testable: one dataset" if n else "not testable: no dataset"

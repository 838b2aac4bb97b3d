"""Adjusted p-values for a family of tests: reject where the adjusted value is at most alpha."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

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
    values = np.asarray(p_values, dtype=float).reshape(-1)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values must lie between 0 and 1")
    order = np.argsort(values, kind="stable")
    return order, values[order]


def _from_above(values: Floats) -> Floats:
    return np.minimum.accumulate(values[::-1])[::-1]


def _restored(adjusted: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[float]:
    result = np.empty(len(adjusted))
    result[order] = adjusted
    return [float(value) for value in result]


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
    rising = [np.maximum.accumulate(_checked(chain)) for chain in chains]
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


def _checked(chain: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = np.asarray(chain, dtype=float).reshape(-1)
    if not len(values) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("a chain must hold p-values between 0 and 1")
    return values

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

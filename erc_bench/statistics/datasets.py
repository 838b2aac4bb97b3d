"""One claim over several datasets, from one p-value for each."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from scipy import special

from erc_bench.statistics.results import Combined, PartialConjunction
from erc_bench.statistics.scores import Floats

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
    values = _checked(p_values)
    scales = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    if scales.shape != values.shape or not (scales > 0).all():
        raise ValueError("there must be one positive weight for each p-value")
    if len(values) < 2:
        return Combined(len(values), None, reason=_too_few(len(values)))
    z = float((scales * _z(values)).sum() / math.sqrt((scales**2).sum()))
    return Combined(len(values), max(float(special.ndtr(-z)), sys.float_info.min), z)


def partial_conjunction(
    p_values: Sequence[float], at_least: int, combination: Combination = "bonferroni"
) -> PartialConjunction:
    """p_values: (n,), one-sided in one direction, one per dataset → p of "better on at least k of n".

    Null hypothesis: the method is better on fewer than ``at_least`` datasets. It combines the
    n - k + 1 largest p-values: by Bonferroni ((n - k + 1) times the k-th smallest; datasets may depend
    on each other), Simes or Stouffer (independent datasets). ``at_least=n`` is the largest p.
    A dataset that cannot be tested counts with p = 1. Not testable: fewer than two datasets. Raises
    ``ValueError`` for p-values outside [0, 1] and unless 1 ≤ k ≤ n.
    Source: Benjamini and Heller, Biometrics 64 (2008).
    """
    values = np.sort(_checked(p_values))
    n = len(values)
    if n < 2:
        return PartialConjunction(at_least, n, None, _too_few(n))
    if not 1 <= at_least <= n:
        raise ValueError(f"at_least must lie between 1 and {n}, got {at_least}")
    return PartialConjunction(at_least, n, min(1.0, _COMBINATIONS[combination](values[at_least - 1 :])))


def _bonferroni(largest: Floats) -> float:
    return float(len(largest) * largest[0])


def _simes(largest: Floats) -> float:
    return float((len(largest) * largest / np.arange(1, len(largest) + 1)).min())


def _stouffer(largest: Floats) -> float:
    return max(float(special.ndtr(-_z(largest).sum() / math.sqrt(len(largest)))), sys.float_info.min)


_COMBINATIONS: Mapping[str, Callable[[Floats], float]] = {
    "bonferroni": _bonferroni,
    "simes": _simes,
    "stouffer": _stouffer,
}


def _checked(p_values: Sequence[float]) -> Floats:
    values = np.asarray(p_values, dtype=float).reshape(-1)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values must lie between 0 and 1")
    return values


def _z(p_values: Floats) -> Floats:
    # p = 0 and p = 1 (discrete tests) would be infinite.
    return np.asarray(-special.ndtri(np.clip(p_values, sys.float_info.min, 1.0 - sys.float_info.epsilon / 2)))


def _too_few(n: int) -> str:
    return "not testable: one dataset" if n else "not testable: no dataset"

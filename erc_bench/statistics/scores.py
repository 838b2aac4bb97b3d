"""Scores over seeds as arrays, and whether their spread exceeds rounding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.results import NO_SEEDS, ONE_SEED, ZERO_VARIANCE

Floats = npt.NDArray[np.float64]

# Scores of equal spread differ in their last bits: less than this share of their size is rounding.
ROUNDING = 1e-12
SMALLEST_LEVEL = 1e-300


def as_scores(scores: npt.ArrayLike) -> Floats:
    """scores: (n,) → the same as floats. Raises ``ValueError`` for other shapes, nan and infinity."""
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"scores must be one per seed, got the shape {values.shape}")
    if wrong := [f"{value:g} at position {place}" for place, value in enumerate(values) if not np.isfinite(value)]:
        raise ValueError(f"scores must be finite, got {', '.join(wrong)}")
    return values


def paired_differences(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, str]:
    """first, second: (n,) → (n,) ``first - second``, and why they cannot be tested, or ``""``.

    Raises ``ValueError`` for unequal lengths.
    """
    a, b = as_scores(first), as_scores(second)
    if a.shape != b.shape:
        raise ValueError(f"scores must be paired, got {len(a)} and {len(b)}")
    differences = a - b
    if len(differences) < 2:
        return differences, ONE_SEED if len(differences) else NO_SEEDS
    constant = negligible(float(differences.std()), np.concatenate((a, b)))
    return differences, ZERO_VARIANCE if constant else ""


def negligible(spread: float, values: Floats) -> bool:
    """Whether rounding alone explains a spread of these values."""
    return bool(spread <= ROUNDING * np.abs(values).max())


def check_level(alpha: float) -> None:
    """Raise ``ValueError`` unless 1e-300 ≤ alpha < 1: below, the tests' quantiles exceed the range of a float."""
    if not SMALLEST_LEVEL <= alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")

"""Answers utterance by utterance: how much those of one dialogue share, and the test that ignores it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from erc_bench.statistics.results import ALIKE, ClusterEffect, McNemar, counted, shortfall
from erc_bench.statistics.scores import Floats


def intra_cluster_correlation(values: npt.ArrayLike, clusters: Sequence[Hashable]) -> ClusterEffect:
    """values: (n,), one per utterance; clusters: n dialogues (or episodes, sessions) → their correlation.

    ``values`` are the averaged numbers: 1 for a right answer, 0 for a wrong one, or their difference between
    two systems (-1, 0, 1). With the mean squares between (MSB) and within (MSW) k clusters of mean
    size m₀ = (n - Σnᵢ²/n)/(k - 1), the correlation is (MSB - MSW)/(MSB + (m₀ - 1)MSW); it can come
    out below 0, and is cut off at -1. The design effect 1 + (Σnᵢ²/n - 1)·max(correlation, 0) is the factor by which the
    variance of the mean exceeds that of n independent utterances. Assumes a common correlation in
    all clusters. Not estimable: one cluster, every cluster of one utterance, zero variance.
    Sources: Donner, Int. Stat. Review 54 (1986); Kish, Survey Sampling (1965).
    """
    array = np.asarray(values, dtype=float)
    if array.shape != (len(clusters),):
        raise ValueError(f"there must be one cluster per value, got {len(clusters)} for the shape {array.shape}")
    index = {cluster: position for position, cluster in enumerate(dict.fromkeys(clusters))}
    position = np.array([index[cluster] for cluster in clusters], dtype=np.intp)
    sizes = np.bincount(position, minlength=len(index)).astype(float)
    n, k = len(array), len(sizes)
    reason = _why_not(array, k)
    if reason:
        return ClusterEffect(n, k, reason=reason)
    between, within = _mean_squares(array, position, sizes)
    mean_size = (n - (sizes**2).sum() / n) / (k - 1)
    correlation = max(-1.0, float((between - within) / (between + (mean_size - 1) * within)))
    effect = 1.0 + (float((sizes**2).sum()) / n - 1.0) * max(correlation, 0.0)
    return ClusterEffect(n, k, correlation, effect, n / effect)


def _why_not(values: Floats, clusters: int) -> str:
    if clusters < 2:
        return "not estimable: one cluster" if clusters else "not estimable: no utterance"
    if clusters == len(values):
        return "not estimable: every cluster has one utterance"
    return "not estimable: zero variance" if (values == values[0]).all() else ""


def _mean_squares(values: Floats, position: npt.NDArray[np.intp], sizes: Floats) -> tuple[float, float]:
    means = np.bincount(position, values, len(sizes)) / sizes
    between = (sizes * (means - values.mean()) ** 2).sum() / (len(sizes) - 1)
    within = ((values - means[position]) ** 2).sum() / (len(values) - len(sizes))
    return float(between), float(within)


def mcnemar(first_right: npt.ArrayLike, second_right: npt.ArrayLike, alpha: float = 0.05) -> McNemar:
    """first_right, second_right: (n,) whether each system answers each utterance right → exact McNemar test.

    Null hypothesis: both systems are right with the same probability on further utterances. Assumes
    that utterances are independent, which those of one dialogue are not: with intra-dialogue
    correlation it rejects too often, and the test that swaps whole dialogues should stand in its
    place. It reads one seed of each system and speaks of these two trained models. Not testable:
    the systems are right on the same utterances. Source: McNemar, Psychometrika 12 (1947), with the
    exact binomial p (twice the smaller tail).
    """
    a, b = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"answers must be paired, got the shapes {a.shape} and {b.shape}")
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    n = only_first + only_second
    if not n:
        return McNemar(0, None, None, ALIKE)
    p = min(1.0, 2.0 * float(special.bdtr(min(only_first, only_second), n, 0.5)))
    # 0 itself cannot be: with very many utterances the least p is below what a float holds.
    smallest = max(2.0 ** (1 - n), np.finfo(float).tiny)
    reason = shortfall(smallest, alpha, counted(n, "differing answer"))
    return McNemar(n, max(p, smallest), smallest, reason, only_first, only_second)

"""Resampled test sets from counts: one matrix product for many draws, no loop over them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.scores import Floats

Counts = npt.NDArray[Any]
"""(systems, seeds, dialogues, classes, classes): confusion counts, gold in rows, one or two systems.

Further columns hold answers that are no class.
"""

Score = Callable[[Any], Floats]
"""From counts (..., classes, classes) to scores (...), in points."""

# Small enough for the cache of one core, large enough for a fast matrix product.
_CHUNK = 500


def cluster_counts(counts: Counts, clusters: Sequence[Hashable]) -> Counts:
    """counts: (..., dialogues, classes, classes); clusters: one per dialogue → (..., clusters, classes, classes).

    Dialogues of one episode, session or script become one cluster, in order of first appearance.
    Raises ``ValueError`` unless there is one cluster per dialogue.
    """
    if counts.shape[-3] != len(clusters):
        raise ValueError(f"there must be one cluster per dialogue, got {len(clusters)} for {counts.shape[-3]}")
    order = {cluster: position for position, cluster in enumerate(dict.fromkeys(clusters))}
    position = np.array([order[cluster] for cluster in clusters])
    return np.stack([counts[..., position == index, :, :].sum(-3) for index in range(len(order))], axis=-3)


def check_counts(counts: Counts) -> None:
    """Raise ``ValueError`` unless these are counts of one or two systems over the same utterances."""
    if counts.ndim != 5 or counts.shape[0] not in (1, 2) or counts.shape[-1] < counts.shape[-2]:
        raise ValueError(f"counts must be (1 or 2, seeds, dialogues, classes, classes), got {counts.shape}")
    gold = counts.sum(-1)
    if gold.size and (gold != gold[:1, :1]).any():
        raise ValueError("the systems and seeds must have answered the same utterances")


def contrast(values: Floats) -> Floats:
    """values: (..., systems, seeds) → (..., seeds): the first system less the second, where there is one."""
    return values[..., 0, :] - values[..., 1, :] if values.shape[-2] == 2 else values[..., 0, :]


def observed_scores(counts: Counts, score: Score) -> Floats:
    """counts: (systems, seeds, dialogues, classes, classes) → (seeds,) scores or differences."""
    return contrast(np.asarray(score(counts.sum(-3))))


def left_out_scores(counts: Counts, score: Score) -> Floats:
    """counts: (systems, seeds, dialogues, classes, classes) → (dialogues, seeds), each without one dialogue."""
    return contrast(np.moveaxis(score(counts.sum(-3, keepdims=True) - counts), -1, 0))


def times_drawn(rng: np.random.Generator, clusters: int, draws: int) -> Floats:
    """Return how often each cluster is drawn, with replacement, in each draw: (draws, clusters)."""
    drawn = rng.integers(0, clusters, (draws, clusters)) + clusters * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * clusters).reshape(draws, clusters).astype(float)


def in_chunks(draws: int, scores: Callable[[int], Floats]) -> Floats:
    """Return ``draws`` results along the first axis, asked for in parts that fit into the cache."""
    sizes = [min(_CHUNK, draws - start) for start in range(0, draws, _CHUNK)]
    return np.concatenate([scores(size) for size in sizes])


def weighted_totals(weights: Floats, counts: Counts) -> Floats:
    """weights: (draws, dialogues); counts: (..., dialogues, classes, classes) → (draws, ..., classes, classes)."""
    flat = np.moveaxis(counts, -3, 0)
    totals = weights @ flat.reshape(len(flat), -1).astype(float)
    return np.asarray(totals.reshape(len(weights), *flat.shape[1:]))


def bootstrap_scores(counts: Counts, score: Score, draws: int, rng: np.random.Generator) -> Floats:
    """counts: (systems, seeds, dialogues, classes, classes) → (draws, seeds) on resampled dialogues.

    The drawn dialogues are the same for both systems and all seeds.
    """

    def scores(size: int) -> Floats:
        weights = times_drawn(rng, counts.shape[2], size)
        return contrast(np.asarray(score(weighted_totals(weights, counts))))

    return in_chunks(draws, scores)

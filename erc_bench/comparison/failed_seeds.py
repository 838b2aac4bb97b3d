"""Seeds whose training failed: degenerate results, and seeds that collapsed beside the others of their row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import median

import numpy as np

from erc_bench.statistics.metrics import Counts, best_constant, degenerate, from_counts
from erc_bench.store.record import Record

LEAST_LEAD = 0.5
"""The share of the median seed's lead over the floor that a seed has to have; below, it collapsed."""


def floor_of(gold: Sequence[int], record: Record, metric: str, scored: Sequence[int]) -> tuple[str, float]:
    """gold: (classes,) counts → the answer that is best to give everywhere, by ``metric``, and its score."""
    place, score = best_constant(gold, metric, scored)
    return record.labels[place], score


def why_degenerate(counts: Counts, record: Record, scored: Sequence[int]) -> str:
    """counts: (classes, classes) → why these answers do not count, ``""`` where they do.

    Asked of every stored cell when it is read, so that all are held to the rule of today.
    """
    gold, answers = counts.sum(-1), counts.sum(-2)[: len(record.labels)]
    # All that the rule reads; micro F1 is that of the scored labels.
    names: list[str] = ["weighted_f1", record.headline_metric]
    names = [name for name in names if name != "micro_f1" or scored]
    metrics: dict[str, object] = {name: float(from_counts(counts, name, scored)) for name in names}
    # A slice need not hold every class.
    metrics["support"] = np.flatnonzero(gold).tolist()
    predicted = [record.labels[place] for place in np.flatnonzero(answers)]
    floor = {name: _best_score(tuple(gold.tolist()), name, tuple(scored)) for name in names}
    return degenerate(metrics, predicted, floor, record.headline_metric)


@lru_cache(maxsize=64)  # all cells of a dataset have the same
def _best_score(gold: tuple[int, ...], metric: str, scored: tuple[int, ...]) -> float:
    return best_constant(gold, metric, scored)[1]


def collapsed(values: Sequence[float], floor: float) -> list[int]:
    """values: (n,), one per seed → the positions of those that keep less than half of the median's lead over the floor.

    A method that trains badly now and then leaves such seeds. Where the median itself has no lead, most seeds are
    degenerate as it is.
    """
    lead = median(values) - floor
    return [place for place, value in enumerate(values) if value - floor < LEAST_LEAD * lead]

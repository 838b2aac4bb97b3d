"""Columns for the slices of a test split: the same cells, scored on a part of the dialogues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from erc_bench.comparison.columns import build_column
from erc_bench.comparison.comparison_data import Column, TableRow
from erc_bench.comparison.outcomes import ColumnEntry, Condition, Outcome, members
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import METRIC_WORDS, Counts, degenerate, from_counts

Slice = tuple[Column, list[ColumnEntry]]


def slice_columns(whole: Column, entries: Sequence[ColumnEntry], rows: Sequence[TableRow], alpha: float) -> list[Slice]:
    """Return a column for each slice of the test split, without comparisons, with the entries that it is made of.

    There is none where the corpus has no slices, or only dev was scored.
    """
    found = members(entries[0].record, "slice")
    if whole.split == "dev" or len(found) < 2:
        return []
    return [_column(whole, entries, rows, alpha, name, frozenset(ids)) for name, ids in found.items()]


def check_sliced(columns: Sequence[Column]) -> None:
    """Raise :class:`ErcBenchError` where slices are asked for and no column has any."""
    if not any(column.slice_name for column in columns):
        raise ErcBenchError(
            "no stored run names slices of its test split",
            "IEMOCAP has them (scripted, improvised); runs that were stored before slices were have none.",
        )


def _column(
    whole: Column,
    entries: Sequence[ColumnEntry],
    rows: Sequence[TableRow],
    alpha: float,
    name: str,
    ids: frozenset[str],
) -> Slice:
    parts = [
        ColumnEntry(entry.key, {seed: _part(outcome, whole.metric, ids) for seed, outcome in entry.outcomes.items()})
        for entry in entries
    ]
    condition = Condition(whole.dataset, whole.fingerprint, whole.limit, whole.hardware)
    column = build_column(condition, (), parts, rows, whole.metric, alpha)
    first = next(iter(parts[0].outcomes.values()))
    assert first.counts is not None  # as in _part
    gold = first.counts.sum((0, -1))
    sliced = replace(
        column,
        condition=whole.condition,
        slice_name=name,
        dialogues=len(first.dialogues),
        utterances=int(gold.sum()),
        floor_label=str(first.cell.record["labels"][int(gold.argmax())]),
        floor=_floor(gold, whole.metric, first.scored),
    )
    return sliced, parts


def _part(outcome: Outcome, metric: str, ids: frozenset[str]) -> Outcome:
    assert outcome.counts is not None  # slices are of the test split, whose answers are read
    kept = [position for position, dialogue in enumerate(outcome.dialogues) if dialogue in ids]
    counts: Counts = outcome.counts[kept]
    return replace(
        outcome,
        value=float(from_counts(counts.sum(0), metric, outcome.scored)),
        dev=None,
        degenerate=_degenerate(counts.sum(0), outcome),
        counts=counts,
        dialogues=tuple(outcome.dialogues[position] for position in kept),
    )


def _degenerate(counts: Counts, outcome: Outcome) -> str:
    """Return why the answers on a slice do not count, by the same rule as for a whole split; ``""`` where they do."""
    record = outcome.cell.record
    gold, answers = counts.sum(-1), counts.sum(-2)
    names = [name for name in METRIC_WORDS if name != "micro_f1" or outcome.scored]
    found: dict[str, Any] = {name: float(from_counts(counts, name, outcome.scored)) for name in names}
    # A slice need not hold every class.
    found["support"] = np.flatnonzero(gold).tolist()
    predicted = [str(record["labels"][place]) for place in np.flatnonzero(answers)]
    floor = {name: _floor(gold, name, outcome.scored) for name in names}
    return degenerate(found, predicted, floor, str(record.get("headline_metric", "weighted_f1")))


def _floor(gold: np.ndarray[tuple[int], np.dtype[np.int64]], metric: str, scored: Sequence[int]) -> float:
    """Return the score of always giving the most frequent label: gold (classes,) counts."""
    counts = np.zeros((len(gold), len(gold)), dtype=np.int64)
    counts[:, gold.argmax()] = gold
    return float(from_counts(counts, metric, scored))

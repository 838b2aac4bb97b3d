"""The columns of a table per class: F1 of each class, then the metrics over all classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.comparison.columns import build_column
from erc_bench.comparison.entries import Condition, Entry
from erc_bench.comparison.model import CLASS_F1, Column, Row
from erc_bench.comparison.outcomes import Outcome
from erc_bench.statistics.metrics import from_counts


def class_columns(
    condition: Condition, others: Sequence[Condition], entries: Sequence[Entry], rows: Sequence[Row], alpha: float
) -> list[Column]:
    """Return the columns of one dataset, without comparisons; none where only dev was scored.

    F1 of single classes is described and not tested: classes times rows make a family of tests
    that no correction leaves anything to.
    """
    if entries[0].record.get("dev_only"):
        return []
    labels = entries[0].record["labels"]
    scored = next(iter(entries[0].outcomes.values())).scored
    # The micro F1 of one class alone is the F1 of that class.
    wanted: list[tuple[str, str, str, tuple[int, ...]]]
    wanted = [(label, CLASS_F1, "micro_f1", (index,)) for index, label in enumerate(labels)]
    wanted += [("", "micro_f1", "micro_f1", scored)] if scored else []
    wanted += [("", name, name, ()) for name in ("macro_f1", "weighted_f1")]
    columns = []
    for class_name, shown, metric, classes in wanted:
        rescored = [_rescored(entry, metric, classes) for entry in entries]
        column = build_column(condition, others, rescored, rows, shown, alpha)
        columns.append(replace(column, class_name=class_name))
    return columns


def _rescored(entry: Entry, metric: str, classes: tuple[int, ...]) -> Entry:
    return Entry(entry.key, {seed: _value(outcome, metric, classes) for seed, outcome in entry.outcomes.items()})


def _value(outcome: Outcome, metric: str, classes: tuple[int, ...]) -> Outcome:
    assert outcome.counts is not None  # a column is either scored on test or on dev
    return replace(outcome, value=float(from_counts(outcome.total, metric, classes)), dev=None)

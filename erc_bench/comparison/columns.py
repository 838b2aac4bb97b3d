"""One column of the table: the scores of all rows on one dataset, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.comparison.comparison_data import CLASS_F1, Column, Rank, Score, TableRow
from erc_bench.comparison.outcomes import ColumnEntry, Condition, Outcome
from erc_bench.statistics.metrics import from_counts
from erc_bench.statistics.seeds import summarise


def build_column(
    condition: Condition,
    others: Sequence[Condition],
    entries: Sequence[ColumnEntry],
    rows: Sequence[TableRow],
    metric: str,
    alpha: float,
) -> Column:
    """Return the column without its comparisons; ``others`` are the dataset's other conditions."""
    by_key = {entry.key: entry for entry in entries}
    scores = [_score(i, by_key[row.key], alpha) if row.key in by_key else None for i, row in enumerate(rows)]
    record = entries[0].record
    split = "dev" if record.get("dev_only") else "test"
    counts = record.get("data", {}).get("counts", {}).get(split, {})
    floor = record.get("floor") or {}
    return Column(
        dataset=condition.dataset,
        condition=_difference(condition, others),
        metric=metric,
        split="dev" if split == "dev" else "test",
        limit=condition.limit,
        hardware=condition.hardware,
        fingerprint=condition.fingerprint,
        dialogues=counts.get("dialogues"),
        utterances=counts.get("labelled"),
        floor_label=str(floor.get("label", "")),
        floor=floor.get(metric) if split == "test" else None,
        scores=_ranked(scores),
    )


def _difference(condition: Condition, others: Sequence[Condition]) -> str:
    parts = []
    if condition.limit is not None:
        parts.append(f"first {condition.limit} dialogues of each split")
    if any(other.hardware != condition.hardware for other in others):
        parts.append(condition.hardware or "unknown hardware")
    if any(other.fingerprint != condition.fingerprint for other in others):
        parts.append(f"data {condition.fingerprint[:8] or 'unknown'}")
    return ", ".join(parts)


def _score(row: int, entry: ColumnEntry, alpha: float) -> Score:
    outcomes = [entry.outcomes[seed] for seed in sorted(entry.outcomes)]
    dev = tuple(outcome.dev for outcome in outcomes)
    known = [value for value in dev if value is not None]
    values = tuple(outcome.value for outcome in outcomes)
    record = entry.record
    return Score(
        row=row,
        seeds=tuple(outcome.seed for outcome in outcomes),
        values=values,
        summary=summarise(values, alpha),
        dev_values=dev,
        dev=summarise(known, alpha) if known else None,
        settings_hash=str(record["settings_hash"]),
        settings_from=str(record.get("settings_from", "")),
        selection=str((record.get("selection") or {}).get("rule", "")),
        degenerate={outcome.seed: outcome.degenerate for outcome in outcomes if outcome.degenerate},
    )


def _ranked(scores: Sequence[Score | None]) -> tuple[Score | None, ...]:
    # Rows that look equal in print rank equally.
    printed = [None if score is None else round(score.summary.mean, 2) for score in scores]
    distinct = sorted({value for value in printed if value is not None}, reverse=True)
    ranks: dict[float | None, Rank] = {}
    if len(distinct) > 1:
        ranks = {distinct[0]: "best", distinct[1]: "second"}
    return tuple(
        None if score is None else replace(score, rank=ranks.get(value, ""))
        for score, value in zip(scores, printed, strict=True)
    )


def class_columns(
    condition: Condition,
    others: Sequence[Condition],
    entries: Sequence[ColumnEntry],
    rows: Sequence[TableRow],
    alpha: float,
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


def _rescored(entry: ColumnEntry, metric: str, classes: tuple[int, ...]) -> ColumnEntry:
    return ColumnEntry(entry.key, {seed: _value(outcome, metric, classes) for seed, outcome in entry.outcomes.items()})


def _value(outcome: Outcome, metric: str, classes: tuple[int, ...]) -> Outcome:
    assert outcome.counts is not None  # a column is either scored on test or on dev
    return replace(outcome, value=float(from_counts(outcome.total, metric, classes)), dev=None)

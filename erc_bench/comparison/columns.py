"""Columns of the table: ranked scores of all rows on one dataset, and their audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.comparison.comparison_data import CLASS_F1, Audit, AuditedScore, Column, Rank, Score, TableRow
from erc_bench.comparison.failed_seeds import collapsed, floor_of
from erc_bench.comparison.outcomes import ColumnEntry, Condition, Outcome
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import from_counts
from erc_bench.statistics.proportions import clopper_pearson
from erc_bench.statistics.seeds import summarise
from erc_bench.store.record import RecordedAudit, RecordedCounts, RecordedScores


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
    record = entries[0].record
    split = "dev" if record.dev_only else "test"
    counts = record.data.counts.get(split, RecordedCounts())
    answer, floor = _floor(next(iter(entries[0].outcomes.values())), metric)
    scores = [_score(i, by_key[row.key], floor, alpha) if row.key in by_key else None for i, row in enumerate(rows)]
    return Column(
        dataset=condition.dataset,
        condition=_difference(condition, others),
        metric=metric,
        split="dev" if split == "dev" else "test",
        limit=condition.limit,
        hardware=condition.hardware,
        fingerprint=condition.fingerprint,
        dialogues=counts.dialogues,
        utterances=counts.labelled,
        floor_label=answer,
        floor=floor,
        scores=_ranked(scores),
        corpus=record.data.variant_of or condition.dataset,
    )


def _floor(outcome: Outcome, metric: str) -> tuple[str, float | None]:
    """Return the best answer to give everywhere and its score; none where only dev was scored, and for one class."""
    if not outcome.gold or metric == CLASS_F1:
        return "", None
    return floor_of(outcome.gold, outcome.cell.typed, metric, outcome.scored)


def _difference(condition: Condition, others: Sequence[Condition]) -> str:
    parts = []
    if condition.limit is not None:
        parts.append(f"first {condition.limit} dialogues of each split")
    if any(other.hardware != condition.hardware for other in others):
        parts.append(condition.hardware or "unknown hardware")
    if any(other.fingerprint != condition.fingerprint for other in others):
        parts.append(f"data {condition.fingerprint[:8] or 'unknown'}")
    return ", ".join(parts)


def _score(row: int, entry: ColumnEntry, floor: float | None, alpha: float) -> Score:
    outcomes = [entry.outcomes[seed] for seed in sorted(entry.outcomes)]
    dev = tuple(outcome.dev for outcome in outcomes)
    known = [value for value in dev if value is not None]
    values = tuple(outcome.value for outcome in outcomes)
    record = entry.record
    seeds = tuple(outcome.seed for outcome in outcomes)
    failed = _failed(outcomes, floor)
    return Score(
        row=row,
        seeds=seeds,
        values=values,
        summary=summarise(values, alpha),
        dev_values=dev,
        dev=summarise(known, alpha) if known else None,
        settings_hash=record.settings_hash,
        settings_from=record.settings_from or "",
        selection=(record.selection and record.selection.rule) or "",
        degenerate={outcome.seed: outcome.degenerate for outcome in outcomes if outcome.degenerate},
        collapsed=failed,
        collapses=None if floor is None else clopper_pearson(len(failed), len(seeds), alpha),
    )


def _failed(outcomes: Sequence[Outcome], floor: float | None) -> tuple[int, ...]:
    if floor is None:
        return ()
    fell = collapsed([outcome.value for outcome in outcomes], floor)
    return tuple(outcome.seed for place, outcome in enumerate(outcomes) if outcome.degenerate or place in fell)


def _ranked(scores: Sequence[Score | None]) -> tuple[Score | None, ...]:
    found = ranks_of([None if score is None else score.summary.mean for score in scores])
    return tuple(
        None if score is None else replace(score, rank=rank) for score, rank in zip(scores, found, strict=True)
    )


def ranks_of(means: Sequence[float | None]) -> list[Rank]:
    """Return which of the means of a column are best and second, as they are printed; none where all are equal."""
    printed = [None if mean is None else round(mean, 2) for mean in means]
    distinct = sorted({value for value in printed if value is not None}, reverse=True)
    ranks: dict[float | None, Rank] = {distinct[0]: "best", distinct[1]: "second"} if len(distinct) > 1 else {}
    return [ranks.get(value, "") for value in printed]


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
    if entries[0].record.dev_only:
        return []
    labels = entries[0].record.labels
    scored = next(iter(entries[0].outcomes.values())).scored
    # The micro F1 of one class alone is the F1 of that class.
    wanted: list[tuple[str, str, str, tuple[int, ...]]]
    wanted = [(label, CLASS_F1, "micro_f1", (index,)) for index, label in enumerate(labels)]
    wanted += [("", "micro_f1", "micro_f1", scored)] if scored else []
    wanted += [("", name, name, ()) for name in ("macro_f1", "weighted_f1")]
    columns = []
    for class_name, shown, metric, classes in wanted:
        rescored = [
            ColumnEntry(entry.key, {seed: _value(each, metric, classes) for seed, each in entry.outcomes.items()})
            for entry in entries
        ]
        column = build_column(condition, others, rescored, rows, shown, alpha)
        columns.append(replace(column, class_name=class_name))
    return columns


def _value(outcome: Outcome, metric: str, classes: tuple[int, ...]) -> Outcome:
    assert outcome.answered is not None  # a column is either scored on test or on dev
    return replace(outcome, value=float(from_counts(outcome.total, metric, classes)), dev=None)


def audit_column(
    column: Column, entries: Sequence[ColumnEntry], rows: Sequence[TableRow], alpha: float
) -> Audit | None:
    """Return the audit of one dataset; ``None`` where no cell of it has one.

    Only the readout of the method's own classifier is audited. The mean over methods is taken seed by
    seed, over the seeds that every audited row has.
    """
    by_key = {entry.key: entry for entry in entries}
    audited = [
        score
        for index, row in enumerate(rows)
        if row.key in by_key and not row.key.readout
        if (score := _audited(index, by_key[row.key], column.metric, alpha)) is not None
    ]
    if not audited:
        return None
    shared = sorted(set.intersection(*(set(score.seeds) for score in audited)))
    means = [sum(score.inflations[score.seeds.index(seed)] for score in audited) / len(audited) for seed in shared]
    return Audit(tuple(audited), tuple(shared), summarise(means, alpha) if means else None)


def _audited(row: int, entry: ColumnEntry, metric: str, alpha: float) -> AuditedScore | None:
    found = {seed: _trajectory(outcome.cell.typed.audit, metric) for seed, outcome in sorted(entry.outcomes.items())}
    seeds = [seed for seed, trajectory in found.items() if trajectory]
    if not seeds:
        return None
    selected = [entry.outcomes[seed].value for seed in seeds]
    best = [max(found[seed]) for seed in seeds]
    inflations = [high - honest for high, honest in zip(best, selected, strict=True)]
    return AuditedScore(
        row,
        tuple(seeds),
        summarise(selected, alpha),
        summarise([found[seed][-1] for seed in seeds], alpha),
        summarise(best, alpha),
        tuple(inflations),
        summarise(inflations, alpha),
        entry.record.audit is not None and entry.record.audit.chosen_from == "readout",
    )


def _trajectory(audit: RecordedAudit | None, metric: str) -> list[float]:
    """Return the test scores of the epochs that the reported score was chosen from."""
    epochs: list[RecordedScores] = getattr(audit, audit.chosen_from, []) if audit else []
    return [score for epoch in epochs if (score := epoch.of(metric)) is not None]


def check_audited(columns: Sequence[Column]) -> None:
    """Raise :class:`ErcBenchError` where an audit is asked for and no cell has one."""
    if all(column.audit is None for column in columns):
        raise ErcBenchError(
            "no stored run has a selection audit", "Record one: the same command again with `erc-bench run --audit`."
        )

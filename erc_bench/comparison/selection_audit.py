"""The selection audit: scores as if test had chosen the epoch. No test of significance reads it."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.comparison_data import Audit, AuditedScore, Column, TableRow
from erc_bench.comparison.outcomes import ColumnEntry
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.seeds import summarise
from erc_bench.store.record import RecordedAudit, RecordedScores


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

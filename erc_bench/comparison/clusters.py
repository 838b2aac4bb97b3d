"""What dialogues belong to, as the records of cells say it: slices of the test split, episodes, sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erc_bench.comparison.outcomes import Outcome
from erc_bench.errors import ErcBenchError
from erc_bench.statistics import cluster_counts
from erc_bench.statistics.metrics import Counts, Scores, leave_one_out


def members(record: Mapping[str, Any], kind: str) -> dict[str, list[str]]:
    """Return the ids of the dialogues by slice, episode or session; nothing where the record says nothing."""
    return dict(record.get("data", {}).get("groups", {}).get(kind, {}))


def clustered(outcome: Outcome, cluster: str) -> Counts | None:
    """Return the counts of one outcome by cluster: (clusters, classes, classes).

    Raises :class:`ErcBenchError` where the record does not know the cluster of a dialogue.
    """
    if cluster == "dialogue" or outcome.counts is None:
        return outcome.counts
    found = members(outcome.cell.record, cluster)
    names = {dialogue: name for name, dialogues in found.items() for dialogue in dialogues}
    if not found or any(dialogue not in names for dialogue in outcome.dialogues):
        raise ErcBenchError(
            f"{outcome.cell.name} does not say of which {cluster} its dialogues are",
            f"Not every corpus knows the {cluster} of a dialogue; runs before this was stored know none.",
        )
    return cluster_counts(outcome.counts, [names[dialogue] for dialogue in outcome.dialogues])


def without_each(outcome: Outcome, metric: str, cluster: str) -> Scores:
    """Return the score of one outcome without each cluster in turn: (clusters,).

    A row meets several others, so the outcome keeps what was found. Raises as :func:`clustered` does.
    """
    key = metric, cluster
    if key not in outcome.without:
        counts = clustered(outcome, cluster)
        assert counts is not None  # only what was answered can be left out
        outcome.without[key] = leave_one_out(counts, metric, outcome.scored)
    return outcome.without[key]

"""The outcome of one cell: its score, and the counts that the test over dialogues reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.comparison.answered import Answered, scored_utterances
from erc_bench.comparison.failed_seeds import why_degenerate
from erc_bench.comparison.row_key import NO_BACKBONE, RowKey
from erc_bench.corpora.corpus import CLUSTERS
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.statistics.metrics import Counts, Scores, from_counts, label_indices, leave_one_out
from erc_bench.statistics.resampling import cluster_counts
from erc_bench.store.plain_predictions import AskedUtterances
from erc_bench.store.predictions import read_coded
from erc_bench.store.reading import StoredCell
from erc_bench.store.record import Record


@dataclass(frozen=True)
class Condition:
    """The facts that all cells of a column share."""

    dataset: str
    fingerprint: str
    limit: int | None
    hardware: str


@dataclass
class ColumnEntry:
    """One row in one column: its outcomes by seed."""

    key: RowKey
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    @property
    def record(self) -> Record:
        """The record of one of the cells."""
        return next(iter(self.outcomes.values())).cell.typed


def is_floor(entry: ColumnEntry) -> bool:
    """Whether a row without a language model gives one answer everywhere: nobody claims to be better than that."""
    return entry.key.backbone == NO_BACKBONE and all(outcome.constant for outcome in entry.outcomes.values())


Columns = dict[Condition, list[ColumnEntry]]
_Places = npt.NDArray[np.intp]


# A record and its predictions agree to the last bits; this much apart they are of different runs.
_TOLERANCE = 0.01


@dataclass(frozen=True)
class Outcome:
    """One cell as one classifier read it.

    answered: the answers, or ``None`` where there are none (only dev was scored) or no test needs them. ``asked`` are
    the utterances and gold labels that were scored, ``test_set`` names them. ``metrics`` are those of the record.
    gold: (classes,), how often each class is right; empty where only dev was scored. ``constant``: all answers are one.
    ``without`` keeps scores without each cluster, by metric and kind of cluster, once they were asked for.
    """

    cell: StoredCell
    seed: int
    value: float
    dev: float | None
    degenerate: str
    answered: Answered | None
    scored: tuple[int, ...]
    test_set: str
    asked: AskedUtterances | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    gold: tuple[int, ...] = ()
    constant: bool = False
    without: dict[tuple[str, str], Scores] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def total(self) -> Counts:
        """The counts of all dialogues: (classes, classes). Only where the answers were read."""
        assert self.answered is not None
        return self.answered.total()


def read_outcome(cell: StoredCell, metric: str, readout: str = "", keeps_counts: bool = True) -> Outcome:
    """Score one cell from its stored answers (a cell without a test score: from its record).

    Without ``keeps_counts`` the outcome has the record's score alone, which the answers were still held against.
    Raises :class:`ErcBenchError` when the files do not hold together.
    """
    stored = _stored(cell, readout)
    dev = _number(stored.get("dev"), metric)
    scored = tuple(label_indices(cell.typed.scored_labels, cell.typed.labels).tolist())
    outcome = Outcome(cell, cell.typed.seed, 0.0, dev, "", None, scored, "")
    if cell.typed.dev_only:
        if dev is None:
            raise ErcBenchError(f"its record has no dev score of {metric}")
        return replace(outcome, value=dev)
    if not stored.get("test"):
        raise ErcBenchError("its record has no test score")
    outcome = replace(outcome, metrics=stored["test"])
    answered = _scored(outcome, metric, readout)
    if keeps_counts:
        return answered
    value = _number(outcome.metrics, metric)
    if value is None:
        raise ErcBenchError(f"its record has no test score of {metric}")
    return replace(answered, value=value, answered=None)


def _scored(outcome: Outcome, metric: str, readout: str) -> Outcome:
    answers = read_coded(outcome.cell, readout or None)
    if not answers.asked.gold:
        raise ErcBenchError("it holds no predictions")
    labels = tuple(outcome.cell.typed.labels)
    utterances = scored_utterances(answers.asked, labels)
    answered = Answered(utterances, answers.predicted)
    total = answered.total()
    outcome = replace(
        outcome,
        answered=answered,
        test_set=utterances.name,
        asked=answers.asked,
        gold=tuple(total.sum(-1).tolist()),
        constant=int(np.count_nonzero(total.sum(-2))) == 1,
        degenerate=why_degenerate(total, outcome.cell.typed, outcome.scored),
    )
    value = float(from_counts(total, metric, outcome.scored))
    recorded = _number(outcome.metrics, metric)
    if recorded is not None and abs(recorded - value) > _TOLERANCE:
        raise ErcBenchError(f"its record says {metric} {recorded:.2f}, its predictions give {value:.2f}")
    return replace(outcome, value=value)


def _stored(cell: StoredCell, readout: str) -> dict[str, Any]:
    if not readout:
        return {**cell.record["metrics"], "degenerate": cell.record.get("degenerate", "")}
    return dict(cell.record.get("readouts_metrics", {}).get(readout, {}))


def _number(metrics: Any, metric: str) -> float | None:
    value = metrics.get(metric) if isinstance(metrics, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def test_set_of(cell: StoredCell) -> tuple[str, AskedUtterances]:
    """Return the scored utterances of a cell, and their name.

    Raises :class:`ErcBenchError` where its predictions cannot be read.
    """
    asked = read_coded(cell).asked
    return scored_utterances(asked, tuple(cell.typed.labels)).name, asked


def clustered(outcome: Outcome, cluster: str) -> Counts | None:
    """Return the counts of one outcome by cluster: (clusters, classes, classes).

    Raises :class:`ErcBenchError` where the record does not know the cluster of a dialogue.
    """
    if outcome.answered is None:
        return None
    counts, dialogues = outcome.answered.counts(), outcome.answered.utterances.dialogues
    if cluster == "dialogue":
        return counts
    groups = outcome.cell.typed.data.groups
    found = groups.get(cluster, {})
    names = {dialogue: name for name, dialogues in found.items() for dialogue in dialogues}
    if not found or any(dialogue not in names for dialogue in dialogues):
        known = [name for name in CLUSTERS if name == "dialogue" or name in groups]
        raise ErcBenchError(
            f"{outcome.cell.name} does not say of which {cluster} its dialogues are",
            f"Ask for a cluster that it knows ({', '.join(known)}), and leave datasets out whose corpus knows no"
            f" {cluster}s. Runs that were stored before {cluster}s were have those of the corpus, where"
            f" {OptionName('data_dir')} holds it.",
        )
    return cluster_counts(counts, [names[dialogue] for dialogue in dialogues])


def without_each(outcome: Outcome, metric: str, cluster: str) -> Scores:
    """Return the score of one outcome without each cluster in turn: (clusters,).

    A row meets several others, so the outcome keeps the scores. Raises as :func:`clustered` does.
    """
    key = metric, cluster
    if key not in outcome.without:
        counts = clustered(outcome, cluster)
        assert counts is not None  # only answered dialogues can be left out
        outcome.without[key] = leave_one_out(counts, metric, outcome.scored)
    return outcome.without[key]

"""The outcome of one cell: its score, and the counts that the test over dialogues reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.metrics import Counts, from_counts, grouped_confusion, label_indices
from erc_bench.store.reading import StoredCell, read_answers

# A record and its predictions agree to the last bits; this much apart they are of different runs.
_TOLERANCE = 0.01


@dataclass(frozen=True)
class Outcome:
    """One cell as one classifier read it.

    counts: (dialogues, classes, classes), gold in rows, in the order of ``dialogues``, or ``None``
    where the answers were not read (only dev was scored, or the records are enough). ``test_set``
    names the utterances and gold labels that were scored. ``metrics`` is what the record says.
    """

    cell: StoredCell
    seed: int
    value: float
    dev: float | None
    degenerate: str
    counts: Counts | None
    scored: tuple[int, ...]
    test_set: str
    dialogues: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)


def read_outcome(cell: StoredCell, metric: str, readout: str = "", reads_answers: bool = True) -> Outcome:
    """Score one cell from its stored answers (a cell without a test score: from its record).

    Without ``reads_answers`` the record's test score is taken as it is.
    Raises :class:`ErcBenchError` when the files do not hold together.
    """
    stored = _stored(cell, readout)
    dev = _number(stored.get("dev"), metric)
    scored = tuple(label_indices(cell.record.get("scored_labels") or (), cell.record["labels"]).tolist())
    outcome = Outcome(cell, cell.record["seed"], 0.0, dev, str(stored.get("degenerate") or ""), None, scored, "")
    if cell.record.get("dev_only"):
        if dev is None:
            raise ErcBenchError(f"its record has no dev score of {metric}")
        return replace(outcome, value=dev)
    if not stored.get("test"):
        raise ErcBenchError("its record has no test score")
    outcome = replace(outcome, metrics=stored["test"])
    return _scored(outcome, metric, readout) if reads_answers else _as_recorded(outcome, metric)


def _as_recorded(outcome: Outcome, metric: str) -> Outcome:
    value = _number(outcome.metrics, metric)
    if value is None:
        raise ErcBenchError(f"its record has no test score of {metric}")
    return replace(outcome, value=value)


def _scored(outcome: Outcome, metric: str, readout: str) -> Outcome:
    answers = read_answers(outcome.cell, readout or None)
    if not answers.gold:
        raise ErcBenchError("it holds no predictions")
    labels = tuple(outcome.cell.record["labels"])
    split = _test_set(tuple(answers.dialogue_ids), tuple(answers.utterances), tuple(answers.gold), labels)
    predicted = label_indices(answers.predicted, labels)
    counts = grouped_confusion(split.gold, predicted, len(labels), split.position, len(split.dialogues))
    value = float(from_counts(counts.sum(0), metric, outcome.scored))
    recorded = _number(outcome.metrics, metric)
    if recorded is not None and abs(recorded - value) > _TOLERANCE:
        raise ErcBenchError(f"its record says {metric} {recorded:.2f}, its predictions give {value:.2f}")
    return replace(outcome, value=value, counts=counts, test_set=split.name, dialogues=split.dialogues)


def _stored(cell: StoredCell, readout: str) -> dict[str, Any]:
    if not readout:
        return {**cell.record["metrics"], "degenerate": cell.record.get("degenerate", "")}
    return dict(cell.record.get("readouts_metrics", {}).get(readout, {}))


def _number(metrics: Any, metric: str) -> float | None:
    value = metrics.get(metric) if isinstance(metrics, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


@dataclass(frozen=True)
class _TestSet:
    """What was scored, in the order of a file: gold (n,) and the position of each dialogue in ``dialogues``."""

    name: str
    gold: npt.NDArray[np.intp]
    position: npt.NDArray[np.intp]
    dialogues: tuple[str, ...]


@lru_cache(maxsize=16)  # all cells of a dataset have the same: it is looked at once
def _test_set(
    dialogue_ids: tuple[str, ...], utterances: tuple[int, ...], gold: tuple[str, ...], labels: tuple[str, ...]
) -> _TestSet:
    # One order for all cells, so that dialogues of two cells can be paired by position.
    rows = sorted(zip(dialogue_ids, utterances, gold, strict=True))
    digest = hashlib.sha256("\n".join(f"{d}\t{u}\t{g}" for d, u, g in rows).encode())
    dialogues = tuple(dict.fromkeys(dialogue for dialogue, _, _ in rows))
    index = {dialogue: position for position, dialogue in enumerate(dialogues)}
    position = np.array([index[dialogue] for dialogue in dialogue_ids], dtype=np.intp)
    return _TestSet(digest.hexdigest(), label_indices(gold, labels), position, dialogues)

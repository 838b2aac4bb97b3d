"""The outcome of one cell: its score, and the counts that the test over dialogues reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from erc_bench.errors import ErcBenchError
from erc_bench.metrics import Counts, from_counts, grouped_confusion, label_indices
from erc_bench.store.reading import Predictions, StoredCell, read_answers

# A record and its predictions agree to the last bits; this much apart they are of different runs.
_TOLERANCE = 0.01


@dataclass(frozen=True)
class Outcome:
    """One cell as one classifier read it.

    counts: (dialogues, classes, classes), gold in rows, or ``None`` where only dev was scored.
    ``test_set`` names the utterances and gold labels that were scored.
    """

    cell: StoredCell
    seed: int
    value: float
    dev: float | None
    degenerate: str
    counts: Counts | None
    scored: tuple[int, ...]
    test_set: str


def read_outcome(cell: StoredCell, metric: str, readout: str = "") -> Outcome:
    """Score one cell from its stored answers (a cell without a test score: from its record).

    Raises :class:`ErcBenchError` when the files do not hold together.
    """
    stored = _stored(cell, readout)
    dev = _number(stored.get("dev"), metric)
    degenerate = str(stored.get("degenerate") or "")
    scored = tuple(label_indices(cell.record.get("scored_labels") or (), cell.record["labels"]).tolist())
    if cell.record.get("dev_only"):
        if dev is None:
            raise ErcBenchError(f"its record has no dev score of {metric}")
        return Outcome(cell, cell.record["seed"], dev, dev, degenerate, None, scored, "")
    if not stored.get("test"):
        raise ErcBenchError("its record has no test score")
    answers = read_answers(cell, readout or None)
    if not answers.gold:
        raise ErcBenchError("it holds no predictions")
    counts, test_set = _count(answers, cell.record["labels"])
    value = float(from_counts(counts.sum(0), metric, scored))
    recorded = _number(stored["test"], metric)
    if recorded is not None and abs(recorded - value) > _TOLERANCE:
        raise ErcBenchError(f"its record says {metric} {recorded:.2f}, its predictions give {value:.2f}")
    return Outcome(cell, cell.record["seed"], value, dev, degenerate, counts, scored, test_set)


def _stored(cell: StoredCell, readout: str) -> dict[str, Any]:
    if not readout:
        return {**cell.record["metrics"], "degenerate": cell.record.get("degenerate", "")}
    return dict(cell.record.get("readouts_metrics", {}).get(readout, {}))


def _number(metrics: Any, metric: str) -> float | None:
    value = metrics.get(metric) if isinstance(metrics, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def _count(answers: Predictions, labels: list[str]) -> tuple[Counts, str]:
    # One order for all cells, so that dialogues of two cells can be paired by position.
    order = sorted(range(len(answers.gold)), key=lambda i: (answers.dialogue_ids[i], answers.utterances[i]))
    dialogues = [answers.dialogue_ids[i] for i in order]
    position = {dialogue: index for index, dialogue in enumerate(dict.fromkeys(dialogues))}
    gold = [answers.gold[i] for i in order]
    keys = "\n".join(f"{d}\t{answers.utterances[i]}\t{g}" for d, i, g in zip(dialogues, order, gold, strict=True))
    counts = grouped_confusion(
        label_indices(gold, labels),
        label_indices([answers.predicted[i] for i in order], labels),
        len(labels),
        np.array([position[dialogue] for dialogue in dialogues], dtype=np.intp),
        len(position),
    )
    return counts, hashlib.sha256(keys.encode()).hexdigest()

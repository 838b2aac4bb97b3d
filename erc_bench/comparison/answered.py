"""What one cell answered on the test split, a byte an answer, and the counts that are made of it whenever asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.metrics import Counts, grouped_confusion, label_indices
from erc_bench.store.plain_predictions import AskedUtterances, Codes

_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ScoredUtterances:
    """The scored utterances in the order of a file: gold (n,), and the position (n,) of each one's dialogue.

    ``position`` counts in ``dialogues``. ``name`` is a digest of all of them; empty for a part of them.
    """

    name: str
    gold: _Places
    position: _Places
    dialogues: tuple[str, ...]
    classes: int

    def part(self, kept: npt.NDArray[np.bool_]) -> ScoredUtterances:
        """kept: (n,) → those utterances alone; a dialogue in which none is kept is left out."""
        left, position = np.unique(self.position[kept], return_inverse=True)
        dialogues = tuple(self.dialogues[place] for place in left.tolist())
        return ScoredUtterances("", self.gold[kept], position, dialogues, self.classes)


@dataclass(frozen=True, eq=False)
class Answered:
    """Answers to ``utterances``: predicted (n,), positions in the labels, one behind the last where there was none.

    Counts of a large corpus are a thousand times the size of the answers, so that none are kept.
    """

    utterances: ScoredUtterances
    predicted: Codes

    def counts(self) -> Counts:
        """Return (dialogues, classes, classes): gold in rows, in the order of the dialogues.

        A further column counts answers that are no label, where there are any.
        """
        asked = self.utterances
        return grouped_confusion(
            asked.gold, self.predicted, asked.classes, asked.position, len(asked.dialogues), self._columns
        )

    def total(self) -> Counts:
        """Return the counts of all dialogues together: (classes, classes)."""
        return grouped_confusion(self.utterances.gold, self.predicted, self.utterances.classes, answers=self._columns)

    def part(self, kept: npt.NDArray[np.bool_]) -> Answered:
        """kept: (n,) → the answers to these utterances alone."""
        return Answered(self.utterances.part(kept), self.predicted[kept])

    @property
    def _columns(self) -> int:
        classes = self.utterances.classes
        return classes + bool((self.predicted == classes).any())


@lru_cache(maxsize=16)  # all cells of a dataset have the same: it is looked at once
def scored_utterances(asked: AskedUtterances, labels: tuple[str, ...]) -> ScoredUtterances:
    """Return what was asked with its labels as positions, and dialogues in one order for all cells, to pair them by."""
    in_order = sorted(zip(asked.dialogue_ids, asked.utterances, asked.gold, strict=True))
    dialogues = tuple(dict.fromkeys(dialogue for dialogue, _, _ in in_order))
    index = {dialogue: position for position, dialogue in enumerate(dialogues)}
    position = np.array([index[dialogue] for dialogue in asked.dialogue_ids], dtype=np.intp)
    return ScoredUtterances(name_of(in_order), label_indices(asked.gold, labels), position, dialogues, len(labels))


def name_of(scored: Iterable[tuple[str, int, str]]) -> str:
    """Return the name of a test set: a digest of dialogue, utterance and gold label of all that is scored."""
    lines = "\n".join(f"{dialogue}\t{utterance}\t{gold}" for dialogue, utterance, gold in sorted(scored))
    return hashlib.sha256(lines.encode()).hexdigest()

"""Always the most frequent label: the floor that any method has to rise above."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

import erc_bench.api as erc


class Majority(erc.System):
    """Predict the most frequent label of train everywhere; scores are the labels' shares of train.

    Of equally frequent labels the first in the dataset's order wins.
    """

    name = "majority"
    source = "textbook"

    def fit(self, train: Sequence[erc.Dialogue], dev: Sequence[erc.Dialogue], labels: Sequence[str], seed: int) -> None:
        """Count the labels of train; raises ``ErcBenchError`` when there are none."""
        scored = (dialogue.utterances[index].label for dialogue in train for index in dialogue.targets())
        counts = Counter(scored)
        frequencies = np.array([counts[label] for label in labels], dtype=float)
        if not frequencies.sum():
            raise erc.ErcBenchError(
                "majority has no labelled utterance of train to count", "Check the dataset: erc-bench data verify."
            )
        self.shares = frequencies / frequencies.sum()

    def predict(self, dialogues: Sequence[erc.Dialogue]) -> dict[erc.UtteranceKey, np.ndarray]:
        """Return the labels' shares of train, (classes,), for every scored utterance."""
        keys = [(dialogue.id, index) for dialogue in dialogues for index in dialogue.targets()]
        return {key: self.shares.copy() for key in keys}


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [
        erc.Method(
            "majority",
            source=Majority.source,
            summary="Always the most frequent label of train: the floor.",
            system=Majority,
        )
    ]

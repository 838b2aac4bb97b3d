"""Always the most frequent label: the floor that any method has to rise above."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import erc_bench.api as erc

_SHARES = "shares.json"


class Majority(erc.System):
    """Predict the most frequent label of train everywhere; scores are the labels' shares of train.

    Of equally frequent labels the first in the dataset's order wins.
    """

    name = "majority"
    source = "textbook"
    departures = ()
    is_floor = True

    def fit(self, train: Sequence[erc.Dialogue], dev: Sequence[erc.Dialogue], context: erc.SystemContext) -> None:
        """Count the labels of train; raises ``ErcBenchError`` when there are none."""
        scored = (dialogue.utterances[index].label for dialogue in train for index in dialogue.targets())
        counts = Counter(scored)
        frequencies = np.array([counts[label] for label in context.labels], dtype=float)
        if not frequencies.sum():
            raise erc.ErcBenchError(
                "majority has no labelled utterance of train to count", "Check the dataset: erc-bench data verify."
            )
        self.shares = frequencies / frequencies.sum()

    def predict(self, dialogues: Sequence[erc.Dialogue]) -> dict[erc.UtteranceKey, np.ndarray]:
        """Return the labels' shares of train, (classes,), for every scored utterance."""
        keys = [(dialogue.id, index) for dialogue in dialogues for index in dialogue.targets()]
        return {key: self.shares.copy() for key in keys}

    def save(self, folder: Path) -> None:
        """Write the labels' shares of train."""
        (folder / _SHARES).write_text(json.dumps(self.shares.tolist()), encoding="utf-8")

    def load(self, folder: Path, context: erc.SystemContext) -> None:
        """Read the labels' shares of train; raises ``ErcBenchError`` where the file is damaged."""
        shares = erc.read_json(folder / _SHARES)
        if not isinstance(shares, list) or not all(isinstance(share, float) for share in shares):
            raise erc.ErcBenchError(f"{folder / _SHARES} does not hold the labels' shares of train")
        self.shares = np.array(shares)


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [
        erc.Method(
            "majority",
            source=Majority.source,
            summary="Always the most frequent label of train: the floor.",
            system=Majority,
            departures=(),
        )
    ]

"""Vectors of utterances that other code computed, as the encoders of a cell read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from erc_bench.contracts.encoder import Example
from erc_bench.contracts.types import Dialogue, SplitName, Splits
from erc_bench.corpora.features.feature_file import Features
from erc_bench.errors import ErcBenchError


@dataclass(frozen=True)
class FileFeatures:
    """Features by name: how many numbers each utterance has, and the (turns, dim) float32 vectors of each dialogue.

    ``vectors`` are by feature, split and id of the dialogue.
    """

    dims: Mapping[str, int] = field(default_factory=dict)
    vectors: Mapping[str, Mapping[SplitName, Mapping[str, Tensor]]] = field(default_factory=dict)

    @classmethod
    def of(cls, features: Iterable[Features], splits: Splits) -> FileFeatures:
        """Take the vectors of all turns of a corpus, which the files must have."""
        found = list(features)
        return cls(
            {each.name: each.dim for each in found},
            {each.name: {split: _stacked(each, split, own) for split, own in splits.items()} for each in found},
        )

    def chosen(self, names: Iterable[str]) -> FileFeatures:
        """Return those of some names alone."""
        names = list(names)
        return FileFeatures({n: self.dims[n] for n in names}, {n: self.vectors[n] for n in names})

    def of_examples(
        self, split: SplitName, examples: Sequence[Example], device: torch.device
    ) -> dict[str, list[Tensor]]:
        """Return for each feature one (turns, dim) tensor per example; examples of one dialogue share theirs."""
        return {name: _looked_up(name, own[split], examples, device) for name, own in self.vectors.items()}


NO_FEATURES = FileFeatures()


def _stacked(features: Features, split: SplitName, dialogues: Sequence[Dialogue]) -> dict[str, Tensor]:
    return {
        dialogue.id: torch.from_numpy(
            np.stack([features.vectors[f"{split}/{dialogue.id}/{turn}"] for turn in range(len(dialogue.utterances))])
        )
        for dialogue in dialogues
    }


def _looked_up(
    name: str, vectors: Mapping[str, Tensor], examples: Sequence[Example], device: torch.device
) -> list[Tensor]:
    dialogues = {example.dialogue.id: example.dialogue for example in examples}
    there = {identifier: vectors[identifier].to(device) for identifier in dialogues if identifier in vectors}
    for example in examples:
        turns = len(example.dialogue.utterances)
        known = len(vectors.get(example.dialogue.id, ()))
        if turns != known:
            raise ErcBenchError(
                f"the encoder makes an example of {turns} turns of the dialogue {example.dialogue.id!r}, for which the"
                f" feature {name!r} has {known} vectors",
                "An encoder that reads features keeps the dialogues of its examples as they are.",
            )
    return [there[example.dialogue.id] for example in examples]

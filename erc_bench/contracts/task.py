"""What a component may know of its surroundings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Task:
    """The task that a component works on.

    ``label_words`` stand for the labels, in their order; ``train_counts`` (classes,) are the label
    counts of the train split; ``encode_words`` gives the untuned encoder's states of bare words,
    (words, dim); ``objective_options`` lets a classifier share a value of the objective.
    ``seed`` is the stream ``sampling`` of the run's seed.
    """

    labels: tuple[str, ...]
    label_words: tuple[str, ...]
    dim: int
    train_counts: Tensor
    encode_words: Callable[[Sequence[str]], Tensor]
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    objective_options: Any = None
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> int:
        """Number of labels."""
        return len(self.labels)

"""The task as components may know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

CPU = torch.device("cpu")


def accuracy(labels: Tensor, scores: Tensor) -> float:
    """labels: (n,), scores: (n, classes) → the share of right predictions."""
    return float((scores.argmax(dim=-1) == labels).float().mean())


@dataclass(frozen=True)
class Task:
    """The task that a component works on.

    ``label_words`` stand for the labels, in their order; ``train_counts`` (classes,) are the label
    counts of the train split; ``encode_words`` gives the untuned encoder's states of bare words,
    (words, width of the language model); ``objective_options`` lets a classifier share a value of the objective.
    ``headline`` scores (n, classes) predictions against (n,) labels by the metric that decides on the
    dataset, more is better: for a classifier that chooses a value on dev.
    ``seed`` is the stream ``sampling`` of the run's seed.
    """

    labels: tuple[str, ...]
    label_words: tuple[str, ...]
    dim: int
    train_counts: Tensor
    encode_words: Callable[[Sequence[str]], Tensor]
    seed: int = 0
    device: torch.device = CPU
    objective_options: Any = None
    training: Mapping[str, Any] = field(default_factory=dict)
    headline: Callable[[Tensor, Tensor], float] = accuracy

    @property
    def classes(self) -> int:
        """Number of labels."""
        return len(self.labels)

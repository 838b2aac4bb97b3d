"""The task, and the representations of a batch or a split, as objectives and classifiers read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erc_bench.contracts.types import UtteranceKey

CPU = torch.device("cpu")


def accuracy(labels: Tensor, scores: Tensor) -> float:
    """labels: (n,), scores: (n, classes) → the share of right predictions."""
    return float((scores.argmax(dim=-1) == labels).float().mean())


def _unchanged(states: Tensor) -> Tensor:
    return states


@dataclass(frozen=True)
class Task:
    """The task that a component works on.

    ``label_words`` stand for the labels, in their order; ``train_counts`` (classes,) are the label
    counts of the train split; ``encode_words`` gives the untuned encoder's states of bare words,
    (words, width of the language model), and ``represent_words`` leads these through the encoder as it is now, with
    gradients, to (words, dim): for anchors in the space of utterances. ``objective_options`` lets a classifier share a
    value of the objective. ``headline`` scores (n, classes) predictions against (n,) labels by the metric that decides
    on the dataset, more is better: for a classifier that chooses a value on dev.
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
    represent_words: Callable[[Tensor], Tensor] = _unchanged

    @property
    def classes(self) -> int:
        """Number of labels."""
        return len(self.labels)


@dataclass
class View:
    """One pass of the encoder over the same examples. z: (n, dim), projected: (n, dim')."""

    z: Tensor
    projected: Tensor


@dataclass
class Outputs:
    """Representations of n utterances and everything that was computed from them.

    z: (n, dim) of the first view, float32, or float64 where the language model is frozen.
    projected: (n, dim'), ``objective.project(z)``.
    logits: (n, classes), the encoder's own, else ``head(z)``. labels: (n,) class indices; ``-1``
    in a sealed split. anchors: (classes, dim') where the objective has anchors. class_weights:
    (classes,) or ``None``. encoded_terms: the encoder's own unweighted losses.
    """

    z: Tensor
    projected: Tensor
    logits: Tensor
    labels: Tensor
    keys: Sequence[UtteranceKey]
    head: nn.Module
    anchors: Tensor | None = None
    class_weights: Tensor | None = None
    views: tuple[View, ...] = ()
    extras: dict[str, Tensor] = field(default_factory=dict)
    encoded_terms: dict[str, Tensor] = field(default_factory=dict)

    def cross_entropy(self) -> Tensor:
        """Mean cross-entropy of the logits, with the class weights of the training."""
        return F.cross_entropy(self.logits, self.labels, self.class_weights)

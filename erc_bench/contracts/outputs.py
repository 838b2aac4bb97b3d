"""The inputs of objectives and classifiers: one batch, or one whole split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional as F

from erc_bench.contracts.types import UtteranceKey


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

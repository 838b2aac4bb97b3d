"""Standardising the states of a frozen backbone, dimension by dimension, fitted on train."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_SMALLEST_DEVIATION = 1e-6
"""Of a dimension that varies over train; one that does not is centred and left at its scale."""


@dataclass(frozen=True)
class Standardiser:
    """mean and deviation: (dim,)."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def fit(cls, states: Tensor) -> Standardiser:
        """states: (rows, dim) of the train split."""
        deviation = states.std(0, correction=0)
        return cls(states.mean(0), torch.where(deviation < _SMALLEST_DEVIATION, 1.0, deviation))

    @classmethod
    def identity(cls, dim: int) -> Standardiser:
        """Return the one that changes nothing."""
        return cls(torch.zeros(dim), torch.ones(dim))

    def __call__(self, states: Tensor) -> Tensor:
        """states: (rows, dim) → (rows, dim)."""
        return (states - self.mean.to(states.device)) / self.deviation.to(states.device)

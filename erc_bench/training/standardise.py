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
        exact = _exact(states)
        deviation = exact.std(0, correction=0)
        return cls(exact.mean(0), torch.where(deviation < _SMALLEST_DEVIATION, 1.0, deviation))

    @classmethod
    def identity(cls, dim: int) -> Standardiser:
        """Return the one that changes nothing."""
        return cls(torch.zeros(dim), torch.ones(dim))

    def __call__(self, states: Tensor) -> Tensor:
        """states: (rows, dim) → (rows, dim)."""
        exact = (_exact(states) - self.mean.cpu()) / self.deviation.cpu()
        return exact.float().to(states.device)


def _exact(states: Tensor) -> Tensor:
    # Not every device computes in float64, and the order of a long float32 sum would show.
    return states.to("cpu", torch.float64)

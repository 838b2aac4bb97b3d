"""SPCL's curriculum: how difficult an utterance is, and how likely an epoch trains on it."""

from __future__ import annotations

import torch
from torch import Tensor

import erc_bench.api as erc

_EPSILON = 1e-8


def difficulties(reps: Tensor, labels: Tensor, centres: Tensor) -> Tensor:
    """reps: (n, dim), labels: (n,), centres: (classes, dim) → (n,): the share of a row's own centre in its distances.

    A distance is (1 − cos)/2, plus 1e-8 for a row that lies in every centre at once.
    """
    distances = (1 - erc.cosine(reps, centres)) / 2 + _EPSILON
    return distances.gather(1, labels[:, None])[:, 0] / distances.sum(dim=1)


def keep_probabilities(examples: int, epoch: int, epochs: int) -> Tensor:
    """Return (examples,), from the easiest to the hardest: how likely an epoch, from 0, keeps each.

    It runs from 1…0 in the first epoch over ½ everywhere at half time towards 0…1; the mean is
    always ½.
    """
    past = epoch / epochs
    rank = torch.linspace(0, 1, examples, dtype=torch.float64)
    return (1 - past) + (2 * past - 1) * rank

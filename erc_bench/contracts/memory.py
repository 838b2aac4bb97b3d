"""Memory of earlier steps for objectives: a queue of features, and copies that follow slowly."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NO_CLASS = -1


class FeatureQueue(nn.Module):
    """The latest features with their labels; a full queue forgets the oldest first.

    Buffers: features (size, dim), labels (size,), ``-1`` where nothing has come yet. Until then a
    slot holds a random unit vector: of no class, so that it is a negative for every row.

    Source: He et al. 2020 (MoCo, arXiv:1911.05722); with labels, Kang et al. 2021 (KCL).
    """

    features: Tensor
    labels: Tensor
    position: Tensor
    priority: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("features", F.normalize(torch.randn(size, dim), dim=-1))
        self.register_buffer("labels", torch.full((size,), NO_CLASS))
        self.register_buffer("position", torch.tensor(0))
        self.register_buffer("priority", torch.rand(size))

    def enqueue(self, features: Tensor, labels: Tensor) -> None:
        """features: (n, dim), labels: (n,): take the place of the n oldest; of more than fit, the last ones stay."""
        size = len(self.labels)
        features, labels = features[-size:].detach(), labels[-size:]
        slots = (self.position + torch.arange(len(labels), device=labels.device)) % size
        self.features[slots] = features.to(self.features.dtype)
        self.labels[slots] = labels
        self.position.copy_((self.position + len(labels)) % size)

    def draw(self, generator: torch.Generator | None = None) -> None:
        """Draw anew which members :meth:`some_of_class` prefers."""
        self.priority.copy_(torch.rand(len(self.priority), generator=generator))

    def some_of_class(self, labels: Tensor, count: int) -> Tensor:
        """labels: (n,) → (n, size), true at ``count`` random members of each row's class, at all where they are fewer.

        Rows of one class get the same members, whatever their order, until the next :meth:`draw`.
        """
        same = labels[:, None] == self.labels
        ranked = torch.where(same, self.priority, -1.0)
        chosen = ranked.topk(min(count, len(self.labels)), dim=1).indices
        return torch.zeros_like(same).scatter(1, chosen, value=True) & same


@torch.no_grad()
def follow(copy: nn.Module, module: nn.Module, momentum: float) -> None:
    """Move a copy's parameters towards the module's: θ' ← m·θ' + (1 − m)·θ; buffers are taken over.

    Parameters that both share stay unchanged.
    """
    for slow, fast in zip(copy.parameters(), module.parameters(), strict=True):
        if slow is not fast:
            slow.lerp_(fast.detach(), 1 - momentum)
    for kept, current in zip(copy.buffers(), module.buffers(), strict=True):
        if kept is not current:
            kept.copy_(current)

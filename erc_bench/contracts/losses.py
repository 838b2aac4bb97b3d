"""Functions shared by losses and classifiers: masks, similarities, means over part of a batch, memory of earlier steps.

Nothing here returns NaN for an empty mask: a row without candidates or positives is left out of
the mean, and a mean over no rows is a zero that is still attached to the graph.
"""

from __future__ import annotations

from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Score = Literal["cosine", "half-cosine"]
DEFAULT_TEMPERATURE = 0.2
"""The temperature of a classifier whose objective has none. It decides how sharp probabilities are, not who wins."""


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """a: (n, dim), b: (m, dim) → (n, m) cosines: one matrix product of normalised rows.

    Computed in float32 under autocast too, in float64 where either is that. A row of zeros has cosine 0.
    """
    with torch.autocast(a.device.type, enabled=False):
        rows = F.normalize(at_least_float32(a), dim=-1)
        # Rows that meet themselves are normalised once, on the way back too.
        others = rows if b is a else F.normalize(at_least_float32(b), dim=-1)
        common = torch.promote_types(rows.dtype, others.dtype)
        return rows.to(common) @ others.to(common).T


def positives(labels: Tensor, other_labels: Tensor | None = None) -> Tensor:
    """labels: (n,), other_labels: (m,) → (n, m), true where the labels are equal.

    Without ``other_labels`` the rows meet themselves, (n, n), and nothing is its own positive.
    """
    if other_labels is not None:
        return labels[:, None] == other_labels
    same = labels[:, None] == labels
    return same & all_but_self(same)


def all_but_self(logits: Tensor) -> Tensor:
    """logits: (n, m) → (n, m), false where column i is row i itself: the first n columns are the rows."""
    return ~torch.eye(*logits.shape, dtype=torch.bool, device=logits.device)


def masked_log_softmax(logits: Tensor, mask: Tensor) -> Tensor:
    """logits, mask: (n, m) → (n, m): each row's log-softmax over the entries where the mask holds, elsewhere 0."""
    return _log_softmax_among(logits, mask).masked_fill(~mask, 0.0)


def masked_logsumexp(logits: Tensor, mask: Tensor) -> Tensor:
    """logits, mask: (n, m) → (n,): log of each row's sum of exponentials where the mask holds, 0 for an empty row."""
    lowest = torch.finfo(logits.dtype).min
    return logits.masked_fill(~mask, lowest).logsumexp(dim=-1).masked_fill(~mask.any(dim=-1), 0.0)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """values, mask: (n,) → scalar: the mean where the mask holds; where it holds nowhere, 0 with gradients of 0."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def contrastive_loss(
    logits: Tensor,
    positive: Tensor,
    candidates: Tensor | None = None,
    log: Literal["inside", "outside"] = "inside",
) -> Tensor:
    """logits, positive, candidates: (n, m) → scalar: supervised contrastive loss, mean over rows with a positive.

    With p_ij the softmax of row i over its candidates (default: all but itself; they include its
    positives P_i), a row's loss is −1/|P_i| Σ_{j∈P_i} log p_ij with the log inside the sum over positives, and
    −log(1/|P_i| Σ_{j∈P_i} p_ij) with the log outside.

    Source: Khosla et al. 2020 (arXiv:2004.11362), Eqs 2 (inside) and 3 (outside).
    """
    candidates = all_but_self(logits) if candidates is None else candidates
    counts = positive.sum(dim=-1)
    divisors = counts.clamp(min=1)
    log_p = _log_softmax_among(logits, candidates)
    if log == "outside":
        # With q the softmax over the positives alone, their p add up to p_j / q_j for every one of them: a second
        # softmax, which is one kernel, where a logsumexp of masked entries takes five times as long on a CPU.
        log_p = log_p - _log_softmax_among(logits, positive) - divisors.log()[:, None]
    row_losses = -(log_p * positive).sum(dim=-1) / divisors
    return masked_mean(row_losses, counts > 0)


def class_means(rows: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """rows: (n, dim), labels: (n,) → means (classes, dim) and which classes have one, (classes,).

    The mean of a class without rows is 0.
    """
    members = F.one_hot(labels, classes).T.to(rows.dtype)  # (classes, n)
    counts = members.sum(dim=1, keepdim=True)
    return members @ rows / counts.clamp(min=1), counts[:, 0] > 0


def log_prior(counts: Tensor) -> Tensor:
    """counts: (classes,) of train → (classes,) logarithms of the shares; an absent class counts as seen once.

    Source: logit adjustment, Menon et al. 2021 (arXiv:2007.07314).
    """
    counts = counts.clamp(min=1).float()
    return (counts / counts.sum()).log()


def cosine_scale(objective_options: Any, temperature: float | None = None, score: Score | None = None) -> float:
    """Return the factor that turns cosines into a classifier's logits.

    1/τ for the score ``cosine``; 1/(2τ) for ``half-cosine``, since ((1 + cos)/2)/τ is cos/(2τ) plus
    a constant that softmax ignores. A value of ``None`` is the objective's: its option
    ``temperature``, and ``half-cosine`` where its option ``formulation`` is ``official``.
    """
    if temperature is None:
        temperature = getattr(objective_options, "temperature", DEFAULT_TEMPERATURE)
    if score is None:
        official = getattr(objective_options, "formulation", None) == "official"
        score = "half-cosine" if official else "cosine"
    return 1 / (2 * temperature) if score == "half-cosine" else 1 / temperature


def _log_softmax_among(logits: Tensor, mask: Tensor) -> Tensor:
    """Each row's log-softmax over the entries where the mask holds; elsewhere finite and of no meaning."""
    return logits.masked_fill(~mask, torch.finfo(logits.dtype).min).log_softmax(dim=-1)


def at_least_float32(values: Tensor) -> Tensor:
    """Return values of half precision in float32, and those of float32 and float64 as they are."""
    return values if values.dtype == torch.float64 else values.float()


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


class RandomStream(nn.Module):
    """A component's own stream of chance, on the CPU: pass ``generator`` to torch's functions that draw.

    Its position is extra state, so that a step that is tried again draws what it drew before.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def get_extra_state(self) -> Tensor:
        """Return the position of the stream."""
        return self.generator.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        """Go on from a position."""
        self.generator.set_state(state)


class PendingBatches(nn.Module):
    """Tensors of a step's batches that wait for ``after_step``; several batches where gradients accumulate.

    They are buffers, so that a step that is tried again does not find them twice; they are in no
    ``state_dict``, since nothing waits when an epoch is over.
    """

    def add(self, *tensors: Tensor) -> None:
        """Let the tensors of one batch wait, without their graph."""
        batch = len(self._buffers)
        for place, tensor in enumerate(tensors):
            self.register_buffer(f"{batch}_{place}", tensor.detach(), persistent=False)

    def take(self) -> list[tuple[Tensor, ...]]:
        """Return what waits, batch by batch as it came; nothing waits any longer."""
        batches: dict[str, tuple[Tensor, ...]] = {}
        for name, tensor in self._buffers.items():
            batch = name.partition("_")[0]
            batches[batch] = (*batches.get(batch, ()), cast("Tensor", tensor))
        self._buffers.clear()
        return list(batches.values())


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

"""AdamW with the two learning rates of the field, and how they rise and fall."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import nn

from erc_bench.errors import ErcBenchError
from erc_bench.planning.settings import TrainingOptions


def make_optimiser(groups: Mapping[str, Sequence[nn.Parameter]], options: TrainingOptions) -> torch.optim.AdamW:
    """Return AdamW over the groups ``encoder`` (the backbone) and ``head`` (everything else).

    Vectors (biases, norms) are exempt from decay. A parameter that is there twice, because objective and head share
    it, is moved once a step, with the first group that has it. Raises :class:`ErcBenchError` where nothing trains.
    """
    rates = {"encoder": options.encoder_lr, "head": options.head_lr}
    parts = []
    known: set[int] = set()
    for name, parameters in groups.items():
        trained = [parameter for parameter in each_once(parameters, known) if parameter.requires_grad]
        matrices = [parameter for parameter in trained if parameter.ndim > 1]
        vectors = [parameter for parameter in trained if parameter.ndim <= 1]
        parts.append({"name": name, "params": matrices, "lr": rates[name], "weight_decay": options.weight_decay})
        parts.append({"name": name, "params": vectors, "lr": rates[name], "weight_decay": 0.0})
    if not any(part["params"] for part in parts):
        raise ErcBenchError(
            "nothing trains: the backbone is frozen, and encoder, objective and head have no parameters",
            "Let some of the backbone train: encoder.trainable=all.",
        )
    return torch.optim.AdamW([part for part in parts if part["params"]], fused=True)


def each_once(parameters: Iterable[nn.Parameter], known: set[int] | None = None) -> list[nn.Parameter]:
    """Return the parameters, each once; those whose ``id`` is known already are left out, the others become known."""
    known = set() if known is None else known
    found = []
    for parameter in parameters:
        if id(parameter) not in known:
            known.add(id(parameter))
            found.append(parameter)
    return found


def clip_gradients(parameters: Sequence[nn.Parameter], limit: float) -> None:
    """Scale the gradients down, where their common norm is above the limit.

    On a CPU gradients that need it not are left alone: multiplying them all by 1, as PyTorch does in order not to
    wait for a device, takes as long as their norm.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    if not norm.is_cpu or not norm <= limit:
        nn.utils.clip_grads_with_norm_(parameters, limit, norm)


class Schedule:
    """Sets the learning rates before each step.

    It counts in steps of a full epoch: an epoch of fewer steps, because the objective selected
    some of the examples, moves the rates as far as a full one.
    """

    def __init__(self, optimiser: torch.optim.Optimizer, options: TrainingOptions, steps_per_epoch: int) -> None:
        self._groups = optimiser.param_groups
        self._peaks = [float(group["lr"]) for group in self._groups]
        self._per_epoch = max(1, steps_per_epoch)
        self._total = options.epochs * self._per_epoch
        self._warmup = round(options.warmup * self._total)
        self._fall = _FALLS[options.schedule]

    def set_rates(self, epoch: int, step: int, steps: int) -> None:
        """Set the rates of a step of an epoch that has ``steps``; both count from 0."""
        factor = self.factor(epoch * self._per_epoch + step * self._per_epoch / steps)
        for group, peak in zip(self._groups, self._peaks, strict=True):
            group["lr"] = peak * factor

    def factor(self, position: float) -> float:
        """Return the share of the peak at a position, in steps of full epochs from the start."""
        if position < self._warmup:
            return (position + 1) / (self._warmup + 1)
        return self._fall(position - self._warmup, max(1, self._total - self._warmup), self._per_epoch)


_FALLS: dict[str, Callable[[float, int, int], float]] = {
    "constant": lambda _step, _total, _per_epoch: 1.0,
    "linear": lambda step, total, _per_epoch: max(0.0, 1 - step / total),
    "cosine": lambda step, total, _per_epoch: 0.5 * (1 + math.cos(math.pi * min(1.0, step / total))),
    "halving": lambda step, _total, per_epoch: 0.5 ** (step // per_epoch),
}

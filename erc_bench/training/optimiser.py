"""AdamW with the two learning rates of the field, and how they rise and fall."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from erc_bench.planning.training_options import TrainingOptions


def make_optimiser(groups: Mapping[str, Sequence[nn.Parameter]], options: TrainingOptions) -> torch.optim.AdamW:
    """Return AdamW over the groups ``encoder`` (the backbone) and ``head`` (everything else).

    Vectors (biases, norms) are exempt from decay.
    """
    rates = {"encoder": options.encoder_lr, "head": options.head_lr}
    parts = []
    for name, parameters in groups.items():
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        matrices = [parameter for parameter in trained if parameter.ndim > 1]
        vectors = [parameter for parameter in trained if parameter.ndim <= 1]
        parts.append({"params": matrices, "lr": rates[name], "weight_decay": options.weight_decay})
        parts.append({"params": vectors, "lr": rates[name], "weight_decay": 0.0})
    return torch.optim.AdamW([part for part in parts if part["params"]])


def make_schedule(optimiser: torch.optim.Optimizer, options: TrainingOptions, steps_per_epoch: int) -> LambdaLR:
    """Return the schedule, to be stepped after every optimiser step."""
    total = max(1, options.epochs * steps_per_epoch)
    warmup = round(options.warmup * total)
    fall = _FALLS[options.schedule]

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return fall(step - warmup, max(1, total - warmup), steps_per_epoch)

    return LambdaLR(optimiser, factor)


_FALLS: dict[str, Callable[[int, int, int], float]] = {
    "constant": lambda _step, _total, _per_epoch: 1.0,
    "linear": lambda step, total, _per_epoch: max(0.0, 1 - step / total),
    "cosine": lambda step, total, _per_epoch: 0.5 * (1 + math.cos(math.pi * min(1.0, step / total))),
    "halving": lambda step, _total, per_epoch: 0.5 ** (step // per_epoch),
}

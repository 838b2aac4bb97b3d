"""A fine-tuning as it stands after an epoch, kept in a memory, so that one that was killed goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_TOLD = "told"


@dataclass
class Training:
    """``epochs`` are loss and dev score of each, ``chosen`` counts the best one from 1.

    ``weights`` are the adapters now, ``best`` those of the best epoch, ``state`` what the next epoch goes on from.
    """

    epochs: list[dict[str, float]] = field(default_factory=list)
    chosen: int = 0
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    best: Mapping[str, Tensor] = field(default_factory=dict)
    state: Mapping[str, Tensor] = field(default_factory=dict)


_PARTS = ("weights", "best", "state")


def keep(memory: MutableMapping[str, bytes], name: str, training: Training) -> None:
    """Write how far a training is, in the place of what was there before."""
    import torch
    from safetensors.torch import save

    told = {"epochs": training.epochs, "chosen": training.chosen}
    tensors = {f"{part}/{key}": tensor for part in _PARTS for key, tensor in getattr(training, part).items()}
    text = torch.frombuffer(bytearray(json.dumps(told).encode()), dtype=torch.uint8)
    # Equal tensors, as those of the best epoch are at first, must not share memory.
    memory[name] = save({_TOLD: text, **{key: tensor.clone() for key, tensor in tensors.items()}})


def kept(memory: Mapping[str, bytes], name: str) -> Training | None:
    """Return how far a training of this name is; ``None`` where nothing of it is there, or nothing that can be read."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(memory[name])
        told: Any = json.loads(bytes(tensors.pop(_TOLD).tolist()))
        parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
        for key, tensor in tensors.items():
            part, _, own = key.partition("/")
            parts[part][own] = tensor
        return Training(told["epochs"], told["chosen"], *(parts[part] for part in _PARTS))
    except (KeyError, TypeError, ValueError, SafetensorError):
        return None

"""The weights of a language model that an upstream cell trained, as a file of the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model
from torch import nn

from erc_bench.contracts.types import Dialogue


@dataclass(frozen=True)
class UpstreamWeights:
    """Trained weights, and the facts of them that a record keeps.

    ``digest`` covers every parameter and buffer, so that two trainings that agree to the last bit share it.
    ``read_for`` holds the ids of the training dialogues that only these weights may represent, those that this
    training did not see; ``folds`` are such weights, and together they cover train.
    """

    file: Path
    digest: str
    facts: Mapping[str, Any]
    read_for: frozenset[str] = frozenset()
    folds: tuple[UpstreamWeights, ...] = ()

    def load_into(self, model: nn.Module) -> None:
        """Put the weights in the place of a model's own."""
        load_model(model, self.file, device=str(next(model.parameters()).device))

    def identity(self) -> str:
        """Name all weights that represent something."""
        return ",".join([self.digest, *(fold.digest for fold in self.folds)])

    def record(self) -> dict[str, Any]:
        """Return the facts for the record of the cell that reads through them."""
        folds = [{"weights": fold.digest, "dev": fold.facts["dev"]} for fold in self.folds]
        return {**self.facts, "weights": self.digest, **({"folds": folds} if folds else {})}


def digest_of(model: nn.Module) -> str:
    """Return twelve hexadecimal digits over the names, types, shapes and values of a model's state."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.view(-1).view(torch.uint8).numpy().tobytes() if values.numel() else b"")
    return digest.hexdigest()[:12]


def held_out(dialogues: Sequence[Dialogue], folds: int, order: Sequence[int]) -> list[frozenset[str]]:
    """Deal dialogues out to folds in an order; return the ids of each fold."""
    return [frozenset(dialogues[position].id for position in order[fold::folds]) for fold in range(folds)]

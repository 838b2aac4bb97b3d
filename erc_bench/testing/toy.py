"""A small separable task without a language model, on which any objective or classifier can run."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.encoder import Example
from erc_bench.contracts.objective import EpochView, Objective
from erc_bench.contracts.task import Outputs, Task, View
from erc_bench.contracts.types import Dialogue, Utterance, UtteranceKey

LABELS = ("angry", "happy", "neutral", "sad")
DIM = 16
_TURNS = 8
"""Of each dialogue."""


def toy_task(dim: int = DIM, objective_options: Any = None, seed: int = 1) -> Task:
    """Return a task of four labels whose words are encoded as fixed random vectors."""

    def encode_words(words: Sequence[str]) -> Tensor:
        return torch.stack([_direction(word, dim) for word in words])

    counts = torch.full((len(LABELS),), 8)
    return Task(LABELS, LABELS, dim, counts, encode_words, seed, objective_options=objective_options)


def toy_labels(size: int = 32, classes: Sequence[int] = range(len(LABELS))) -> Tensor:
    """Return labels, (size,), that take the classes in turn."""
    return torch.tensor([classes[i % len(classes)] for i in range(size)], dtype=torch.long)


def toy_representations(labels: Tensor, dim: int = DIM, noise: float = 0.5, seed: int = 0) -> Tensor:
    """labels: (n,) → (n, dim): a point for each class, and noise around it."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.stack([_direction(f"centre of {label}", dim) for label in LABELS])
    return centres[labels] + noise * torch.randn(len(labels), dim, generator=generator)


def toy_keys(size: int) -> list[UtteranceKey]:
    """Name utterances, in the order of their dialogues."""
    return [(f"toy {index // _TURNS}", index % _TURNS) for index in range(size)]


def toy_outputs(objective: Objective, head: nn.Module, z: Tensor, labels: Tensor) -> Outputs:
    """z: (n, dim), labels: (n,) → the objective's inputs; further views differ from ``z`` a little."""
    # A function of the row alone: an utterance's second view is the same wherever it stands in the batch.
    others = [z + 0.01 * torch.sin(100 * (1 + number) * z) for number in range(objective.views - 1)]
    views = tuple(View(one, objective.project(one)) for one in (z, *others))
    keys = toy_keys(len(labels))
    return Outputs(z, views[0].projected, head(z), labels, keys, head, objective.anchors(), views=views)


def toy_epoch(objective: Objective, head: nn.Module, z: Tensor, labels: Tensor) -> EpochView:
    """z: (n, dim), labels: (n,) → the first of ten epochs over one-utterance examples."""

    def representations() -> Outputs:
        with torch.no_grad():
            return toy_outputs(objective, head, z.detach(), labels)

    turns = [Utterance("A", "text", LABELS[label], scored=True) for label in labels.tolist()]
    names = dict.fromkeys(name for name, _ in toy_keys(len(turns)))
    parts = [tuple(turns[first : first + _TURNS]) for first in range(0, len(turns), _TURNS)]
    dialogues = {name: Dialogue(name, part) for name, part in zip(names, parts, strict=True)}
    examples = [Example(dialogues[name], (index,)) for name, index in toy_keys(len(turns))]
    return EpochView(0, 10, Random(0), examples, labels, representations)


def _direction(word: str, dim: int) -> Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(word.encode()))
    return torch.randn(dim, generator=generator)

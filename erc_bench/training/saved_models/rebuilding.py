"""Put a saved composition together again, through the code that training uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.encoder import Encoder
from erc_bench.errors import ErcBenchError
from erc_bench.training.assembly import Assembly
from erc_bench.training.composition import Composition
from erc_bench.training.preparation import Standardiser, WordStates
from erc_bench.training.row_states import RowEncoder
from erc_bench.training.saved_models.description import Description, read_description
from erc_bench.training.saved_models.files import WEIGHTS_FILE
from erc_bench.training.saved_models.module_state import put_back


@dataclass(frozen=True)
class Saved:
    """The description of a composition and its tensors, all but the language model's, by part."""

    description: Description
    tensors: Mapping[str, Tensor]

    @classmethod
    def read(cls, folder: Path) -> Saved:
        """Read both from the folder of a model; raises :class:`ErcBenchError` where they cannot be."""
        return cls(read_description(folder), read_weights(folder / WEIGHTS_FILE))

    def part(self, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return tensors and extra state of one part."""
        start = f"{name}."
        own = {key.removeprefix(start): tensor for key, tensor in self.tensors.items() if key.startswith(start)}
        return own, self.description.extra_state.get(name, {})

    def standardiser(self, dim: int) -> Standardiser:
        """Return the standardisation of the frozen language model's states."""
        mean, deviation = (self._vectors(f"standardiser.{name}", (dim,)) for name in ("mean", "deviation"))
        return Standardiser(mean, deviation)

    def words(self, dim: int) -> WordStates:
        """Return the states of all words that components asked for when the model was trained."""
        known = {
            tuple(words): self._vectors(f"words.{number}", (len(words), dim))
            for number, words in enumerate(self.description.words)
        }
        return WordStates(_unknown, known)

    def _vectors(self, name: str, shape: tuple[int, ...]) -> Tensor:
        found = self.tensors.get(name)
        if found is None or tuple(found.shape) != shape or not found.is_floating_point():
            shown = "missing" if found is None else f"{tuple(found.shape)}"
            raise ErcBenchError(f"{WEIGHTS_FILE} of the saved model holds no {name} of the shape {shape}: {shown}")
        return found


def read_weights(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a file; raises :class:`ErcBenchError` where it is damaged."""
    try:
        return load_file(file)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ErcBenchError(f"{file} cannot be read: {' '.join(str(error).split())[:200]}") from error


def _unknown(words: object) -> Tensor:
    raise ErcBenchError(f"a component of the saved model asks for words that it did not ask for in training: {words}")


def rebuild(
    assembly: Assembly, encoding: tuple[Encoder, RowEncoder], saved: Saved
) -> tuple[Composition, dict[str, Classifier]]:
    """Return composition and fitted classifiers, the method's own first, around an encoder that is whole already.

    Raises :class:`ErcBenchError` for state that does not fit the components.
    """
    encoder, row_encoder = encoding
    device = assembly.workspace.device
    words = saved.words(encoder.state_dim)
    words.known.update({asked: states.to(assembly.precision).to(device) for asked, states in words.known.items()})
    task = assembly.task_of(encoder.dim, torch.tensor(saved.description.train_counts), words)
    objective, head = assembly.objective_and_head(task)
    put_back(objective, *saved.part("objective"), f"the objective {objective.name!r}")
    put_back(head, *saved.part("head"), "the head")
    # Nothing follows an encoder that trains no more.
    objective.momentum = None
    classifiers = assembly.classifiers(task)
    for name, classifier in classifiers.items():
        put_back(classifier, *saved.part(f"classifier.{name}"), f"the classifier {name!r}", grows=True)
        # New buffers are as they were saved, on another device perhaps.
        assembly.place(classifier)
    composition = Composition(encoder, objective, head, row_encoder, None, precision=assembly.precision)
    return composition, classifiers

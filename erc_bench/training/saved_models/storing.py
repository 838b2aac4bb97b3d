"""Write a trained model into a folder, and put it together again: the copy is held against the original first."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from erc_bench.contracts.backbone import Reading
from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.encoder import Encoder
from erc_bench.contracts.language_models import MAIN, attribute_of
from erc_bench.contracts.no_language_model import NoLanguageModel
from erc_bench.contracts.system import System
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.pretrained.adapters import without_adapters
from erc_bench.pretrained.files import write_reading
from erc_bench.store.layout import MODEL_FILE
from erc_bench.training.assembly import Assembly
from erc_bench.training.composition import Composition
from erc_bench.training.preparation import Standardiser, WordStates
from erc_bench.training.readout import scores_of
from erc_bench.training.result import TrainedParts
from erc_bench.training.row_states import RowEncoder
from erc_bench.training.saved_models.adapted import adapters_of, has_a_name, is_adapted
from erc_bench.training.saved_models.description import Description, describe, read_description
from erc_bench.training.saved_models.files import (
    BACKBONE_WEIGHTS,
    SYSTEM_FOLDER,
    WEIGHTS_FILE,
    backbone_folder,
    digests,
    option_file,
)
from erc_bench.training.saved_models.module_state import put_back, taken_apart


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

    def standardiser(self, encoder: Encoder) -> Standardiser:
        """Return the standardisation of the states of frozen language models."""
        further = {
            role: self._standardiser(f"standardiser.{role}", encoder.width_of(role), {})
            for role in encoder.language_models
        }
        return self._standardiser("standardiser", encoder.width_of(MAIN), further)

    def _standardiser(self, name: str, dim: int, further: Mapping[str, Standardiser]) -> Standardiser:
        mean, deviation = (self._vectors(f"{name}.{part}", (dim,)) for part in ("mean", "deviation"))
        return Standardiser(mean, deviation, further)

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
    task = assembly.task_of(encoder, torch.tensor(saved.description.train_counts), words)
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
    composition = Composition(encoder, objective, head, row_encoder, precision=assembly.precision)
    return composition, classifiers


_ROUNDING = 1e-3
"""Of a probability; the same numbers in the same order give the same, but kernels may choose."""


def save_model(folder: Path, plan: Plan, model: TrainedParts | System, record: Mapping[str, Any]) -> None:
    """Fill an empty folder with everything that labels new conversations without network, corpus or training.

    Raises :class:`ErcBenchError` where a component's state cannot be written, or does not answer alike
    when it is put together again.
    """
    described = describe(plan, record)
    if isinstance(model, System):
        system = folder / SYSTEM_FOLDER
        system.mkdir()
        model.save(system)
    else:
        described |= _write_composition(folder, model)
    _copy_option_files(folder, plan)
    text = Description(**described, files=digests(folder)).text()
    (folder / MODEL_FILE).write_text(text, encoding="utf-8")
    if isinstance(model, TrainedParts):
        _hold_against(model, Saved.read(folder))


def _write_composition(folder: Path, model: TrainedParts) -> dict[str, Any]:
    """Write weights and tokenizer; return their part of the description."""
    encoder, plan = model.composition.encoder, model.assembly.plan
    tensors: dict[str, Tensor] = {}
    for role, language_model in language_models_of(encoder).items():
        if is_adapted(plan, role):
            tensors |= adapters_of(language_model)
        if has_a_name(plan, role):
            continue
        further = encoder.further_backbones.get(role)
        tokenizer, reading = (
            (encoder.tokenizer, encoder.native_reading) if further is None else (further.tokenizer, further.reading)
        )
        _write_language_model(backbone_folder(folder, role), language_model, tokenizer, reading)

    words = list(model.words.known)
    tensors |= {f"words.{number}": model.words.known[asked] for number, asked in enumerate(words)}
    for role in encoder.models():
        name, fitted = ("standardiser" if role == MAIN else f"standardiser.{role}"), model.standardiser.of(role)
        tensors |= {f"{name}.mean": fitted.mean, f"{name}.deviation": fitted.deviation}
    extra_state = {}
    for part, (module, what) in _parts(model).items():
        apart = tuple(f"{attribute_of(role)}." for role in encoder.models()) if part == "encoder" else ()
        own, extra = taken_apart(module, what, apart)
        tensors |= {f"{part}.{name}": tensor for name, tensor in own.items()}
        if extra:
            extra_state[part] = extra
    save_file(
        {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, folder / WEIGHTS_FILE
    )
    return {
        "maximum_length": encoder.maximum_length,
        "further_lengths": {role: further.maximum_length for role, further in encoder.further_backbones.items()},
        "feature_dims": dict(encoder.feature_dims),
        "train_counts": list(model.train_counts),
        "words": [list(asked) for asked in words],
        "extra_state": extra_state,
    }


def _copy_option_files(folder: Path, plan: Plan) -> None:
    for address, path in plan.option_files.items():
        copy = option_file(folder, address)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)


def language_models_of(encoder: Encoder) -> dict[str, Any]:
    """Return the language models by role; an encoder may have none."""
    return {role: model for role, model in encoder.models().items() if not isinstance(model, NoLanguageModel)}


def _write_language_model(folder: Path, model: Any, tokenizer: Any, reading: Reading) -> None:
    folder.mkdir(parents=True)
    tokenizer.save_pretrained(folder)
    model.config.save_pretrained(folder)
    write_reading(folder, reading)
    tensors, extra = taken_apart(model, "the language model")
    if extra:
        raise ErcBenchError(f"the language model cannot be saved: it has extra state {min(extra)!r}")
    save_file(without_adapters(tensors), folder / BACKBONE_WEIGHTS, {"format": "pt"})


def _parts(model: TrainedParts) -> dict[str, tuple[nn.Module, str]]:
    composition = model.composition
    parts: dict[str, tuple[nn.Module, str]] = {
        "encoder": (composition.encoder, f"the encoder {composition.encoder.name!r}"),
        "objective": (composition.objective, f"the objective {composition.objective.name!r}"),
        "head": (composition.head, "the head"),
    }
    for name, classifier in model.classifiers.items():
        parts[f"classifier.{name}"] = (classifier, f"the classifier {name!r}")
    return parts


def _hold_against(model: TrainedParts, saved: Saved) -> None:
    """Raise where the parts do not score a few examples of dev as the trained ones did.

    A component that keeps learnt values outside its state would otherwise answer like an untrained one.
    """
    original = model.composition
    copy, classifiers = rebuild(model.assembly, (original.encoder, original.row_encoder), saved)
    before, after = _scores(original, model.classifiers, model), _scores(copy, classifiers, model)
    for name, scores in before.items():
        worst = float((scores - after[name]).abs().max())
        if not worst <= _ROUNDING:
            raise ErcBenchError(
                f"the model cannot be saved: put together again, {name!r} scores an utterance of dev differently "
                f"(by {worst:.2g})",
                "The objective or a classifier keeps what it learnt outside parameters, buffers and get_extra_state.",
            )


def _scores(composition: Composition, classifiers: Mapping[str, Classifier], model: TrainedParts) -> dict[str, Tensor]:
    """Return the probabilities, (n, classes), that each classifier gives the sample."""
    outputs = composition.represent(model.sample)
    classes = len(model.train_counts)
    return {name: scores_of(each, outputs, classes).softmax(-1) for name, each in classifiers.items()}

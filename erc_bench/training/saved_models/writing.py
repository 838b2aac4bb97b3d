"""Write a trained model into a folder, and compare the written files with the original before it counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.system import System
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.pretrained.files import write_reading
from erc_bench.store.layout import MODEL_FILE
from erc_bench.training.composition import Composition
from erc_bench.training.readout import scores_of
from erc_bench.training.result import TrainedParts
from erc_bench.training.saved_models.description import Description, describe
from erc_bench.training.saved_models.files import (
    BACKBONE_FOLDER,
    BACKBONE_WEIGHTS,
    SYSTEM_FOLDER,
    WEIGHTS_FILE,
    digests,
)
from erc_bench.training.saved_models.module_state import taken_apart
from erc_bench.training.saved_models.rebuilding import Saved, rebuild

_LANGUAGE_MODEL = "language_model."
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
    text = Description(**described, files=digests(folder)).text()
    (folder / MODEL_FILE).write_text(text, encoding="utf-8")
    if isinstance(model, TrainedParts):
        _hold_against(model, Saved.read(folder))


def _write_composition(folder: Path, model: TrainedParts) -> dict[str, Any]:
    """Write weights and tokenizer; return their part of the description."""
    encoder = model.composition.encoder
    backbone = folder / BACKBONE_FOLDER
    backbone.mkdir()
    language_model: Any = encoder.language_model
    encoder.tokenizer.save_pretrained(backbone)
    language_model.config.save_pretrained(backbone)
    write_reading(backbone, encoder.native_reading)
    tensors, extra = taken_apart(language_model, "the language model")
    if extra:
        raise ErcBenchError(f"the language model cannot be saved: it has extra state {min(extra)!r}")
    save_file(tensors, backbone / BACKBONE_WEIGHTS, {"format": "pt"})

    words = list(model.words.known)
    tensors = {f"words.{number}": model.words.known[asked] for number, asked in enumerate(words)}
    tensors |= {"standardiser.mean": model.standardiser.mean, "standardiser.deviation": model.standardiser.deviation}
    extra_state = {}
    for part, (module, what) in _parts(model).items():
        own, extra = taken_apart(module, what, _LANGUAGE_MODEL if part == "encoder" else "")
        tensors |= {f"{part}.{name}": tensor for name, tensor in own.items()}
        if extra:
            extra_state[part] = extra
    save_file(
        {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, folder / WEIGHTS_FILE
    )
    return {
        "maximum_length": encoder.maximum_length,
        "train_counts": list(model.train_counts),
        "words": [list(asked) for asked in words],
        "extra_state": extra_state,
    }


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

"""A classifier started, and fitted where it wants to be, on a toy split."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.task import Outputs, Task
from erc_bench.testing.devices import CPU
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.toy import DIM, LABELS, toy_keys, toy_labels, toy_representations, toy_task

SEED = 7
DEV_SEED = 2


@dataclass(frozen=True)
class ClassifierSubject:
    """A classifier to be checked, and its options."""

    component: type[Classifier]
    options: Any


def toy_split(size: int = 64, classes: tuple[int, ...] = (0, 1, 2, 3), seed: int = 0) -> Outputs:
    """Return a classifier's inputs: separable representations, good logits, anchors near the class centres."""
    labels = toy_labels(size, classes)
    z = toy_representations(labels, seed=seed)
    centres = toy_representations(torch.arange(len(LABELS)), noise=0.0)
    head = nn.Linear(DIM, len(LABELS), bias=False)
    with torch.no_grad():
        head.weight.copy_(centres)
        logits = head(z)
    return Outputs(z, z, logits, labels, toy_keys(size), head, anchors=centres + 0.5 * centres.roll(1, dims=0))


def dev_split(size: int = 64) -> Outputs:
    """Return other utterances of the same classes."""
    return toy_split(size, seed=DEV_SEED)


def fitted(classifier_class: type[Classifier], options: Any = None, train: Outputs | None = None) -> Classifier:
    """Return a classifier that was started and fitted on a toy split."""
    classifier = started(ClassifierSubject(classifier_class, options))
    fit(classifier, toy_split() if train is None else train)
    return classifier


def begun(subject: ClassifierSubject, train: Outputs | None = None, seed: int = SEED) -> Classifier:
    """Return a fitted classifier; raise :class:`NotApplicableError` where a fit ends in an error (``fits`` says so)."""
    try:
        with seeded(seed):
            return fitted(subject.component, subject.options, train)
    except Exception as error:
        raise NotApplicableError(f"it cannot be fitted ({type(error).__name__}: {error})") from error


def started(subject: ClassifierSubject, device: torch.device = CPU) -> Classifier:
    """Return a classifier that knows its task and has seen no representation."""
    classifier = subject.component(subject.options)
    classifier.start(task_on(device))
    return classifier.to(device)


def fit(classifier: Classifier, train: Outputs, dev: Outputs | None = None, device: torch.device = CPU) -> int:
    """Fit a classifier; return its epochs."""
    dev = on(dev_split(), device) if dev is None else dev
    return sum(1 for _ in classifier.fit(train, dev, task_on(device)))


def scores(classifier: Classifier, outputs: Outputs) -> Tensor:
    """Return the scores, (n, columns), without gradients.

    Raises :class:`NotApplicableError` unless they are a table with a row for each utterance (``shape`` says so).
    """
    with torch.no_grad():
        given = classifier.scores(outputs)
    if given.ndim != 2 or len(given) != len(outputs.z):
        raise NotApplicableError("its scores have a wrong shape (see the check `shape`)")
    return given


def task_on(device: torch.device) -> Task:
    """Return the toy task on a device."""
    return replace(toy_task(), device=device)


def on(outputs: Outputs, device: torch.device) -> Outputs:
    """Return a split on a device."""
    moved = {name: getattr(outputs, name).to(device) for name in ("z", "projected", "logits", "labels")}
    anchors = None if outputs.anchors is None else outputs.anchors.to(device)
    return replace(outputs, **moved, anchors=anchors, head=outputs.head.to(device))


def in_float64(outputs: Outputs) -> Outputs:
    """Return a split in float64, as it is on frozen states."""
    wide = {name: getattr(outputs, name).double() for name in ("z", "projected", "logits")}
    anchors = None if outputs.anchors is None else outputs.anchors.double()
    return replace(outputs, **wide, anchors=anchors, head=deepcopy(outputs.head).double())


def rows(outputs: Outputs, chosen: Tensor) -> Outputs:
    """Return some utterances of a split, in the order of ``chosen``."""
    parts = {name: getattr(outputs, name)[chosen] for name in ("z", "projected", "logits", "labels")}
    return replace(outputs, **parts, keys=[outputs.keys[index] for index in chosen.tolist()])


def tensors_of(outputs: Outputs) -> dict[str, Tensor]:
    """Name the tensors that a classifier reads; those that belong to others are among them."""
    named = {name: getattr(outputs, name) for name in ("z", "projected", "logits", "labels", "anchors")}
    head = {f"the head's {name}": value for name, value in outputs.head.state_dict().items()}
    return {name: tensor for name, tensor in {**named, **head}.items() if tensor is not None}


def copies_of(outputs: Outputs) -> dict[str, Tensor]:
    """Return copies of these tensors, to compare with later."""
    return {name: tensor.detach().clone() for name, tensor in tensors_of(outputs).items()}

"""Conformance of classifiers: ``check_classifier(MyClassifier)`` in a plugin's own tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.outputs import Outputs
from erc_bench.testing.components import check_component
from erc_bench.testing.toy import DIM, LABELS, toy_labels, toy_representations, toy_task

_REQUIRED_ACCURACY = 0.75
"""Of the toy task, whose classes lie well apart; guessing gives 0.25."""


def check_classifier(classifier_class: type[Classifier], options: Any = None) -> None:
    """Run all checks on a classifier.

    Raises ``AssertionError`` with a sentence that says what does not hold.
    """
    check_component(classifier_class)
    check_scores(classifier_class, options)
    check_repeatable(classifier_class, options)
    check_selectable(classifier_class, options)
    check_absent_class(classifier_class, options)


def check_scores(classifier_class: type[Classifier], options: Any = None) -> None:
    """After its fit it gives (n, classes) finite scores that classify a task of well separated classes."""
    classifier = fitted(classifier_class, options)
    dev = toy_split(seed=2)
    before = dev.z.clone()
    scores = _scores(classifier, dev)
    name, expected = classifier_class.name, (len(dev.labels), len(LABELS))
    assert scores.shape == expected, f"{name}: scores has the shape {tuple(scores.shape)}, expected {expected}"
    assert scores.isfinite().all(), f"{name}: scores are not finite"
    assert torch.equal(dev.z, before), f"{name}: scores changes the representations that it reads"
    accuracy = (scores.argmax(dim=1) == dev.labels).float().mean().item()
    learnt = accuracy >= _REQUIRED_ACCURACY
    assert learnt, f"{name}: only {accuracy:.0%} of a task of well separated classes are right"


def check_repeatable(classifier_class: type[Classifier], options: Any = None) -> None:
    """Two fits with the task's seed are equal, whatever the global random state."""
    dev = toy_split(seed=2)
    scores = []
    for global_seed in (0, 1):
        with torch.random.fork_rng():
            torch.manual_seed(global_seed)
            scores.append(_scores(fitted(classifier_class, options), dev))
    assert torch.equal(*scores), f"{classifier_class.name}: two fits with one task.seed differ"


def check_selectable(classifier_class: type[Classifier], options: Any = None) -> None:
    """The state of its first epoch can be stored, and restored after its last."""
    classifier, task, dev = _started(classifier_class, options), toy_task(), toy_split(seed=2)
    state, first, epochs = None, None, 0
    for _ in classifier.fit(toy_split(), dev, task):
        epochs += 1
        if state is None:
            state = {key: value.clone() for key, value in classifier.state_dict().items()}
            first = _scores(classifier, dev)
    name = classifier_class.name
    assert classifier_class.refit is None or epochs, f"{name}: fit never yields, so that no epoch can be chosen"
    if state is None or first is None:
        return
    classifier.load_state_dict(state)
    restored = torch.equal(_scores(classifier, dev), first)
    assert restored, f"{name}: its fitted state is not all in parameters and buffers, so that no epoch can be restored"


def check_absent_class(classifier_class: type[Classifier], options: Any = None) -> None:
    """It can be fitted and gives finite scores where train lacks a class."""
    classifier = fitted(classifier_class, options, toy_split(classes=(0, 1, 3)))
    finite = _scores(classifier, toy_split(seed=2)).isfinite().all()
    assert finite, f"{classifier_class.name}: scores are not finite where train lacks a class"


def fitted(classifier_class: type[Classifier], options: Any = None, train: Outputs | None = None) -> Classifier:
    """Return a classifier that was started and fitted on a toy split."""
    classifier = _started(classifier_class, options)
    train = toy_split() if train is None else train
    for _ in classifier.fit(train, toy_split(seed=2), toy_task()):
        pass
    return classifier


def toy_split(size: int = 64, classes: tuple[int, ...] = (0, 1, 2, 3), seed: int = 0) -> Outputs:
    """Return what a classifier reads: separable representations, good logits, anchors near the class centres."""
    labels = toy_labels(size, classes)
    z = toy_representations(labels, seed=seed)
    centres = toy_representations(torch.arange(len(LABELS)), noise=0.0)
    head = nn.Linear(DIM, len(LABELS), bias=False)
    with torch.no_grad():
        head.weight.copy_(centres)
        logits = head(z)
    keys = [("toy", index) for index in range(size)]
    return Outputs(z, z, logits, labels, keys, head, anchors=centres + 0.5 * centres.roll(1, dims=0))


def _started(classifier_class: type[Classifier], options: Any) -> Classifier:
    classifier = classifier_class(options)
    classifier.start(toy_task())
    return classifier


def _scores(classifier: Classifier, outputs: Outputs) -> Tensor:
    with torch.no_grad():
        return classifier.scores(outputs)

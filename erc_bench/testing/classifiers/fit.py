"""Checks of a classifier's fit: repeatable, restorable, without memory, on train alone."""

from __future__ import annotations

from typing import Any

import torch

from erc_bench.contracts.classifier import Classifier
from erc_bench.testing.checkpoints import size_of, take_over, written_and_read
from erc_bench.testing.classifiers.fitted_classifier import (
    SEED,
    ClassifierSubject,
    begun,
    dev_split,
    fit,
    scores,
    started,
    task_on,
    toy_split,
)
from erc_bench.testing.devices import CPU, distance
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.other_process import Numbers, same_elsewhere
from erc_bench.testing.toy import LABELS

_REFITS = (None, "each-epoch", "end")


def _fits(subject: ClassifierSubject) -> str:
    refit = subject.component.refit
    assert refit in _REFITS, f"refit is {refit!r}, which is none of {', '.join(map(repr, _REFITS))}"
    epochs = fit(started(subject), toy_split())
    assert refit is None or epochs, "fit never yields, so that no epoch can be chosen"
    return f"{epochs} epoch(s), refit {refit}"


def _repeatable(subject: ClassifierSubject) -> str:
    dev = dev_split()
    first, second = (scores(begun(subject, seed=seed), dev) for seed in (0, 1))
    assert torch.equal(first, second), "two fits with one task.seed differ: draw on a generator seeded with task.seed"
    told = same_elsewhere(scores_of, subject.component, subject.options, scores_of(subject.component, subject.options))
    return f"two fits under two states of the global generators give the same scores to the last bit, {told}"


def scores_of(component: type[Classifier], options: Any) -> Numbers:
    """Return the scores of dev after a fit, for a comparison with another process."""
    given = scores(begun(ClassifierSubject(component, options)), dev_split())
    return {f"the scores of utterance {index}": row for index, row in enumerate(given.tolist())}


def _fresh(subject: ClassifierSubject) -> str:
    if subject.component.refit is None:
        raise NotApplicableError("it is never fitted")
    again = begun(subject, toy_split(seed=SEED))
    fit(again, toy_split())
    same = torch.equal(scores(again, dev_split()), scores(begun(subject), dev_split()))
    assert same, "a second fit depends on the first one: it is fitted anew in every epoch, and must begin anew"
    return "a classifier that was fitted to something else before gives the same scores to the last bit"


def _selectable(subject: ClassifierSubject) -> str:
    classifier, dev = started(subject), dev_split()
    state, first, epochs = None, None, 0
    for _ in classifier.fit(toy_split(), dev, task_on(CPU)):
        epochs += 1
        if state is None:
            state = {key: value.clone() for key, value in classifier.state_dict().items()}
            first = scores(classifier, dev)
    if state is None or first is None:
        raise NotApplicableError("its fit has no epochs")
    classifier.load_state_dict(state)
    restored = torch.equal(scores(classifier, dev), first)
    assert restored, "its fitted state is not all in parameters and buffers, so that no epoch can be restored"
    return f"epoch 1 of {epochs} is restored after the last to the last bit"


def _state(subject: ClassifierSubject) -> str:
    classifier, dev = begun(subject), dev_split()
    state = written_and_read(classifier, "the classifier")
    other = started(subject)
    take_over(other, state)
    change = distance(scores(classifier, dev), scores(other, dev))
    assert not change, f"a fresh classifier that took over the state_dict gives other scores, by {change:.1e}"
    return f"{size_of(state)} through safetensors give the same scores to the last bit"


def _missing_class(subject: ClassifierSubject) -> str:
    classifier = begun(subject, toy_split(classes=(0, 1, 3)))
    given = scores(classifier, dev_split())
    assert given.isfinite().all(), "scores are not finite where train lacks a class"
    assert given.shape[1] == len(LABELS), f"it gives {given.shape[1]} scores where train lacks one of {len(LABELS)}"
    return f"finite scores of {len(LABELS)} classes from a train split of 3"


def _one_class(subject: ClassifierSubject) -> str:
    given = scores(begun(subject, toy_split(6, classes=(2,))), dev_split())
    assert given.isfinite().all(), "scores are not finite where train has one class only"
    return "finite scores from a train split of 6 utterances of one class"


def _vectors(subject: ClassifierSubject) -> str:
    vectors = begun(subject).fitted_anchors()
    if vectors is None:
        raise NotApplicableError("it has no class vectors of its own")
    assert vectors.ndim == 2, f"fitted_anchors has the shape {tuple(vectors.shape)}, expected (classes, width)"
    assert len(vectors) == len(LABELS), f"fitted_anchors has {len(vectors)} rows for {len(LABELS)} classes"
    assert vectors.isfinite().all(), "a fitted anchor is not finite"
    return f"{len(vectors)} finite vectors of {vectors.shape[1]} numbers"


FIT_CHECKS: tuple[Check[ClassifierSubject], ...] = (
    Check(
        "fits",
        "It is fitted to 64 utterances; its epochs are counted.",
        "The runner chooses an epoch on dev: a fit that never hands over between epochs keeps the last one.",
        _fits,
    ),
    Check(
        "repeatable",
        "Two fits with the same task.seed, under two states of the global generators; one more in another process.",
        "Readouts of one training are compared with each other: their chance must not depend on who came before.",
        _repeatable,
    ),
    Check(
        "fresh",
        "A classifier that was fitted to other representations is fitted again.",
        "In each epoch it is fitted to new representations; what it keeps of the old ones mixes two models "
        "(EACL's second stage takes anchors of the last epoch to representations of the best).",
        _fresh,
    ),
    Check(
        "selectable",
        "The state after the first epoch of a fit is put back after the last.",
        "The epoch that dev chose is what test is scored with; else it is the last one under another name.",
        _selectable,
    ),
    Check(
        "state",
        "The fitted state goes through safetensors into a fresh classifier; both give their scores.",
        "A saved model must answer as the one that was evaluated, and open without running anybody's pickle.",
        _state,
    ),
    Check(
        "missing class",
        "Train lacks one of four classes.",
        "A rare emotion may be absent from a small train split; the columns must still be those of the labels.",
        _missing_class,
    ),
    Check(
        "one class",
        "Train has one class only.",
        "Divisions by the number of the others end in NaN there.",
        _one_class,
    ),
    Check(
        "vectors",
        "The class vectors after a fit are read.",
        "Figures and records show them by the order of the labels.",
        _vectors,
    ),
)

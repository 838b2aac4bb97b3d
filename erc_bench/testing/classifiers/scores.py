"""Checks of a classifier's scores: their form, their independence, and every option."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from erc_bench.testing.classifiers.fitted_classifier import (
    SEED,
    ClassifierSubject,
    begun,
    copies_of,
    dev_split,
    fit,
    in_float64,
    on,
    rows,
    scores,
    started,
    task_on,
    tensors_of,
    toy_split,
)
from erc_bench.testing.devices import CPU, cuda, distance
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.option_bounds import options_run
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.toy import LABELS

_REQUIRED_ACCURACY = 0.75
"""Of the toy task, whose classes lie well apart; guessing gives 0.25."""
_TOLERANCE = 1e-4
_SIZES = (64, 400)
"""Numbers of utterances scored at once: a small dev split, and about a test split."""
_SAME_ANSWERS = 0.95
"""Share of utterances that get the same label under bfloat16: near a border one may tip over."""
_CUDA_TOLERANCE = 1e-2
"""A fit of many steps adds up the different roundings of two devices."""


def _shape(subject: ClassifierSubject) -> str:
    dev = dev_split()
    with torch.no_grad():
        given = begun(subject).scores(dev)
    expected = (len(dev.labels), len(LABELS))
    assert given.shape == expected, f"scores has the shape {tuple(given.shape)}, expected {expected}"
    assert given.isfinite().all(), "scores are not finite"
    return f"finite scores of {expected[0]} utterances and {expected[1]} classes"


def _accuracy(subject: ClassifierSubject) -> str:
    dev = dev_split()
    given = scores(begun(subject), dev)
    accuracy = (given.argmax(dim=1) == dev.labels).float().mean().item()
    learnt = accuracy >= _REQUIRED_ACCURACY
    assert learnt, f"only {accuracy:.0%} of a task of well separated classes are right"
    return f"{accuracy:.0%} of {len(dev.labels)} utterances are right, by chance 25%"


def _batch_of_one(subject: ClassifierSubject) -> str:
    classifier = begun(subject)
    largest = 0.0
    for size in _SIZES:
        dev = dev_split(size)
        together = scores(classifier, dev)
        for index in range(0, size, size // 8):
            alone = scores(classifier, rows(dev, torch.tensor([index])))
            change = distance(together[index : index + 1], alone)
            same = change <= _TOLERANCE
            assert same, f"the scores of an utterance change by {change:.1e} when it is scored alone, not among {size}"
            largest = max(largest, change)
    sizes = " and ".join(map(str, _SIZES))
    return f"largest change {largest:.1e} of the scores of 8 utterances, alone and among {sizes}"


def _order(subject: ClassifierSubject) -> str:
    classifier, dev = begun(subject), dev_split()
    order = torch.randperm(len(dev.labels), generator=torch.Generator().manual_seed(SEED))
    change = distance(scores(classifier, dev)[order], scores(classifier, rows(dev, order)))
    assert change <= _TOLERANCE, f"scores change by {change:.1e} with the order of the utterances"
    return f"largest change {change:.1e} under one other order of {len(dev.labels)} utterances"


def _labels_unread(subject: ClassifierSubject) -> str:
    classifier, dev = begun(subject), dev_split()
    opened = scores(classifier, dev)
    for what, labels in {"sealed": torch.full_like(dev.labels, -1), "permuted": dev.labels.flip(0)}.items():
        same = torch.equal(scores(classifier, replace(dev, labels=labels)), opened)
        assert same, f"scores change when the labels of what is scored are {what}"
    return f"scores of {len(dev.labels)} utterances are the same to the last bit without labels and with wrong ones"


def _inputs_kept(subject: ClassifierSubject) -> str:
    train, dev = toy_split(), dev_split()
    before = {"train": copies_of(train), "dev": copies_of(dev)}
    classifier = begun(subject, train)
    fit(classifier, train, dev)
    scores(classifier, dev)
    for split, outputs in {"train": train, "dev": dev}.items():
        for name, tensor in tensors_of(outputs).items():
            same = torch.equal(tensor.detach(), before[split][name])
            assert same, f"it changes {name} of {split}, which the other readouts read as well"
    return f"{sum(map(len, before.values()))} tensors of train and dev, the head among them, stay as they are"


def _float64(subject: ClassifierSubject) -> str:
    exact = scores(begun(subject), dev_split())
    train, dev = in_float64(toy_split()), in_float64(dev_split())
    try:
        with seeded(SEED):
            wide = started(subject).double()
            fit(wide, train, dev)
        given = scores(wide, dev)
    except RuntimeError as error:
        raise AssertionError(
            f"on representations in float64 it ends in an error ({error}): keep the precision that is handed over "
            "(new_zeros, .to(z), erc.at_least_float32) instead of asking for float32"
        ) from error
    same = (exact.argmax(1) == given.argmax(1)).float().mean().item()
    assert same >= _SAME_ANSWERS, f"only {same:.0%} of the answers are the same in float64"
    return f"{same:.0%} of the answers are the same, scores differ by {distance(exact.double(), given.double()):.1e}"


def _bf16(subject: ClassifierSubject) -> str:
    classifier, dev = begun(subject), dev_split()
    exact = scores(classifier, dev)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = scores(classifier, dev)
    assert rounded.isfinite().all(), "scores are not finite under bfloat16 autocast"
    same = (exact.argmax(1) == rounded.argmax(1)).float().mean().item()
    assert same >= _SAME_ANSWERS, f"only {same:.0%} of the answers are the same under bfloat16 autocast"
    return f"{same:.0%} of the answers are the same, scores differ by {distance(exact, rounded.float()):.1e}"


def _cuda(subject: ClassifierSubject) -> str:
    device = cuda()
    classifier = started(subject, device)
    fit(classifier, on(toy_split(), device), device=device)
    change = distance(scores(begun(subject), dev_split()), scores(classifier, on(dev_split(), device)))
    assert change <= _CUDA_TOLERANCE, f"scores on CUDA differ from those on the CPU by {change:.1e}"
    return f"largest difference from the CPU {change:.1e}, each fitted on its device"


def _unfitted(subject: ClassifierSubject) -> str:
    if subject.component.refit is not None and not subject.component.scores_unfitted:
        raise NotApplicableError("it says that it gives no scores before a fit")
    given = scores(started(subject), dev_split())
    assert given.isfinite().all(), "scores before a fit are not finite: if they mean nothing, set scores_unfitted=False"
    assert given.shape[1:] == (len(LABELS),), "scores before a fit have another shape than after it"
    return "finite scores before any fit"


def _anchors_declared(subject: ClassifierSubject) -> str:
    if subject.component.needs_anchors:
        return "it says that it reads anchors"
    train, dev = (replace(split, anchors=None) for split in (toy_split(), dev_split()))
    classifier = started(subject)
    try:
        fit(classifier, train, dev)
        given = scores(classifier, dev)
    except NotApplicableError:
        raise
    except Exception as error:
        raise AssertionError(
            f"it fails without anchors ({error!r}): if it reads them, set needs_anchors=True"
        ) from error
    assert given.isfinite().all(), "its scores are not finite without anchors: if it reads them, set needs_anchors=True"
    return "it is fitted and scores without anchors"


def _options_run(subject: ClassifierSubject) -> str:
    def try_out(options: Any, changed: str) -> None:
        classifier = subject.component(options)
        classifier.start(task_on(CPU))
        fit(classifier, toy_split())
        assert scores(classifier, dev_split()).isfinite().all(), f"with {changed} scores are not finite"

    return options_run(subject.component.Options, subject.options, try_out)


SCORE_CHECKS: tuple[Check[ClassifierSubject], ...] = (
    Check(
        "shape",
        "After its fit, the scores of 64 utterances are read.",
        "A score is due for every class of every utterance: what is missing would be counted as another class.",
        _shape,
    ),
    Check(
        "accuracy",
        "It is fitted on 64 utterances of four well separated classes and answers 64 others.",
        "A column that belongs to another label, or a classifier that learns nothing, stays unseen in a real F1.",
        _accuracy,
    ),
    Check(
        "batch of one",
        "Eight utterances are scored alone, and among others of their dialogue and of other dialogues.",
        "Who standardises, clusters or normalises over what is scored has looked at the whole test split.",
        _batch_of_one,
    ),
    Check(
        "batch order",
        "The same utterances are scored in another order.",
        "Test files are sorted by dialogue: a classifier that reads the order reads the conversation's future.",
        _order,
    ),
    Check(
        "labels unread",
        "Labels of what is scored are taken away, and replaced by wrong ones.",
        "Weights or priors from the labels of test raise every number (KET's loss takes them from the test split).",
        _labels_unread,
    ),
    Check(
        "inputs kept",
        "Everything that a fit and a score read is compared before and after.",
        "One training is read by several classifiers: the first would change what the others find.",
        _inputs_kept,
    ),
    Check(
        "bf16",
        "Scores under bfloat16 autocast are compared with float32.",
        "Rounding that changes answers makes a GPU's table another one than a laptop's.",
        _bf16,
    ),
    Check(
        "float64",
        "Fit and scores on representations in float64 are compared with float32.",
        "On a frozen backbone everything beside it computes in float64, so that numbers do not hang on the processor.",
        _float64,
    ),
    Check(
        "cuda",
        "Fit and scores on a CUDA device are compared with the CPU.",
        "A tensor that is made on the CPU ends the run on a GPU, after the training.",
        _cuda,
    ),
    Check(
        "unfitted",
        "Scores are asked for before any fit.",
        "The epoch is chosen on dev by the scores before a fit that comes at the end: they must mean something.",
        _unfitted,
    ),
    Check(
        "anchors",
        "It reads an objective without anchors, unless it says that it needs them.",
        "What it needs is checked before a run, instead of failing after the training.",
        _anchors_declared,
    ),
    Check(
        "options run",
        "Every choice and every bound that an option admits is tried, the others at their values.",
        "A search tries the edges of what is declared.",
        _options_run,
    ),
)

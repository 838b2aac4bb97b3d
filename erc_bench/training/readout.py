"""Reading one training by one classifier: fit it where it wants to be fitted, then score."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.losses import at_least_float32
from erc_bench.contracts.task import Outputs, Task
from erc_bench.errors import ErcBenchError
from erc_bench.store.arrays import PROJECTED, REPRESENTATIONS
from erc_bench.training.events import EpochEnded, Hear, unheard
from erc_bench.training.result import Readout
from erc_bench.training.selection import Rule, Scorer, Selector

Watch = Callable[[Tensor], None]
"""Is handed the (n, classes) scores on test after every epoch of a fit; gives nothing back."""


def read(
    classifier: Classifier,
    splits: tuple[Outputs | None, Outputs, Outputs | None],
    task: Task,
    scorer: Scorer,
    rule: Rule,
    last_k: int,
    watch: Watch | None = None,
    hear: Hear = unheard,
) -> Readout:
    """Read the representations of (train, dev, test); train is needed only where something is fitted.

    ``watch`` sees the scores on test that each epoch of a fit would give, ``hear`` its metrics on dev.
    """
    train, dev, test = splits
    reading = Readout({}, None)
    if classifier.refit is not None:
        assert train is not None
        watched = None if watch is None or test is None else (test, watch)
        _fit(classifier, (train, dev), task, scorer, Selector(rule, last_k), reading, watched, hear)
    reading.dev = scorer.metrics(dev.labels, scores_of(classifier, dev, task.classes))
    if test is not None:
        reading.scores = scores_of(classifier, test, task.classes).softmax(-1).cpu().numpy()
    return reading


def scores_of(classifier: Classifier, outputs: Outputs, classes: int) -> Tensor:
    """Return the classifier's (n, classes) scores; raise :class:`ErcBenchError` where they are something else."""
    with torch.no_grad():
        scores = at_least_float32(classifier.scores(outputs))
    expected = (len(outputs.z), classes)
    if scores.shape != expected:
        raise ErcBenchError(
            f"the classifier {classifier.name!r} gave scores of shape {tuple(scores.shape)} where {expected} is due",
            "scores() must return one row for each utterance and one column for each label.",
        )
    # The last step may have spoilt the weights after the last look at the loss.
    if not scores.isfinite().all():
        raise ErcBenchError(
            f"the scores of the classifier {classifier.name!r} are not finite",
            "Lower training.encoder_lr or training.head_lr, or set training.precision=float32.",
        )
    return scores


def _fit(
    classifier: Classifier,
    splits: tuple[Outputs, Outputs],
    task: Task,
    scorer: Scorer,
    selector: Selector,
    reading: Readout,
    watched: tuple[Outputs, Watch] | None,
    hear: Hear,
) -> None:
    train, dev = splits
    started = time.perf_counter()
    for epoch, _ in enumerate(classifier.fit(train, dev, task)):
        metrics = scorer.metrics(dev.labels, scores_of(classifier, dev, task.classes))
        reading.epochs.append({"epoch": epoch + 1, "dev": metrics})
        score = scorer.headline_of(metrics)
        selector.offer(epoch, score, lambda: deepcopy(classifier.state_dict()))
        if watched is not None:
            test, watch = watched
            watch(scores_of(classifier, test, task.classes))
        seconds, name = time.perf_counter() - started, str(classifier.name)
        hear(EpochEnded("readout", epoch + 1, None, {}, metrics, score, seconds, classifier=name))
        started = time.perf_counter()
    state = selector.chosen_state()
    if state is not None:
        classifier.load_state_dict(state)
    if reading.epochs:
        reading.selection = dict(selector.record())


def anchor_arrays(raw_words: Tensor, dev: Outputs, classifiers: Mapping[str, Classifier]) -> dict[str, np.ndarray]:
    """Return the anchors, (classes, dim) each: raw, after training, and as each classifier adapted them.

    The method's own classifier is the first one.
    """
    arrays = {"anchors.raw": raw_words, "anchors.stage_one": dev.anchors}
    own, *others = classifiers
    arrays["anchors.stage_two"] = classifiers[own].fitted_anchors()
    arrays |= {f"anchors.stage_two.{name}": classifiers[name].fitted_anchors() for name in others}
    return {name: value.detach().float().cpu().numpy() for name, value in arrays.items() if value is not None}


def representation_arrays(test: Outputs) -> dict[str, np.ndarray]:
    """Return z, and where the objective compares in a space of its own, the projections there."""
    arrays = {REPRESENTATIONS: test.z}
    if test.projected.shape != test.z.shape or not torch.equal(test.projected, test.z):
        arrays[PROJECTED] = test.projected
    return {name: _halved(value.detach().float().cpu()) for name, value in arrays.items()}


def _halved(values: Tensor) -> np.ndarray:
    # Half precision is plenty for pictures and probes, but ends at 65504.
    half = values.half()
    return (half if half.isfinite().all() else values).numpy()

"""The result of a cell's training, as the runner receives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.system import System
from erc_bench.contracts.types import UtteranceKey
from erc_bench.training.assembly import Assembly
from erc_bench.training.composition import Composition
from erc_bench.training.preparation import Standardiser, WordStates
from erc_bench.training.prepared import PreparedSplit


@dataclass
class Readout:
    """One classifier's answers from one training.

    ``dev`` holds metrics in points. scores: (n, classes) probabilities on test; ``None`` where test
    was not read. ``epochs`` holds the dev metrics of each epoch of the classifier's own fit.
    """

    dev: dict[str, Any]
    scores: np.ndarray | None
    epochs: list[dict[str, Any]] = field(default_factory=list)
    selection: dict[str, Any] = field(default_factory=dict)


@dataclass
class CellResult:
    """Scores of every reading (the method's own classifier first), and the facts for the record.

    ``keys`` name the test utterances in the order of the scores and of ``representations``, each (n, dim).
    ``model`` holds the trained parts, where they are to be saved.
    """

    keys: list[UtteranceKey]
    readings: dict[str, Readout]
    epochs: list[dict[str, Any]] = field(default_factory=list)
    selection: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    representations: dict[str, np.ndarray] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    model: TrainedParts | System | None = None


@dataclass(frozen=True)
class TrainedParts:
    """The parts with the weights of the chosen epoch, and how they came to be put together.

    ``classifiers`` are fitted, the method's own first. ``words`` are the label words' states, and of whatever
    else was asked for; ``train_counts`` the labels of train by class. ``sample`` holds a few examples of dev, on
    which a copy can be held against the original.
    """

    assembly: Assembly
    composition: Composition
    classifiers: Mapping[str, Classifier]
    standardiser: Standardiser
    words: WordStates
    train_counts: tuple[int, ...]
    sample: PreparedSplit

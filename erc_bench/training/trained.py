"""What a trained composition is made of, for the one who saves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from erc_bench.contracts.classifier import Classifier
from erc_bench.training.assembly import Assembly
from erc_bench.training.composition import Composition
from erc_bench.training.prepared import PreparedSplit
from erc_bench.training.standardise import Standardiser
from erc_bench.training.word_states import WordStates


@dataclass(frozen=True)
class Trained:
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

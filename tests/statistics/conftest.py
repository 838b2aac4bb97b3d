from functools import partial

import numpy as np
import pytest

from erc_bench.statistics.metrics import from_counts


@pytest.fixture(scope="session")
def weighted():
    return partial(from_counts, metric="weighted_f1")


@pytest.fixture(scope="session")
def make_counts():
    """Return a function that draws counts (systems, seeds, dialogues, classes, classes) of one test set."""

    def make(rng, accuracies=(0.6, 0.6), seeds=2, lengths=(4, 7, 3, 9, 5), classes=3):
        dialogue = np.repeat(np.arange(len(lengths)), lengths)
        gold = rng.integers(0, classes, len(dialogue))
        counts = np.zeros((len(accuracies), seeds, len(lengths), classes, classes), dtype=np.int64)
        for system, accuracy in enumerate(accuracies):
            for seed in range(seeds):
                right = rng.random(len(gold)) < accuracy
                predicted = np.where(right, gold, rng.integers(0, classes, len(gold)))
                np.add.at(counts[system, seed], (dialogue, gold, predicted), 1)
        return counts

    return make

"""Weights of the classes that a user sets: in the order of the labels, as those that are counted would be."""

import csv
from collections import Counter

import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets.meld import Meld

FROZEN = ("encoder.trainable=none", "training.epochs=2")


@pytest.fixture
def scores(grid):
    """Return a function that trains with some weights and gives the scores of all answers."""

    def scores(weights):
        (plan,) = grid.run("ce", settings=(*FROZEN, f"training.class_weights={weights}")).ran
        with (grid.folder(plan) / "predictions.csv").open(newline="") as stream:
            return [float(row[label]) for row in csv.DictReader(stream) for label in Meld.labels]

    return scores


def test_a_list_weighs_as_the_rule_does_that_gives_it(grid, scores):
    train = load_corpus(Meld(), grid.data_dir).splits.train
    counts = Counter(turn.label for dialogue in train for turn in dialogue.utterances if turn.scored)
    inverse = [1 / counts[label] if counts[label] else 0.0 for label in Meld.labels]
    balanced = [own * sum(map(bool, inverse)) / sum(inverse) for own in inverse]
    # A class that train lacks has no weight by the rule; a number above 0 changes nothing for it.
    given = [own or 1.0 for own in balanced]
    by_rule = scores("balanced")
    assert scores(given) == pytest.approx(by_rule, abs=2e-4)
    other = [*given[1:], given[0] * 9]
    assert scores(other) != pytest.approx(by_rule, abs=2e-3)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("[1,2]", "training.class_weights: 2 weights for the 7 labels of meld: anger, disgust"),
        ("[1,1,1,1,1,1,0]", "must be above 0"),
        ("inverse", "training.class_weights"),
    ],
)
def test_weights_that_are_none_are_refused(grid, weights, said):
    with pytest.raises(ErcBenchError, match="class_weights") as refused:
        grid.plans(settings=(*FROZEN, f"training.class_weights={weights}"))
    assert said in refused.value.message

"""One training, read by classifiers that fit in their own way."""

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.testing.classifiers import toy_split
from erc_bench.testing.toy import LABELS, toy_task
from erc_bench.training.readout import read
from erc_bench.training.selection import Scorer
from erc_bench_plugins.classifiers.head import Head

SCORER = Scorer(LABELS, (), "weighted_f1")


class Scripted(erc.Classifier):
    """Is right about the first so many utterances, by the epoch of its fit."""

    name = "scripted"
    source = "this test"
    refit = "end"
    right = (4, 40, 40, 8)

    def __init__(self, options=None):
        super().__init__(options)
        self.known = nn.Parameter(torch.tensor(0.0))

    def fit(self, train, dev, task):
        for count in self.right:
            with torch.no_grad():
                self.known.fill_(count)
            yield

    def scores(self, outputs):
        wrong = (outputs.labels + 1) % len(LABELS)
        known = torch.arange(len(outputs.labels)) < self.known
        return 9.0 * nn.functional.one_hot(torch.where(known, outputs.labels, wrong), len(LABELS)).float()


def splits():
    return toy_split(), toy_split(seed=2), toy_split(size=8, seed=3)


@pytest.mark.parametrize(("rule", "epoch", "right"), [("dev", 2, 40), ("last", 4, 8), ("average-last-k", 4, 24)])
def test_the_runner_chooses_the_epoch_of_a_fit(rule, epoch, right):
    reading = read(Scripted(), splits(), toy_task(), SCORER, rule, 2)
    assert reading.dev["accuracy"] == pytest.approx(100 * right / 64)
    assert reading.selection["epoch"] == epoch
    assert [entry["epoch"] for entry in reading.epochs] == [1, 2, 3, 4]
    accuracies = [entry["dev"]["accuracy"] for entry in reading.epochs]
    assert accuracies == pytest.approx([100 * n / 64 for n in Scripted.right])


def test_test_scores_are_probabilities():
    reading = read(Head(), splits(), toy_task(), SCORER, "dev", 1)
    expected = splits()[2].logits.softmax(-1)
    torch.testing.assert_close(torch.from_numpy(reading.scores), expected.detach())


def test_without_test_there_are_no_scores():
    reading = read(Head(), (None, splits()[1], None), toy_task(), SCORER, "dev", 1)
    assert reading.scores is None
    assert reading.dev["accuracy"] > 75


@pytest.mark.parametrize("broken", [1, 2])
def test_scores_that_are_not_finite_are_no_result(broken):
    three = list(splits())
    three[broken].logits = three[broken].logits.detach().clone()
    three[broken].logits[3, 1] = torch.nan
    with pytest.raises(ErcBenchError, match="scores of the classifier 'head' are not finite"):
        read(Head(), tuple(three), toy_task(), SCORER, "dev", 1)


@pytest.mark.parametrize("cut", [lambda scores: scores[:, :2], lambda scores: scores[:-1]])
def test_scores_of_the_wrong_shape_name_their_classifier(cut, monkeypatch):
    right = Head.scores
    monkeypatch.setattr(Head, "scores", lambda self, outputs: cut(right(self, outputs)))
    with pytest.raises(ErcBenchError, match=r"the classifier 'head' gave scores of shape \(\d+, \d+\) where"):
        read(Head(), (None, toy_split(), None), toy_task(), SCORER, "dev", 1)

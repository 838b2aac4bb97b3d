"""What a classifier may ask of dev: the metric that decides."""

import pytest
import torch

from erc_bench.contracts.task import accuracy
from erc_bench.training.selection import Scorer

LABELS = torch.tensor([0, 0, 0, 1])
SCORES = torch.tensor([[2.0, 1.0], [2.0, 1.0], [0.0, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize("headline", ["weighted_f1", "macro_f1", "accuracy"])
def test_the_headline_is_one_of_the_metrics(headline):
    scorer = Scorer(("joy", "neutral"), (), headline)
    assert scorer.headline_score(LABELS, SCORES) == scorer.metrics(LABELS, SCORES)[headline]


def test_without_a_dataset_it_is_accuracy():
    assert accuracy(LABELS, SCORES) == 0.75

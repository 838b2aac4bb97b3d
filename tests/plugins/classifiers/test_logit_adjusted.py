"""Logits minus the logarithm of the class shares."""

import math

import pytest
import torch

import erc_bench.api as erc
from erc_bench.testing.classifiers import toy_split
from erc_bench.testing.toy import DIM, LABELS, toy_task
from erc_bench_plugins.classifiers.logit_adjusted import LogitAdjusted


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
def test_scores_by_the_definition(tau):
    classifier = LogitAdjusted(LogitAdjusted.Options(tau=tau))
    classifier.start(erc.Task(LABELS, LABELS, DIM, torch.tensor([70, 20, 9, 0]), toy_task().encode_words))
    split = toy_split()
    shares = [count / 100 for count in (70, 20, 9, 1)]  # a class that train lacks counts as seen once
    expected = split.logits - tau * torch.tensor([math.log(share) for share in shares])
    torch.testing.assert_close(classifier.scores(split), expected)


def test_it_has_nothing_to_fit():
    assert LogitAdjusted.refit is None
    assert not list(LogitAdjusted().parameters())

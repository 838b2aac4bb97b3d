"""The head's scores are the logits."""

import torch

from erc_bench.testing.classifiers import toy_split
from erc_bench_plugins.classifiers.head import Head


def test_scores_are_the_logits():
    split = toy_split()
    assert torch.equal(Head().scores(split), split.logits)

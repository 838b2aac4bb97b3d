"""Head weights of evened length: the definition, the choice on dev, heads that it cannot read."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.testing.classifiers import toy_split
from erc_bench.testing.toy import toy_task
from erc_bench_plugins.classifiers.tau_norm import TauNorm, normalised
from erc_bench_plugins.objectives.bcl import CosineHead


def long_weights(factor=50.0):
    """A split whose head has far too long weights for the first class."""
    split = toy_split(96)
    head = nn.Sequential(nn.Dropout(0.1), nn.Linear(split.z.shape[1], 4))
    with torch.no_grad():
        head[1].weight.copy_(split.head.weight / split.head.weight.norm(dim=1, keepdim=True))
        head[1].weight[0] *= factor
        head[1].bias.copy_(torch.tensor([9.0, 0, 0, 0]))
    return replace(split, head=head.eval())


def fit(split, task=None, **options):
    classifier = TauNorm(TauNorm.Options(**options))
    assert sum(1 for _ in classifier.fit(split, split, task or toy_task())) == 1
    return classifier


@pytest.mark.parametrize("tau", [0.0, 0.4, 1.0])
def test_scores_by_the_definition(tau):
    split = long_weights()
    weight = split.head[1].weight
    expected = torch.stack([split.z @ w / w.norm() ** tau for w in weight], dim=1)
    found = fit(split, tau=tau).scores(split)
    # A sum of n products in float32 is off by no more than n units of the last place of what is added.
    added = torch.stack([split.z.abs() @ w.abs() / w.norm() ** tau for w in weight], dim=1)
    allowed = split.z.shape[1] * torch.finfo(torch.float32).eps * added
    assert ((found - expected).abs() <= allowed).all()
    assert allowed.max() < 1e-3 * expected.abs().max()


def test_tau_is_chosen_by_the_metric_of_the_dataset():
    split = long_weights()
    classifier = fit(split)
    chosen = (classifier.scores(split).argmax(dim=1) == split.labels).float().mean()
    untouched = (fit(split, tau=0.0).scores(split).argmax(dim=1) == split.labels).float().mean()
    assert chosen > untouched

    def likes_the_first_class(labels, scores):
        return (scores.argmax(dim=1) == 0).float().mean().item()

    biased = fit(split, replace(toy_task(), headline=likes_the_first_class))
    assert torch.equal(biased.weight, normalised(split.head[1].weight.detach(), 0.0))


def test_the_smallest_of_equals():
    classifier = fit(long_weights(), replace(toy_task(), headline=lambda labels, scores: 1.0))
    assert torch.equal(classifier.weight, fit(long_weights(), tau=0.0).weight)


def test_a_head_without_a_bias_of_its_own_kind_is_read_too():
    split = toy_split()
    head = CosineHead(split.z.shape[1], 4, 0.1, 30.0)
    assert fit(replace(split, head=head), tau=1.0).weight.shape == head.weight.shape


@pytest.mark.parametrize(
    "head", [nn.Identity(), nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4)), nn.Linear(8, 4)]
)
def test_another_head_is_refused(head):
    with pytest.raises(erc.ErcBenchError, match="a head of one linear layer"):
        fit(replace(toy_split(), head=head))

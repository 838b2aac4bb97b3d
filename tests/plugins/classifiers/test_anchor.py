"""Anchor adaptation (Eq 9): what moves, from where, how far, and that it repeats."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.contracts.options import specs
from erc_bench.testing.classifiers import toy_split
from erc_bench.testing.toy import toy_task
from erc_bench_plugins.classifiers.anchor import Anchor
from erc_bench_plugins.objectives.eacl import Eacl

R = torch.tensor([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]])
Y = torch.tensor([0, 0, 1])
A = torch.tensor([[0.6, 0.8, 0], [0, 0.6, 0.8], [-1, 0, 0]])


def fit(train, task=None, **options):
    classifier = Anchor(Anchor.Options(**options))
    epochs = sum(1 for _ in classifier.fit(train, train, task or toy_task()))
    return classifier, epochs


def misplaced(size=96):
    """A split whose anchors are turned halfway to the next class."""
    split = toy_split(size)
    return replace(split, anchors=split.anchors + 0.6 * split.anchors.roll(1, dims=0))


def loss(classifier, split):
    with torch.no_grad():
        return F.cross_entropy(classifier.scores(split), split.labels).item()


@pytest.mark.parametrize(("score", "expected"), [("cosine", 0.001874), ("half-cosine", 0.044538)])
def test_check_value_of_the_loss(score, expected):
    classifier = Anchor(Anchor.Options(temperature=0.1, score=score))
    split = erc.Outputs(R, R, R, Y, [], torch.nn.Identity(), anchors=A)
    assert loss(classifier, split) == pytest.approx(expected, abs=5e-7)


def test_before_the_fit_it_reads_the_anchors_of_the_objective():
    split = misplaced()
    classifier = Anchor()
    classifier.start(toy_task(objective_options=Eacl.Options(temperature=0.25)))
    expected = torch.stack([F.cosine_similarity(split.projected, a[None]) for a in split.anchors], dim=1)
    torch.testing.assert_close(classifier.scores(split), 4 * expected)
    assert classifier.fitted_anchors() is None


def test_the_fit_lowers_the_loss_and_yields_once_per_epoch():
    split = misplaced()
    before = loss(Anchor(), split)
    classifier, epochs = fit(split, lr=1e-2)
    assert epochs == 10
    assert loss(classifier, split) < before - 0.01


def test_only_a_copy_of_the_anchors_moves():
    split = misplaced()
    stage_one, projected = split.anchors.clone(), split.projected.clone()
    classifier, _ = fit(split, lr=1e-2)
    assert [name for name, _ in classifier.named_parameters()] == ["adapted"]
    assert torch.equal(split.anchors, stage_one)
    assert torch.equal(split.projected, projected)
    assert not torch.allclose(classifier.fitted_anchors(), stage_one)


def test_inheritance_is_where_it_starts():
    split = misplaced()
    stay = {"lr": 1e-12, "epochs": 1}
    inherited, _ = fit(split, **stay)
    random, _ = fit(split, inheritance=False, **stay)
    torch.testing.assert_close(inherited.fitted_anchors(), split.anchors)
    assert not torch.allclose(random.fitted_anchors(), split.anchors)
    torch.testing.assert_close(random.fitted_anchors().norm(dim=1), split.anchors.norm(dim=1))


@pytest.mark.parametrize("inheritance", [True, False])
def test_the_task_seed_decides_all_chance(inheritance):
    split = misplaced()
    fits = [fit(split, toy_task(seed=seed), lr=1e-2, inheritance=inheritance)[0] for seed in (1, 1, 2)]
    first, again, other = (classifier.fitted_anchors() for classifier in fits)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_one_epoch_is_adam_on_the_mean_cross_entropy_of_one_batch():
    """The definition, with the whole split in one batch so that its order does not matter."""
    split = misplaced(48)
    classifier, _ = fit(split, epochs=2, lr=1e-2, batch_size=64, temperature=0.2, clip=0.01)
    anchors = split.anchors.clone().requires_grad_()
    optimizer = torch.optim.Adam([anchors], lr=1e-2)
    for _ in range(2):
        optimizer.zero_grad()
        total = torch.zeros(())
        for r, label in zip(split.projected, split.labels, strict=True):
            logits = torch.stack([F.cosine_similarity(r, a, dim=0) / 0.2 for a in anchors])
            total = total + logits.logsumexp(0) - logits[label]
        (total / len(split.labels)).backward()
        anchors.grad *= min(1.0, 0.01 / anchors.grad.norm().item())
        optimizer.step()
    torch.testing.assert_close(classifier.fitted_anchors(), anchors.detach(), rtol=1e-3, atol=1e-4)


def test_it_is_fitted_where_gradients_are_switched_off():
    split = misplaced()
    with torch.no_grad():
        classifier, _ = fit(split, lr=1e-2)
        assert not torch.is_grad_enabled()
    assert loss(classifier, split) < loss(Anchor(), split)


def test_representations_of_a_projection_that_trains_are_left_alone():
    split = misplaced()
    leaf = split.projected.clone().requires_grad_()
    fit(replace(split, projected=leaf * 1.0))
    assert leaf.grad is None


def test_rates_by_regime():
    rate = specs(Anchor.Options)["lr"]
    assert [rate.default_in(regime) for regime in ("large", "small", "frozen")] == [1e-4, 1e-3, 1e-2]

"""A linear classifier on frozen representations: what it learns, what it draws, where it starts."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.testing.classifiers import toy_split
from erc_bench.testing.toy import toy_labels, toy_representations, toy_task
from erc_bench_plugins.classifiers.probe import Probe


def fit(train, task=None, **options):
    classifier = Probe(Probe.Options(**options))
    epochs = sum(1 for _ in classifier.fit(train, train, task or toy_task()))
    return classifier, epochs


def split(labels, noise=0.5, seed=0):
    z = toy_representations(labels, noise=noise, seed=seed)
    return erc.Outputs(z, 2 * z, torch.zeros(len(z), 4), labels, [], nn.Identity())


def test_two_epochs_are_adamw_on_standardised_rows():
    """The definition, with the whole split in one batch so that its order does not matter."""
    train = split(toy_labels(38))  # not all classes equally often: the first gradient of the bias would be rounding
    classifier, epochs = fit(train, epochs=2, lr=0.1, batch_size=64, weight_decay=0.3)
    assert epochs == 2
    rows = (train.z - train.z.mean(0)) / train.z.std(0, correction=0)
    layer = nn.Linear(rows.shape[1], 4)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    groups = [{"params": [layer.weight], "weight_decay": 0.3}, {"params": [layer.bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(layer(rows), train.labels).backward()
        optimizer.step()
    torch.testing.assert_close(classifier.scores(train), layer(rows), rtol=1e-3, atol=1e-3)


def test_it_leaves_what_it_reads_alone():
    train = split(toy_labels(40))
    leaf = train.z.clone().requires_grad_()
    classifier, _ = fit(replace(train, z=leaf * 1.0))
    assert leaf.grad is None
    assert not list(classifier.parameters())
    assert set(classifier.state_dict()) == {"weight", "bias", "mean", "deviation"}


def test_balance_finds_the_rare_class():
    labels = torch.cat([torch.zeros(380, dtype=torch.long), torch.ones(20, dtype=torch.long)])
    train = split(labels, noise=6.0)
    recall = {}
    for balanced in (False, True):
        classifier, _ = fit(train, balanced=balanced, lr=1e-2)
        predicted = classifier.scores(train).argmax(dim=1)
        recall[balanced] = (predicted[380:] == 1).float().mean().item()
    assert recall[True] > recall[False] + 0.3


def test_balanced_draws_take_every_class_equally_often():
    labels = torch.cat([torch.zeros(900, dtype=torch.long), torch.full((100,), 2)])
    drawn = Probe(Probe.Options(balanced=True))._drawn(labels, torch.Generator().manual_seed(0))
    assert len(drawn) == 1000
    assert 420 < (labels[drawn] == 2).sum() < 580
    once = Probe()._drawn(labels, torch.Generator().manual_seed(0))
    assert sorted(once.tolist()) == list(range(1000))


@pytest.mark.parametrize("balanced", [False, True])
def test_the_task_seed_decides_all_chance(balanced):
    train = split(toy_labels(100), noise=3.0)
    first, again, other = (fit(train, toy_task(seed=seed), balanced=balanced)[0].scores(train) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_space():
    train = split(toy_labels(40))
    classifier, _ = fit(train, space="projected")
    torch.testing.assert_close(classifier.mean, 2 * train.z.mean(0))


def test_a_dimension_that_never_moves_is_finite():
    train = split(toy_labels(40))
    train.z[:, 3] = 7.0
    classifier, _ = fit(train)
    assert classifier.scores(train).isfinite().all()


def test_it_is_fitted_where_gradients_are_switched_off():
    train = toy_split()
    with torch.no_grad():
        classifier, _ = fit(train)
    assert (classifier.scores(train).argmax(dim=1) == train.labels).float().mean() > 0.9

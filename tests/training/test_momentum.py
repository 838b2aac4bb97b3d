"""Further views from a slow copy of the encoder."""

import pytest
import torch

import erc_bench.api as erc
from erc_bench.training.momentum import MomentumEncoder


class Slow(erc.Objective):
    """Trains on the first view and keeps what the second one is."""

    name = "slow"
    source = "this test"
    views = 2
    momentum = 0.9

    def start(self, task):
        self.seen = []

    def loss(self, outputs):
        self.seen.append(outputs.views[1])
        return {"ce": outputs.cross_entropy()}


def moved(composition):
    with torch.no_grad():
        for parameter in composition.encoder.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))


def states(composition):
    return {name: value.clone() for name, value in composition.encoder.state_dict().items()}


def test_the_copy_is_the_encoder_at_first_and_follows_by_its_momentum(bench):
    composition = bench.composition(Slow())
    slow = composition._slow.encoder
    before = states(composition)
    moved(composition)
    composition.after_step()
    for name, value in slow.state_dict().items():
        torch.testing.assert_close(value, 0.9 * before[name] + 0.1 * composition.encoder.state_dict()[name])


def test_the_second_view_is_the_copy_s_and_has_no_gradient(bench):
    composition = bench.composition(Slow())
    split = bench.split(composition)
    moved(composition)
    outputs = composition.outputs(split, [0, 1, 2], views=2)
    first, second = outputs.views
    assert first.z.requires_grad
    assert not second.z.requires_grad
    expected = bench.composition(Slow()).outputs(split, [0, 1, 2]).z
    torch.testing.assert_close(second.z, expected)
    assert not torch.allclose(first.z, second.z)


def test_it_is_no_part_of_what_trains_or_is_kept(bench):
    plain, slow = bench.composition(), bench.composition(Slow())
    for composition in (plain, slow):
        assert len(composition.parameter_groups()["encoder"]) == len(plain.parameter_groups()["encoder"])
    assert slow.trainable_state().keys() == plain.trainable_state().keys()
    assert not any(parameter.requires_grad for parameter in slow._slow.encoder.parameters())


@pytest.mark.parametrize(("trainable", "shared"), [("all", False), (1, None), ("none", True)])
def test_what_does_not_train_is_shared(bench, trainable, shared):
    composition = bench.composition(Slow(), trainable=trainable)
    copy = composition._slow.encoder
    pairs = list(zip(composition.encoder.parameters(), copy.parameters(), strict=True))
    assert all((one is other) == (not one.requires_grad) for one, other in pairs)
    if shared is not None:
        assert all((one is other) == shared for one, other in pairs)
    assert copy.tokenizer is composition.encoder.tokenizer


def test_it_has_dropout_where_the_encoder_has(bench_with_dropout):
    composition = bench_with_dropout.composition(Slow(), trainable=1)
    for training in (True, False):
        composition.set_training(training)
        modes = [module.training for module in composition.encoder.modules()]
        assert [module.training for module in composition._slow.encoder.modules()] == modes
    assert isinstance(composition._slow, MomentumEncoder)


def test_training_moves_it_once_per_step(bench):
    objective = Slow()
    composition = bench.composition(objective)
    before = states(composition)
    bench.train(composition, epochs=1, batch_size=8)
    slow = composition._slow.encoder.state_dict()
    assert any(not torch.equal(slow[name], before[name]) for name in slow)
    assert len(objective.seen) == 3


def test_with_a_frozen_backbone_the_views_are_equal(bench):
    objective = Slow()
    composition = bench.composition(objective, trainable="none")
    split = bench.split(composition)
    first, second = composition.outputs(split, [0, 1], views=2).views
    assert torch.equal(first.z, second.z)

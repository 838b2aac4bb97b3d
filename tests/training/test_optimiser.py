"""Learning rates against values worked by hand, and who gets which."""

import math

import pytest
import torch
from torch import nn

from erc_bench.errors import ErcBenchError
from erc_bench.planning.settings import TrainingOptions
from erc_bench.training.optimiser import Schedule, clip_gradients, make_optimiser


def rates(schedule, epochs, steps_per_epoch, warmup=0.0, steps_of=None):
    """Return the encoder's rate at every step, for a peak of 1; an epoch may have fewer steps than a full one."""
    options = TrainingOptions(
        epochs=epochs, encoder_lr=1.0, head_lr=0.5, schedule=schedule, warmup=warmup, weight_decay=0.0
    )
    groups = {"encoder": [nn.Parameter(torch.ones(2, 2))], "head": [nn.Parameter(torch.ones(2, 2))]}
    optimiser = make_optimiser(groups, options)
    plan = Schedule(optimiser, options, steps_per_epoch)
    found = []
    for epoch in range(epochs):
        steps = (steps_of or {}).get(epoch, steps_per_epoch)
        for step in range(steps):
            plan.set_rates(epoch, step, steps)
            encoder, head = (group["lr"] for group in optimiser.param_groups)
            assert head == pytest.approx(encoder / 2)
            found.append(encoder)
    return found


def test_constant():
    assert rates("constant", 2, 2) == [1, 1, 1, 1]


def test_linear_falls_to_zero_after_the_last_step():
    assert rates("linear", 2, 2) == pytest.approx([1, 0.75, 0.5, 0.25])


def test_cosine():
    half = math.sqrt(0.5)
    assert rates("cosine", 2, 2) == pytest.approx([1, (1 + half) / 2, 0.5, (1 - half) / 2])


def test_halving_after_each_epoch():
    assert rates("halving", 3, 2) == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_warm_up_rises_and_the_fall_begins_at_its_end():
    assert rates("linear", 1, 10, warmup=0.3) == pytest.approx(
        [1 / 4, 2 / 4, 3 / 4, *(1 - step / 7 for step in range(7))]
    )
    assert rates("constant", 2, 2, warmup=0.5) == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert rates("halving", 2, 4, warmup=0.25) == pytest.approx([1 / 3, 2 / 3, 1, 1, 1, 1, 0.5, 0.5])


def test_an_epoch_of_fewer_steps_moves_the_rates_as_far_as_a_full_one():
    assert rates("halving", 3, 4, steps_of={0: 2, 1: 1}) == [1, 1, 0.5, 0.25, 0.25, 0.25, 0.25]
    assert rates("linear", 2, 4, steps_of={0: 2}) == pytest.approx([1, 0.75, 0.5, 0.375, 0.25, 0.125])


def test_the_groups_have_their_rates_and_vectors_no_decay():
    encoder, head, frozen = nn.Linear(3, 3), nn.Linear(3, 2), nn.Linear(3, 3).requires_grad_(False)
    groups = {"encoder": [*encoder.parameters(), *frozen.parameters()], "head": list(head.parameters())}
    options = TrainingOptions(encoder_lr=1e-3, head_lr=1e-2, weight_decay=0.1)
    of = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in make_optimiser(groups, options).param_groups
        for parameter in group["params"]
    }
    assert of == {
        id(encoder.weight): (1e-3, 0.1),
        id(encoder.bias): (1e-3, 0.0),
        id(head.weight): (1e-2, 0.1),
        id(head.bias): (1e-2, 0.0),
    }


def test_vectors_without_gradient_stay_where_they_are_and_matrices_decay():
    matrix, vector = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    optimiser = make_optimiser(
        {"encoder": [], "head": [matrix, vector]}, TrainingOptions(head_lr=0.1, weight_decay=0.5)
    )
    matrix.grad, vector.grad = torch.zeros(2, 2), torch.zeros(2)
    optimiser.step()
    torch.testing.assert_close(matrix.data, torch.full((2, 2), 1 - 0.1 * 0.5))
    assert vector.data.tolist() == [1, 1]


def test_nothing_to_train_is_an_error():
    frozen = nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(ErcBenchError, match="nothing trains"):
        make_optimiser({"encoder": list(frozen.parameters()), "head": []}, TrainingOptions())


@pytest.mark.parametrize("size", [1e-3, 1.0, 50.0, math.inf, math.nan])
def test_gradients_are_clipped_as_pytorch_clips_them(size):
    generator = torch.Generator().manual_seed(1)
    ours, theirs = ([nn.Parameter(torch.zeros(shape)) for shape in ((4, 3), (5,), (2,))] for _ in range(2))
    for mine, other in zip(ours[:2], theirs[:2], strict=True):
        mine.grad = size * torch.rand(mine.shape, generator=generator)
        other.grad = mine.grad.clone()
    before = [parameter.grad for parameter in ours[:2]]
    clip_gradients(ours, 5.0)
    nn.utils.clip_grad_norm_(theirs, 5.0)
    assert ours[2].grad is None
    for mine, other, same in zip(ours[:2], theirs[:2], before, strict=True):
        assert mine.grad is same
        assert torch.equal(mine.grad.nan_to_num(7.0), other.grad.nan_to_num(7.0))


def test_a_parameter_that_is_there_twice_is_moved_once_with_its_first_group():
    shared, own = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    options = TrainingOptions(encoder_lr=1e-3, head_lr=1e-2)
    optimiser = make_optimiser({"encoder": [shared], "head": [shared, own, own, shared]}, options)
    placed = [(group["lr"], [id(p) for p in group["params"]]) for group in optimiser.param_groups]
    assert placed == [(1e-3, [id(shared)]), (1e-2, [id(own)])]

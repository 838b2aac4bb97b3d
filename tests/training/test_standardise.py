"""Dimension by dimension, as a loop would do it."""

import math

import torch

from erc_bench.training.standardise import Standardiser


def test_each_dimension_has_mean_zero_and_deviation_one():
    states = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5.0, 0.1, 30.0]) + 7
    standardised = Standardiser.fit(states)(states)
    for column, raw in zip(standardised.T.tolist(), states.T.tolist(), strict=True):
        mean = sum(raw) / len(raw)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in raw) / len(raw))
        for value, source in zip(column, raw, strict=True):
            assert math.isclose(value, (source - mean) / deviation, rel_tol=1e-3, abs_tol=1e-4)


def test_other_splits_are_moved_by_what_train_has():
    standardiser = Standardiser.fit(torch.tensor([[0.0], [2.0]]))
    assert standardiser(torch.tensor([[3.0]])).tolist() == [[2.0]]


def test_a_constant_dimension_is_centred_and_keeps_its_scale():
    standardiser = Standardiser.fit(torch.tensor([[3.0, 1.0], [3.0, 2.0]]))
    assert standardiser(torch.tensor([[3.0, 1.5], [3.5, 1.5]]))[:, 0].tolist() == [0.0, 0.5]


def test_one_row_is_no_division_by_zero():
    assert Standardiser.fit(torch.tensor([[3.0, 1.0]]))(torch.tensor([[3.0, 1.0]])).tolist() == [[0.0, 0.0]]


def test_identity_changes_nothing():
    states = torch.randn(3, 2)
    assert torch.equal(Standardiser.identity(2)(states), states)

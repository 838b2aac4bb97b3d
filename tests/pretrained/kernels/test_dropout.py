"""Dropout from random bits, against what dropout is."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from erc_bench.pretrained.kernels.dropout import BitDropout, keep_scale, quicken_dropout

TYPES = [torch.float32, torch.bfloat16, torch.float16, torch.float64]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.003, 1.0])
def test_every_element_is_dropped_or_scaled(dtype, p):
    torch.manual_seed(0)
    kept = keep_scale((41, 7), p, dtype)
    assert kept.shape == (41, 7)
    assert kept.dtype == dtype
    scale = torch.tensor(65536 / (65536 - min(round(p * 65536), 65535)), dtype=dtype)
    assert set(kept.unique().tolist()) <= {0.0, scale.item()}


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_as_many_are_dropped_as_asked(p):
    torch.manual_seed(1)
    draws = 1_000_000
    dropped = (keep_scale((draws,), p, torch.float32) == 0).float().mean().item()
    assert dropped == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / draws))


def test_neighbours_are_dropped_independently():
    torch.manual_seed(2)
    dropped = (keep_scale((1_000_000,), 0.25, torch.float32) == 0).double() - 0.25
    for apart in (1, 2, 3, 4, 5, 64):
        correlation = (dropped[:-apart] * dropped[apart:]).mean().item() / (0.25 * 0.75)
        assert abs(correlation) < 5e-3


def test_a_seed_decides_and_every_call_draws_anew():
    layer = BitDropout(0.3)
    values = torch.ones(1000)
    torch.manual_seed(3)
    first, second = layer(values), layer(values)
    assert not torch.equal(first, second)
    torch.manual_seed(3)
    assert torch.equal(layer(values), first)


def test_the_gradient_passes_where_values_pass():
    values = torch.randn(50, requires_grad=True)
    out = BitDropout(0.4)(values)
    out.sum().backward()
    torch.testing.assert_close(values.grad, torch.where(out == 0, 0.0, out / values).detach())


def test_in_evaluation_nothing_is_dropped():
    values = torch.randn(20)
    assert torch.equal(BitDropout(0.5).eval()(values), values)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_ends_are_those_of_torch(p):
    values = torch.randn(20)
    assert torch.equal(BitDropout(p)(values), F.dropout(values, p, training=True))


def test_plain_dropout_is_exchanged_and_nothing_else():
    model = nn.Sequential(nn.Dropout(0.2), nn.Linear(3, 3), nn.Sequential(nn.Dropout(0.1)), nn.AlphaDropout(0.1))
    assert quicken_dropout(model) == 2
    assert [type(module) for module in (model[0], model[2][0], model[3])] == [BitDropout, BitDropout, nn.AlphaDropout]
    assert (model[0].p, model[2][0].p) == (0.2, 0.1)
    assert quicken_dropout(model) == 0
    assert type(copy.deepcopy(model)[0]) is BitDropout

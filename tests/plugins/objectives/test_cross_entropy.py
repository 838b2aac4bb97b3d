"""Cross-entropy against its definition."""

import math

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench_plugins.methods.cross_entropy import erc_methods
from erc_bench_plugins.objectives.cross_entropy import CrossEntropy


def outputs(class_weights=None):
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    z = torch.zeros(3, 4)
    labels = torch.tensor([0, 0, 1])
    return erc.Outputs(z, z, logits, labels, [], nn.Identity(), class_weights=class_weights)


def row_losses():
    return [math.log(1 + math.exp(-2)), math.log(1 + math.e), math.log(2)]


def test_mean_over_the_batch():
    terms = CrossEntropy().loss(outputs())
    assert list(terms) == ["cross_entropy"]
    assert terms["cross_entropy"].item() == pytest.approx(sum(row_losses()) / 3)


def test_class_weights_of_the_training():
    first, second, third = row_losses()
    terms = CrossEntropy().loss(outputs(torch.tensor([1.0, 3.0])))
    assert terms["cross_entropy"].item() == pytest.approx((first + second + 3 * third) / 5)


def test_methods():
    with_context, without = (method for method in erc_methods() if not method.name.startswith("llm-"))
    assert with_context.name == "ce"
    assert with_context.choices == {"objective": "cross-entropy", "classifier": "head"}
    assert without.name == "utterance-ce"
    assert without.choices == {**with_context.choices, "encoder": "utterance"}

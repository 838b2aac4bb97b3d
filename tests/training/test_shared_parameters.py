"""A projection that objective and head share, against a plain loop of AdamW in float64."""

import pytest
import torch
from torch import nn

import erc_bench.api as erc


class SharedProjection(erc.Objective):
    """A head that contains the projection of its objective."""

    name = "shared-projection"
    source = "this test"

    width = 5

    def start(self, task):
        self.projection = nn.Linear(task.dim, self.width)

    def project(self, z):
        return self.projection(z)

    def make_head(self, dim, classes, dropout):
        return nn.Sequential(self.projection, nn.Linear(self.width, classes))

    def loss(self, outputs):
        return {"ce": outputs.cross_entropy(), "size": 0.3 * outputs.projected.square().mean()}


class SharedApart(SharedProjection):
    """No term reaches the last layer of that head."""

    def loss(self, outputs):
        return {"size": 0.3 * outputs.projected.square().mean()}


class NoHeadOfItsOwn(SharedApart):
    """A head that is the projection and nothing else."""

    width = 3

    def make_head(self, dim, classes, dropout):
        return nn.Sequential(self.projection)


OPTIONS = {"epochs": 4, "batch_size": 100, "schedule": "constant", "clip": 0.0, "selection": "last"}


def frozen(bench, objective):
    """Return a composition over states that stay, in float64, and its split."""
    composition = bench.composition(objective, trainable="none")
    composition.precision = torch.float64
    composition.modules.double()
    return composition, bench.split(composition)


def trained(bench, objective, **options):
    """Return the states (n, dim), the labels, and the weights before and after four steps on all examples."""
    composition, split = frozen(bench, objective)
    order = [composition.objective.projection.weight, composition.objective.projection.bias]
    order += list(composition.own_head)
    before = [parameter.detach().clone() for parameter in order]
    assert len(split) == 24
    z = composition.outputs(split, range(len(split))).z.detach()
    loop = bench.loop(composition, **{**OPTIONS, "weight_decay": 0.1, **options})
    loop.run(lambda _epoch: split, split)
    return z, split.labels, before, [parameter.detach() for parameter in order]


def adamw(weights, losses, steps, rate=1e-2, decay=0.1):
    """Move leaves by AdamW as Loshchilov and Hutter write it; each follows the loss in its own place."""
    weights = [weight.clone().requires_grad_() for weight in weights]
    first = [torch.zeros_like(weight) for weight in weights]
    second = [torch.zeros_like(weight) for weight in weights]
    for step in range(1, steps + 1):
        gradients = [
            torch.autograd.grad(loss(*weights), weight)[0] for loss, weight in zip(losses, weights, strict=True)
        ]
        for i, gradient in enumerate(gradients):
            first[i] = 0.9 * first[i] + 0.1 * gradient
            second[i] = 0.999 * second[i] + 0.001 * gradient**2
            size = (second[i] / (1 - 0.999**step)).sqrt() + 1e-8
            with torch.no_grad():
                if weights[i].ndim > 1:
                    weights[i] -= rate * decay * weights[i]
                weights[i] -= rate * first[i] / (1 - 0.9**step) / size
    return [weight.detach() for weight in weights]


def cross_entropy(z, labels):
    def loss(projection, bias, last, last_bias):
        rows = []
        for row, label in zip(z, labels, strict=True):
            scores = last @ (projection @ row + bias) + last_bias
            rows.append(torch.log(torch.exp(scores).sum()) - scores[label])
        return sum(rows) / len(rows)

    return loss


def mean_square(z):
    def loss(projection, bias, *_):
        projected = torch.stack([projection @ row + bias for row in z])
        return 0.3 * (projected**2).sum() / projected.numel()

    return loss


def test_it_is_moved_once_a_step_by_the_sum_of_its_gradients(bench):
    z, labels, before, after = trained(bench, SharedProjection())
    ce, size = cross_entropy(z, labels), mean_square(z)
    expected = adamw(before, [lambda *w: ce(*w) + size(*w)] * 4, 4)
    for found, wanted in zip(after, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("clip", [0.0, 1e6])
def test_what_the_head_has_alone_trains_apart_and_the_rest_follows_the_objective(bench, clip):
    z, labels, before, after = trained(bench, SharedApart(), clip=clip)
    ce, size = cross_entropy(z, labels), mean_square(z)
    expected = adamw(before, [size, size, ce, ce], 4)
    for found, wanted in zip(after, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)


def test_a_head_without_parameters_of_its_own_is_left_to_the_objective(bench):
    z, _, before, after = trained(bench, NoHeadOfItsOwn())
    expected = adamw(before, [mean_square(z)] * 2, 4)
    for found, wanted in zip(after, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)

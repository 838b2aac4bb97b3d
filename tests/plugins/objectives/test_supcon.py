"""SupCon: the check value, the weighting, the limits of the weight."""

import pytest
import torch

from erc_bench.testing.toy import toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.methods.supcon import erc_methods
from erc_bench_plugins.objectives.supcon import SupCon

R = torch.tensor([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], dtype=torch.float64)
Y = torch.tensor([0, 0, 1])


def built(**options):
    objective = SupCon(SupCon.Options(**options))
    task = toy_task()
    objective.start(task)
    return objective, objective.make_head(task.dim, task.classes, 0.0)


@pytest.mark.parametrize("log", ["inside", "outside"])  # one positive per row: both forms agree
def test_check_value(log):
    value = SupCon(SupCon.Options(temperature=0.1, log=log)).contrastive(R, Y)
    assert value.item() == pytest.approx(0.000335, abs=5e-7)  # mean of two rows; the third has no positive


def test_log_outside_is_never_above_log_inside():
    labels = toy_labels()
    z = toy_representations(labels)
    inside, outside = (SupCon(SupCon.Options(log=log)).contrastive(z, labels) for log in ("inside", "outside"))
    assert outside < inside


def test_terms_are_weighted():
    labels = toy_labels()
    z = toy_representations(labels)
    objective, head = built(contrastive_weight=0.75)
    outputs = toy_outputs(objective, head, z, labels)
    terms = objective.loss(outputs)
    assert terms["contrastive"].item() == pytest.approx(0.75 * objective.contrastive(z, labels).item())
    assert terms["cross_entropy"].item() == pytest.approx(0.25 * outputs.cross_entropy().item())


@pytest.mark.parametrize(("weight", "name"), [(0.0, "cross_entropy"), (1.0, "contrastive")])
def test_a_term_without_weight_is_left_out(weight, name):
    labels = toy_labels()
    objective, head = built(contrastive_weight=weight)
    assert list(objective.loss(toy_outputs(objective, head, toy_representations(labels), labels))) == [name]


def test_descent_brings_utterances_of_one_label_together():
    labels = toy_labels()
    z = toy_representations(labels, noise=2.0).requires_grad_()
    same = labels[:, None] == labels
    objective, head = built()

    def margin():
        with torch.no_grad():
            unit = torch.nn.functional.normalize(z, dim=-1)
            cosine = unit @ unit.T
            return (cosine[same].mean() - cosine[~same].mean()).item()

    before = margin()
    optimizer = torch.optim.Adam([z], lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
        optimizer.step()
    assert margin() > before + 0.05


def test_method():
    method, _ = erc_methods()
    assert method.name == "supcon"
    assert method.settings == {"objective.contrastive_weight": 0.9, "objective.temperature": 0.3}
    assert method.settings_from.startswith("paper")


def test_outside_differs_in_the_place_of_the_logarithm_alone():
    inside, outside = erc_methods()
    assert outside.name == "supcon-outside"
    assert outside.choices == inside.choices
    assert outside.settings == {**inside.settings, "objective.log": "outside"}

"""CoG-BART's loss: the contrast against a loop, with gradients, the weights, and what other encoders give it."""

import math
from dataclasses import replace

import pytest
import torch

import erc_bench.api as erc
from erc_bench.testing.objectives import check_objective
from erc_bench.testing.toy import toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.objectives.cog_bart import CogBart


def contrast_by_loop(logits, second, labels, temperature):
    """Each view of each utterance in turn: minus the mean of log p over all others of its label."""
    views, labels = [*logits, *second], [*labels.tolist(), *labels.tolist()]
    losses = []
    for i, anchor in enumerate(views):
        others = [j for j in range(len(views)) if j != i]
        scores = {j: sum(a * b for a, b in zip(anchor, views[j], strict=True)) / temperature for j in others}
        total = torch.log(sum(torch.exp(score) for score in scores.values()))
        positive = [j for j in others if labels[j] == labels[i]]
        losses.append(-sum(scores[j] - total for j in positive) / len(positive))
    return sum(losses) / len(losses)


def started(z, labels, extras=None, terms=None, head_dropout=0.0, **options):
    objective, task = CogBart(CogBart.Options(**options)), toy_task()
    objective.start(task)
    torch.manual_seed(0)
    head = objective.make_head(task.dim, task.classes, head_dropout).to(z.dtype)
    outputs = replace(toy_outputs(objective, head, z, labels), extras=extras or {}, encoded_terms=terms or {})
    return objective, outputs


@pytest.fixture
def labels():
    return toy_labels(6)


@pytest.fixture
def z(labels):
    return toy_representations(labels).double().requires_grad_()


@pytest.fixture
def second(labels):
    return toy_representations(labels, seed=1).double().requires_grad_()


@pytest.mark.parametrize("temperature", [5.0, 0.5])
def test_the_contrast_is_that_of_both_views_with_gradients(z, second, labels, temperature):
    objective = CogBart(CogBart.Options(temperature=temperature))
    logits, others = z[:, :3] / 3, second[:, :3] / 3
    fast = objective.contrastive(logits, others, labels)
    slow = contrast_by_loop(logits, others, labels, temperature)
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-10)
    for one, other in zip(
        *(torch.autograd.grad(each, (z, second), retain_graph=True) for each in (fast, slow)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-10)


def test_an_utterance_without_another_of_its_label_has_its_second_view(z, second):
    objective = CogBart(CogBart.Options())
    one = objective.contrastive(z[:1], second[:1], torch.tensor([2]))
    assert one.item() == pytest.approx(0)  # the only candidate is the positive
    two = objective.contrastive(z[:2] / 9, second[:2] / 9, torch.tensor([0, 1]))
    assert two.item() == pytest.approx(math.log(3), rel=0.3)


def test_terms_are_weighted(z, second, labels):
    options = {"contrastive_weight": 0.2, "generation_weight": 0.3, "temperature": 2.0}
    written = torch.tensor(7.0, requires_grad=True)
    objective, outputs = started(z, labels, {"second_view": second}, {"generation": written}, **options)
    terms = objective.loss(outputs)
    assert list(terms) == ["cross_entropy", "contrastive", "generation"]
    contrast = contrast_by_loop(outputs.logits, outputs.head(second), labels, 2.0)
    assert terms["cross_entropy"].item() == pytest.approx(0.5 * outputs.cross_entropy().item())
    assert terms["contrastive"].item() == pytest.approx(0.2 * contrast.item())
    assert terms["generation"].item() == pytest.approx(2.1)
    assert torch.autograd.grad(terms["generation"], written)[0].item() == pytest.approx(0.3)


def test_what_has_no_weight_or_is_not_there_is_left_out(z, labels):
    written = {"generation": torch.tensor(1.0)}
    for options, terms, left in (
        ({}, {}, ["cross_entropy", "contrastive"]),
        ({"generation_weight": 0.0}, written, ["cross_entropy", "contrastive"]),
        ({"contrastive_weight": 0.0}, written, ["cross_entropy", "generation"]),
        ({"contrastive_weight": 0.7, "generation_weight": 0.3}, written, ["contrastive", "generation"]),
    ):
        objective, outputs = started(z, labels, terms=terms, **options)
        assert list(objective.loss(outputs)) == left


def test_weights_of_more_than_1_are_refused():
    with pytest.raises(erc.ErcBenchError, match=r"add up to 1\.05"):
        CogBart(CogBart.Options(contrastive_weight=0.95))


def test_the_second_view_of_another_encoder_differs_by_the_heads_dropout(z, labels):
    objective, outputs = started(z, labels, head_dropout=0.5)
    torch.manual_seed(3)
    second = outputs.head(z.detach())
    expected = 0.5 * contrast_by_loop(outputs.logits, second, labels, 5.0)
    torch.manual_seed(3)
    found = objective.loss(outputs)["contrastive"]
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(second, outputs.logits)
    grads = (torch.autograd.grad(each, z, retain_graph=True)[0] for each in (found, expected))
    torch.testing.assert_close(*grads)


def test_it_keeps_the_contract():
    check_objective(CogBart)

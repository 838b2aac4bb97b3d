"""BCL: check values, the formula as a loop, the head and its prototypes, logit adjustment."""

import math

import pytest
import torch
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.testing.toy import DIM, LABELS, toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.methods.bcl import erc_methods
from erc_bench_plugins.objectives.bcl import Bcl, CosineHead, balanced_contrastive_loss

R = torch.tensor([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], dtype=torch.float64)
Y = torch.tensor([0, 0, 1])
A = torch.tensor([[0.6, 0.8, 0], [0, 0.6, 0.8], [-1, 0, 0]], dtype=torch.float64)


def cosine(u, v):
    return (u @ v) / (u.norm() * v.norm())


def loop_rows(reps, labels, prototypes, temperature):
    members = [*zip(reps, labels.tolist(), strict=True), *((p, k) for k, p in enumerate(prototypes))]
    result = []
    for i, u in enumerate(reps):
        others = [(v, label) for j, (v, label) in enumerate(members) if j != i]
        denominator = 0
        for k in range(len(prototypes)):
            of_class = [(cosine(u, v) / temperature).exp() for v, label in others if label == k]
            denominator = denominator + sum(of_class) / len(of_class)
        logs = [cosine(u, v) / temperature - denominator.log() for v, label in others if label == labels[i]]
        result.append(-sum(logs) / len(logs))
    return torch.stack(result)


def test_check_values():
    assert loop_rows(R, Y, A, 0.1).tolist() == pytest.approx([0.434372, 0.292870, 0.000671], abs=5e-7)
    assert balanced_contrastive_loss(R, Y, A, 0.1).item() == pytest.approx(0.242637, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_value_and_gradient_equal_the_loop(seed):
    generator = torch.Generator().manual_seed(seed)
    reps = torch.randn(9, 5, dtype=torch.float64, generator=generator)
    prototypes = torch.randn(4, 5, dtype=torch.float64, generator=generator)
    labels = torch.randint(3, (9,), generator=generator)
    results = []
    for loss in (balanced_contrastive_loss, lambda *a: loop_rows(*a).mean()):
        leaves = [reps.clone().requires_grad_(), prototypes.clone().requires_grad_()]
        value = loss(leaves[0], labels, leaves[1], 0.2)
        value.backward()
        results.append((value.detach(), *(leaf.grad for leaf in leaves)))
    for fast, slow in zip(*results, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-9)


def test_copies_of_a_negative_change_nothing():
    prototypes = A.clone()
    prototypes[1] = R[2]  # the whole class is one point, so that its mean is the same whatever its size
    first = R[[0, 1]]
    for copies in (1, 2, 5):
        reps = torch.cat([first, R[2:].repeat(copies, 1)])
        labels = torch.tensor([0, 0] + [1] * copies)
        rows = loop_rows(reps, labels, prototypes, 0.3)[:2]
        torch.testing.assert_close(rows, loop_rows(R, Y, prototypes, 0.3)[:2])
        everything = len(reps) * balanced_contrastive_loss(reps, labels, prototypes, 0.3)
        others = loop_rows(reps, labels, prototypes, 0.3)[2:].sum()
        torch.testing.assert_close(everything - others, rows.sum())


def built(**options):
    objective = Bcl(Bcl.Options(projection_dim=8, **options))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        task = toy_task()
        objective.start(task)
        head = objective.make_head(task.dim, task.classes, 0.0)
    return objective, head


def test_the_head_is_a_scaled_cosine():
    _, head = built(head_scale=7.0)
    assert isinstance(head, CosineHead)
    z = toy_representations(toy_labels())
    expected = torch.stack([7 * F.cosine_similarity(z, w[None]) for w in head.weight], dim=1)
    torch.testing.assert_close(head(z), expected)
    torch.testing.assert_close(head.weight.norm(dim=1), torch.ones(len(LABELS)))


def test_prototypes_come_from_the_head_and_both_views_are_rows():
    objective, head = built()
    labels = toy_labels()
    outputs = toy_outputs(objective, head, toy_representations(labels), labels)
    prototypes = objective.prototype_projection(head.weight)
    reps = torch.cat([view.projected for view in outputs.views])
    expected = balanced_contrastive_loss(reps, torch.cat([labels, labels]), prototypes, 0.07)
    terms = objective.loss(outputs)
    torch.testing.assert_close(terms["contrastive"], 0.35 * expected)
    terms["contrastive"].backward()
    assert head.weight.grad.any()
    assert objective.prototype_projection[0].weight.grad.any()
    assert objective.projection[0].weight.grad.any()


def test_cross_entropy_is_adjusted_by_the_share_of_each_class():
    objective = Bcl()
    counts = torch.tensor([6, 2, 2, 0])
    objective.start(erc.Task(LABELS, LABELS, DIM, counts, toy_task().encode_words))
    labels = torch.tensor([0, 1, 2])
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    z = torch.zeros(3, DIM)
    head = CosineHead(DIM, 4, 0.0, 30.0)
    views = (erc.View(z + 1, objective.project(z + 1)),)
    outputs = erc.Outputs(z, z, logits, labels, [], head, views=views)
    priors = [math.log(count / 11) for count in (6, 2, 2, 1)]
    expected = 0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        adjusted = [value + prior for value, prior in zip(row, priors, strict=True)]
        expected += math.log(sum(math.exp(value) for value in adjusted)) - adjusted[label]
    assert objective.loss(outputs)["cross_entropy"].item() == pytest.approx(expected / 3, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "names"),
    [({"contrastive_weight": 0.0}, ["cross_entropy"]), ({"cross_entropy_weight": 0.0}, ["contrastive"])],
)
def test_a_term_without_weight_is_left_out(options, names):
    objective, head = built(**options)
    labels = toy_labels()
    assert list(objective.loss(toy_outputs(objective, head, toy_representations(labels), labels))) == names


@pytest.mark.parametrize("labels", [[2] * 6, [0, 1, 2], [1], [0, 0, 3]])
def test_awkward_batches_are_finite(labels):
    objective, head = built()
    labels = torch.tensor(labels)
    z = toy_representations(labels).requires_grad_()
    loss = sum(objective.loss(toy_outputs(objective, head, z, labels)).values())
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()
    alone = balanced_contrastive_loss(z.detach()[:1], labels[:1], torch.randn(4, DIM), 0.1)
    assert alone.isfinite()


def test_descent_brings_utterances_of_one_label_together():
    labels = toy_labels()
    z = toy_representations(labels, noise=2.0).requires_grad_()
    objective, head = built(cross_entropy_weight=0.0, temperature=0.2)
    same = labels[:, None] == labels

    def margin():
        cosines = erc.cosine(z.detach(), z.detach())
        return (cosines[same].mean() - cosines[~same].mean()).item()

    before = margin()
    optimizer = torch.optim.Adam([z, *objective.parameters(), *head.parameters()], lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
        optimizer.step()
    assert margin() > before + 0.05


def test_method():
    (method,) = erc_methods()
    assert method.choices == {"objective": "bcl", "classifier": "head"}
    assert Bcl.views == 2

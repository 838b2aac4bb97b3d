"""KCL: the formula as a loop, its positives, queue and slow projection."""

import pytest
import torch

import erc_bench.api as erc
from erc_bench.testing.toy import toy_epoch, toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.methods.kcl import erc_methods
from erc_bench_plugins.objectives.kcl import Kcl, k_positive_loss


def cosine(u, v):
    return (u @ v) / (u.norm() * v.norm())


def loop(queries, keys, queue, positive, temperature, candidates=None):
    total = 0
    for i, q in enumerate(queries):
        shown = [j for j in range(len(queue)) if candidates is None or candidates[i, j]]
        weights = {"own": (cosine(q, keys[i]) / temperature).exp()}
        weights |= {j: (cosine(q, queue[j]) / temperature).exp() for j in shown}
        denominator = sum(weights.values())
        chosen = ["own", *(j for j in shown if positive[i, j])]
        total = total - sum((weights[j] / denominator).log() for j in chosen) / len(chosen)
    return total / len(queries)


def randomised(n=5, size=8, dim=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    queries, keys, queue = (torch.randn(k, dim, dtype=torch.float64, generator=generator) for k in (n, n, size))
    positive = torch.rand(n, size, generator=generator) < 0.3
    return queries, keys, queue, positive


@pytest.mark.parametrize("left_out", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_value_and_gradient_equal_the_loop(seed, left_out):
    queries, keys, queue, positive = randomised(seed=seed)
    generator = torch.Generator().manual_seed(seed)
    candidates = positive | (torch.rand(positive.shape, generator=generator) < 0.5) if left_out else None
    results = []
    for loss in (k_positive_loss, loop):
        leaf = queries.clone().requires_grad_()
        value = loss(leaf, keys, queue, positive, 0.2, candidates)
        value.backward()
        results.append((value.detach(), leaf.grad))
    for fast, slow in zip(*results, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-9)


def built(**options):
    objective = Kcl(Kcl.Options(**{"queue": 64, "positives": 3, **options}))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        task = toy_task()
        objective.start(task)
        head = objective.make_head(task.dim, task.classes, 0.0)
    return objective, head


def step(objective, head, z, labels):
    terms = objective.loss(toy_outputs(objective, head, z, labels))
    objective.after_step()
    return terms


@pytest.mark.parametrize("unused", ["negatives", "left-out"])
def test_the_term_is_that_loss_over_the_queue_as_it_is(unused):
    objective, head = built(unused=unused)
    labels = toy_labels()
    step(objective, head, toy_representations(labels), labels)
    outputs = toy_outputs(objective, head, toy_representations(labels, seed=4), labels)
    positive = objective.queue.some_of_class(labels, 3)
    assert positive.sum(dim=1).tolist() == [3] * len(labels)
    unchosen = (labels[:, None] == objective.queue.labels) & ~positive
    candidates = None if unused == "negatives" else ~unchosen
    keys = objective.key_projection(outputs.views[1].z)
    expected = loop(outputs.projected, keys, objective.queue.features, positive, 0.07, candidates)
    torch.testing.assert_close(objective.loss(outputs)["k_positive"], expected)


def test_keys_are_those_of_the_slow_projection_and_have_no_gradient():
    objective, head = built(momentum=0.9)
    labels = toy_labels()
    with torch.no_grad():
        objective.projection[0].weight.add_(1)
    z = toy_representations(labels)
    outputs = toy_outputs(objective, head, z, labels)
    objective.loss(outputs)["k_positive"].backward()
    assert all(parameter.grad is None for parameter in objective.key_projection.parameters())
    expected = torch.nn.functional.normalize(objective.key_projection(outputs.views[1].z), dim=-1)
    before = objective.key_projection[0].weight.clone()
    objective.after_step()
    torch.testing.assert_close(objective.queue.features[: len(labels)], expected)
    assert torch.equal(objective.queue.labels[: len(labels)], labels)
    moved = 0.9 * before + 0.1 * objective.projection[0].weight
    torch.testing.assert_close(objective.key_projection[0].weight, moved)


def test_the_core_is_asked_for_a_slow_encoder():
    objective, _ = built(momentum=0.95)
    assert objective.views == 2
    assert objective.momentum == 0.95


def test_positives_are_drawn_anew_for_each_step_from_the_stream_of_the_epoch():
    def drawn():
        objective, head = built()
        labels = toy_labels()
        objective.begin_epoch(toy_epoch(objective, head, toy_representations(labels), labels))
        result = []
        for seed in range(4):
            step(objective, head, toy_representations(labels, seed=seed), labels)
            result.append(objective.queue.some_of_class(labels[:1], 3).nonzero()[:, 1].tolist())
        return result

    first = drawn()
    assert first == drawn()
    assert first[2] != first[3]


@pytest.mark.parametrize("unused", ["negatives", "left-out"])
@pytest.mark.parametrize("labels", [[2] * 6, [0, 1, 2], [1], [0, 0, 3]])
def test_awkward_batches_are_finite(unused, labels):
    objective, head = built(unused=unused)
    labels = torch.tensor(labels)
    for _ in range(3):
        z = toy_representations(labels).requires_grad_()
        loss = objective.loss(toy_outputs(objective, head, z, labels))["k_positive"]
        loss.backward()
        objective.after_step()
        assert loss.isfinite()
        assert z.grad.isfinite().all()


def test_descent_brings_utterances_of_one_label_together():
    labels = toy_labels()
    z = toy_representations(labels, noise=2.0).requires_grad_()
    objective, head = built(temperature=0.2)
    same = labels[:, None] == labels

    def margin():
        cosines = erc.cosine(z.detach(), z.detach())
        return (cosines[same].mean() - cosines[~same].mean()).item()

    before = margin()
    optimizer = torch.optim.Adam([z, *objective.projection.parameters()], lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        objective.loss(toy_outputs(objective, head, z, labels))["k_positive"].backward()
        optimizer.step()
        objective.after_step()
    assert margin() > before + 0.05


def test_method():
    (method,) = erc_methods()
    assert method.choices == {"objective": "kcl", "classifier": "probe"}
    assert method.settings["classifier.balanced"] is True

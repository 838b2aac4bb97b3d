"""LaCon: check values, the three losses as loops, the whole."""

import pytest
import torch

import erc_bench.api as erc
from erc_bench.testing.toy import DIM, LABELS, toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.methods.lacon import erc_methods
from erc_bench_plugins.objectives.lacon import LaCon, instance_centred_loss, label_centred_loss, label_regulariser

R = torch.tensor([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], dtype=torch.float64)
Y = torch.tensor([0, 0, 1])
A = torch.tensor([[0.6, 0.8, 0], [0, 0.6, 0.8], [-1, 0, 0]], dtype=torch.float64)


def cosine(u, v):
    return (u @ v) / (u.norm() * v.norm())


def loop_instance(reps, labels, anchors, temperature, widths):
    total, start = 0, 0
    for width in widths:
        part = slice(start, start + width)
        for r, label in zip(reps[:, part], labels, strict=True):
            logits = torch.stack([cosine(r, a) / temperature for a in anchors[:, part]])
            total = total + (logits.exp().sum().log() - logits[label]) / len(reps)
        start += width
    return total


def loop_label(reps, labels, anchors, temperature):
    per_class = []
    for k, a in enumerate(anchors):
        weights = [(cosine(a, r) / temperature).exp() for r in reps]
        own = [w for w, label in zip(weights, labels.tolist(), strict=True) if label == k]
        others = [w for w, label in zip(weights, labels.tolist(), strict=True) if label != k]
        if own and others:
            per_class.append(-sum((w / sum(others)).log() for w in own))
    return sum(per_class) / len(per_class)


def loop_regulariser(anchors):
    pairs = [(i, j) for i in range(len(anchors)) for j in range(len(anchors)) if i != j]
    return sum((1 + cosine(anchors[i], anchors[j])).exp() - 1 for i, j in pairs) / len(pairs)


def test_check_values():
    assert instance_centred_loss(R, Y, A, 0.1).item() == pytest.approx(0.001874, abs=5e-7)
    assert label_centred_loss(R, Y, A, 0.1).item() == pytest.approx(-9.986521, abs=1e-6)
    assert label_regulariser(A).item() == pytest.approx(1.867684, abs=5e-7)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("fast", "slow"),
    [
        (
            lambda r, y, a: instance_centred_loss(r, y, a, 0.2, 3),
            lambda r, y, a: loop_instance(r, y, a, 0.2, (3, 2, 2)),
        ),
        (lambda r, y, a: label_centred_loss(r, y, a, 0.2), lambda r, y, a: loop_label(r, y, a, 0.2)),
        (lambda r, y, a: label_regulariser(a) + 0 * r.sum(), lambda r, y, a: loop_regulariser(a) + 0 * r.sum()),
    ],
    ids=["instance", "label", "regulariser"],
)
def test_values_and_gradients_equal_the_loops(fast, slow, seed):
    generator = torch.Generator().manual_seed(seed)
    reps = torch.randn(8, 7, dtype=torch.float64, generator=generator)
    anchors = torch.randn(4, 7, dtype=torch.float64, generator=generator)
    labels = torch.tensor([0, 1, 2, 0, 1, 0, 2, 1])  # the last class is absent
    results = []
    for loss in (fast, slow):
        leaves = [reps.clone().requires_grad_(), anchors.clone().requires_grad_()]
        value = loss(leaves[0], labels, leaves[1])
        value.backward()
        results.append((value.detach(), *(leaf.grad for leaf in leaves)))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)


def test_in_a_batch_of_one_class_labels_contrast_nothing():
    reps = torch.randn(3, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = label_centred_loss(reps, torch.tensor([1, 1, 1]), torch.randn(4, 5), 0.1)
    loss.backward()
    assert loss.item() == 0
    assert not reps.grad.any()


def test_a_single_label_has_nothing_to_be_spread_from():
    assert label_regulariser(torch.ones(1, 3)).item() == 0


def built(**options):
    objective = LaCon(LaCon.Options(**options))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        task = toy_task()
        objective.start(task)
        head = objective.make_head(task.dim, task.classes, 0.0)
    return objective, head


def test_the_whole_is_the_weighted_sum():
    objective, head = built(temperature=0.2, regulariser_weight=0.3, heads=4)
    labels = toy_labels()
    outputs = toy_outputs(objective, head, toy_representations(labels), labels)
    terms = objective.loss(outputs)
    vectors = objective.label_vectors
    expected = {
        "instance_centred": loop_instance(outputs.projected, labels, vectors, 0.2, (4, 4, 4, 4)),
        "label_centred": loop_label(outputs.projected, labels, vectors, 0.2),
        "regulariser": 0.3 * loop_regulariser(vectors),
    }
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value, rtol=1e-4, atol=1e-4)
    assert "regulariser" not in built(regulariser_weight=0.0)[0].loss(outputs)


def test_there_are_no_more_slices_than_dimensions():
    assert built(heads=100)[0].heads == DIM


@pytest.mark.parametrize("labels", [[2] * 6, [0, 1, 2], [1], [0, 0, 3]])
def test_awkward_batches_are_finite(labels):
    objective, head = built()
    labels = torch.tensor(labels)
    z = toy_representations(labels).requires_grad_()
    loss = sum(objective.loss(toy_outputs(objective, head, z, labels)).values())
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()
    assert objective.label_vectors.grad.isfinite().all()


def test_descent_brings_utterances_to_their_label():
    labels = toy_labels()
    z = toy_representations(labels, noise=2.0).requires_grad_()
    objective, head = built()
    same = labels[:, None] == labels

    def measure():
        projected = objective.project(z.detach()).detach()
        among, to_label = erc.cosine(projected, projected), erc.cosine(projected, objective.anchors().detach())
        right = (to_label.argmax(dim=1) == labels).float().mean()
        return (among[same].mean() - among[~same].mean()).item(), right.item()

    before = measure()
    optimizer = torch.optim.Adam([z, *objective.parameters()], lr=0.02)
    for _ in range(20):
        optimizer.zero_grad()
        sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
        optimizer.step()
    after = measure()
    assert after[0] > before[0] + 0.1
    assert after[1] == 1.0


def test_method():
    (method,) = erc_methods()
    assert method.choices == {"objective": "lacon", "classifier": "nearest-anchor"}
    assert LaCon.has_anchors()
    assert built()[0].anchors().shape == (len(LABELS), DIM)

"""TSC: the simplex, the assignment, the formula as a loop."""

from itertools import permutations

import pytest
import torch
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.testing.toy import LABELS, toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.methods.tsc import erc_methods
from erc_bench_plugins.objectives.tsc import Tsc, best_corners, simplex_targets, targeted_loss


def cosine(u, v):
    return (u @ v) / (u.norm() * v.norm())


class TestTargets:
    @pytest.mark.parametrize(("classes", "dim"), [(2, 1), (4, 3), (7, 6), (7, 128)])
    def test_every_two_are_equally_far_apart(self, classes, dim):
        targets = simplex_targets(classes, dim)
        expected = torch.full((classes, classes), -1 / (classes - 1), dtype=torch.float64).fill_diagonal_(1)
        torch.testing.assert_close(targets @ targets.T, expected)

    def test_a_single_class(self):
        assert simplex_targets(1, 3).tolist() == [[1, 0, 0]]

    def test_they_are_what_gradient_descent_finds(self):
        def spread(targets):
            return (targets @ targets.T / 0.07).logsumexp(dim=1).mean()

        found = torch.randn(4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
        optimizer = torch.optim.Adam([found], lr=0.05)
        for _ in range(200):
            optimizer.zero_grad()
            spread(F.normalize(found, dim=-1)).backward()
            optimizer.step()
        best = spread(F.normalize(found, dim=-1)).item()
        assert spread(simplex_targets(4, 5)).item() == pytest.approx(best, abs=1e-4)
        assert spread(simplex_targets(4, 5)).item() <= best + 1e-9

    def test_a_space_that_is_too_small_is_refused(self):
        with pytest.raises(erc.ErcBenchError, match="at least 6 dimensions, not 5"):
            simplex_targets(7, 5)


def test_the_assignment_is_the_best_of_all():
    generator = torch.Generator().manual_seed(1)
    targets = simplex_targets(5, 6)
    for _ in range(5):
        centroids = F.normalize(torch.randn(5, 6, generator=generator, dtype=torch.float64), dim=-1)

        def total(order, centroids=centroids):
            return sum((centroids[k] @ targets[corner]).item() for k, corner in enumerate(order))

        best = max(permutations(range(5)), key=total)
        assert tuple(best_corners(centroids, targets).tolist()) == best


def loop(queries, keys, queue, positive, targets, labels, temperature, weight):
    pairs, to_target = 0, 0
    for i, q in enumerate(queries):
        columns = [keys[i], *queue, *targets]
        exponentials = [(cosine(q, v) / temperature).exp() for v in columns]
        logs = [(e / sum(exponentials)).log() for e in exponentials]
        chosen = [0, *(1 + j for j in range(len(queue)) if positive[i, j])]
        count = len(chosen) + 1
        pairs = pairs - sum(logs[j] for j in chosen) / count
        to_target = to_target - weight * logs[1 + len(queue) + labels[i]] / count
    return pairs / len(queries), to_target / len(queries)


@pytest.mark.parametrize("seed", range(3))
def test_value_and_gradient_equal_the_loop(seed):
    generator = torch.Generator().manual_seed(seed)
    queries, keys, queue = (torch.randn(k, 4, dtype=torch.float64, generator=generator) for k in (5, 5, 8))
    positive = torch.rand(5, 8, generator=generator) < 0.3
    labels = torch.randint(3, (5,), generator=generator)
    results = []
    for loss in (targeted_loss, loop):
        leaf = queries.clone().requires_grad_()
        parts = loss(leaf, keys, queue, positive, simplex_targets(3, 4), labels, 0.2, 0.3)
        sum(parts).backward()
        results.append((*(part.detach() for part in parts), leaf.grad))
    for fast, slow in zip(*results, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-9)


def built(**options):
    objective = Tsc(Tsc.Options(**{"queue": 64, "positives": 3, "projection_dim": 8, **options}))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        task = toy_task()
        objective.start(task)
        head = objective.make_head(task.dim, task.classes, 0.0)
    return objective, head


def test_a_rare_class_is_divided_by_the_positives_that_there_are():
    objective, head = built()
    labels = torch.tensor([0, 0, 0, 0, 1])
    for _ in range(2):
        outputs = toy_outputs(objective, head, toy_representations(labels), labels)
        terms = objective.loss(outputs)
        objective.after_step()
    assert objective.queue.some_of_class(labels, 3).sum(dim=1).tolist() == [3, 3, 3, 3, 2]
    assert all(term.isfinite() for term in terms.values())


def test_centroids_are_running_means_on_the_sphere_and_decide_the_anchors():
    objective, head = built()
    labels = torch.tensor([0, 0, 2])
    z = toy_representations(labels)
    objective.loss(toy_outputs(objective, head, z, labels))
    objective.after_step()
    unit = F.normalize(objective.project(z), dim=-1).detach()
    first = F.normalize(unit[:2].mean(0), dim=0)
    torch.testing.assert_close(objective.centroids[0], first)
    assert not objective.centroids[1].any()
    objective.loss(toy_outputs(objective, head, -z, labels))
    objective.after_step()
    second = F.normalize(F.normalize(objective.project(-z), dim=-1)[:2].mean(0), dim=0)
    torch.testing.assert_close(objective.centroids[0], F.normalize(0.9 * first + 0.1 * second, dim=0))
    assert sorted(objective.corners.tolist()) == [0, 1, 2, 3]
    torch.testing.assert_close(objective.anchors(), objective.targets[objective.corners])
    own = (objective.centroids * objective.anchors()).sum().item()
    assert own >= (objective.centroids * objective.targets).sum().item()


@pytest.mark.parametrize("labels", [[2] * 6, [0, 1, 2], [1], [0, 0, 3]])
def test_awkward_batches_are_finite(labels):
    objective, head = built()
    labels = torch.tensor(labels)
    for _ in range(3):
        z = toy_representations(labels).requires_grad_()
        loss = sum(objective.loss(toy_outputs(objective, head, z, labels)).values())
        loss.backward()
        objective.after_step()
        assert loss.isfinite()
        assert z.grad.isfinite().all()


def test_descent_brings_classes_together_and_to_their_targets():
    labels = toy_labels()
    z = toy_representations(labels, noise=2.0).requires_grad_()
    objective, head = built(temperature=0.2, target_weight=1.0)
    same = labels[:, None] == labels

    def margins():
        projected = objective.project(z.detach()).detach()
        among, to_target = erc.cosine(projected, projected), erc.cosine(projected, objective.anchors())
        own = to_target.gather(1, labels[:, None]).mean() - to_target.mean()
        return (among[same].mean() - among[~same].mean()).item(), own.item()

    before = margins()
    optimizer = torch.optim.Adam([z, *objective.projection.parameters()], lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
        optimizer.step()
        objective.after_step()
    after = margins()
    assert after[0] > before[0] + 0.1
    assert after[1] > before[1] + 0.1


def test_method():
    (method,) = erc_methods()
    assert method.choices == {"objective": "tsc", "classifier": "probe"}
    assert "nearest-anchor" in method.readouts
    assert Tsc.has_anchors()
    assert built()[0].anchors().shape == (len(LABELS), 8)

"""SPCL: check values, the formulas as loops, queues and prototypes, the curriculum."""

from random import Random

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.testing.toy import LABELS, toy_epoch, toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.methods.spcl import erc_methods
from erc_bench_plugins.objectives.spcl import Spcl, prototypical_row_losses
from erc_bench_plugins.objectives.spcl.curriculum import difficulties, keep_probabilities

R = torch.tensor([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], dtype=torch.float64)
Y = torch.tensor([0, 0, 1])
A = torch.tensor([[0.6, 0.8, 0], [0, 0.6, 0.8], [-1, 0, 0]], dtype=torch.float64)


def cosine(u, v):
    return (u @ v) / (u.norm() * v.norm())


def loop_rows(reps, labels, prototypes, temperature, formulation, present=None):
    official = formulation == "official"
    known = range(len(prototypes)) if present is None else present.nonzero().flatten().tolist()
    columns = [*zip(reps, labels.tolist(), strict=True), *((prototypes[k], k) for k in known)]
    result = []
    for i, u in enumerate(reps):
        positive, total, count = 0, 0, 0
        for j, (v, label) in enumerate(columns):
            if j == i:
                continue
            score = (1 + cosine(u, v)) / 2 + 1e-8 if official else cosine(u, v)
            weight = (score / temperature).exp()
            total = total + weight
            if label == labels[i]:
                positive, count = positive + weight, count + 1
        share = positive / total / (count + 1e-8 if official else count)
        result.append(-(share + (1e-8 if official else 0)).log())
    return torch.stack(result)


def randomised(n=9, classes=4, dim=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    reps = torch.randn(n, dim, dtype=torch.float64, generator=generator)
    prototypes = torch.randn(classes, dim, dtype=torch.float64, generator=generator)
    return reps, torch.randint(classes - 1, (n,), generator=generator), prototypes


def built(seed=3, **options):
    objective = Spcl(Spcl.Options(**options))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        objective.start(toy_task())
        head = nn.Linear(16, len(LABELS))
    return objective, head


def begun(labels=None, z=None, **options):
    objective, head = built(**options)
    labels = toy_labels() if labels is None else labels
    z = toy_representations(labels) if z is None else z
    objective.begin_epoch(toy_epoch(objective, head, z, labels))
    return objective, head


class TestLoss:
    def test_check_values(self):
        rows = prototypical_row_losses(R, Y, A, 0.1, "official")
        assert rows.tolist() == pytest.approx([0.719662, 0.732497, 0.070703], abs=5e-7)
        assert rows[rows > 0.3].mean().item() == pytest.approx(0.726080, abs=5e-7)

    @pytest.mark.parametrize("formulation", ["paper", "official"])
    @pytest.mark.parametrize("seed", range(3))
    def test_value_and_gradient_equal_the_loop(self, formulation, seed):
        reps, labels, prototypes = randomised(seed=seed)
        results = []
        for rows in (prototypical_row_losses, loop_rows):
            leaf = reps.clone().requires_grad_()
            value = rows(leaf, labels, prototypes, 0.2, formulation)
            value.mean().backward()
            results.append((value.detach(), leaf.grad))
        for fast, slow in zip(*results, strict=True):
            torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize("formulation", ["paper", "official"])
    def test_an_absent_class_has_no_prototype(self, formulation):
        reps, labels, prototypes = randomised()
        present = torch.tensor([True, True, True, False])
        rows = prototypical_row_losses(reps, labels, prototypes, 0.2, formulation, present)
        torch.testing.assert_close(rows, loop_rows(reps, labels, prototypes, 0.2, formulation, present))
        assert not torch.allclose(rows, prototypical_row_losses(reps, labels, prototypes, 0.2, formulation))

    @pytest.mark.parametrize(
        ("options", "threshold"),
        [({}, -1), ({"formulation": "official"}, 0.3), ({"formulation": "official", "threshold": 0.7}, 0.7)],
    )
    def test_the_mean_is_over_rows_above_the_threshold(self, options, threshold):
        objective, head = begun(temperature=0.3, **options)
        labels = toy_labels()
        outputs = toy_outputs(objective, head, toy_representations(labels, noise=2.0), labels)
        rows = loop_rows(outputs.z, labels, objective.prototypes, 0.3, options.get("formulation", "paper"))
        assert (rows > threshold).any()
        expected = rows[rows > threshold].mean()
        torch.testing.assert_close(objective.loss(outputs)["prototypical"], expected, rtol=1e-4, atol=1e-5)

    def test_where_no_row_counts_it_is_an_attached_zero(self):
        objective, head = begun(threshold=100.0)
        labels = toy_labels()
        z = toy_representations(labels).requires_grad_()
        loss = objective.loss(toy_outputs(objective, head, z, labels))["prototypical"]
        loss.backward()
        assert loss.item() == 0
        assert not z.grad.any()

    @pytest.mark.parametrize("formulation", ["paper", "official"])
    @pytest.mark.parametrize("labels", [[2] * 6, [0, 1, 2], [1], [0, 0, 3]])
    def test_awkward_batches_are_finite(self, formulation, labels):
        objective, head = begun(formulation=formulation)
        labels = torch.tensor(labels)
        z = toy_representations(labels).requires_grad_()
        loss = objective.loss(toy_outputs(objective, head, z, labels))["prototypical"]
        loss.backward()
        assert loss.isfinite()
        assert z.grad.isfinite().all()

    def test_the_head_is_left_to_be_trained_apart(self):
        objective, head = begun()
        labels = toy_labels()
        z = toy_representations(labels).requires_grad_()
        sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
        assert all(parameter.grad is None for parameter in head.parameters())


class TestQueues:
    def test_they_begin_with_the_class_centres(self):
        labels = toy_labels()
        z = toy_representations(labels)
        objective, _ = begun(labels, z, support=2)
        for label in range(len(LABELS)):
            torch.testing.assert_close(objective.centres[label], z[labels == label].mean(0))
        torch.testing.assert_close(objective.queues[:, 0], objective.centres)
        assert objective.sizes.tolist() == [1] * len(LABELS)
        assert torch.equal(objective.prototypes, objective.centres)

    def test_a_class_that_train_lacks_has_neither_queue_nor_prototype(self):
        objective, _ = begun(toy_labels(12, classes=(0, 1, 3)))
        assert objective.present.tolist() == [True, True, False, True]
        assert objective.sizes.tolist() == [1, 1, 0, 1]

    def step(self, objective, head, z, labels):
        objective.loss(toy_outputs(objective, head, z, labels))
        objective.after_step()

    def test_the_paper_s_queue_forgets_the_oldest(self):
        objective, head = begun(queue=3, support=9)
        labels = torch.zeros(5, dtype=torch.long)
        z = toy_representations(labels)
        self.step(objective, head, z, labels)
        torch.testing.assert_close(objective.queues[0], z[2:])
        assert objective.sizes.tolist() == [3, 1, 1, 1]
        self.step(objective, head, 10 * z[:1], labels[:1])
        torch.testing.assert_close(objective.queues[0], torch.cat([z[3:], 10 * z[:1]]))

    def test_the_official_queue_forgets_at_random(self):
        labels = torch.zeros(5, dtype=torch.long)
        z = toy_representations(labels)
        kept = set()
        for seed in range(8):
            objective, head = built(queue=3, support=9, formulation="official")
            view = toy_epoch(objective, head, toy_representations(toy_labels()), toy_labels())
            view.rng = Random(seed)
            objective.begin_epoch(view)
            self.step(objective, head, z, labels)
            rows = [row.tolist() for row in objective.queues[0]]
            pool = [row.tolist() for row in (objective.centres[0], *z)]
            assert all(row in pool for row in rows)
            kept.add(tuple(sorted(pool.index(row) for row in rows)))
        assert len(kept) > 3

    def test_a_prototype_is_the_mean_of_a_support_set_once_there_are_enough(self):
        objective, head = begun(queue=8, support=3)
        labels = torch.tensor([0, 0, 1])
        z = toy_representations(labels)
        self.step(objective, head, z, labels)
        members = torch.cat([objective.centres[:1], z[:2]])
        torch.testing.assert_close(objective.prototypes[0], members.mean(0))  # all three that there are
        assert torch.equal(objective.prototypes[1:], objective.centres[1:])
        self.step(objective, head, z, labels)
        triples = torch.combinations(torch.arange(5), 3)
        pool = objective.queues[0, :5]
        distances = (pool[triples].mean(1) - objective.prototypes[0]).norm(dim=1)
        assert distances.min() < 1e-5

    def test_what_enters_is_detached_and_only_in_training(self):
        objective, head = begun()
        labels = toy_labels()
        z = toy_representations(labels).requires_grad_()
        objective.loss(toy_outputs(objective, head, z, labels))
        objective.eval()
        objective.loss(toy_outputs(objective, head, z, labels))
        ((entered, of),) = objective.pending.take()
        assert not entered.requires_grad
        objective.pending.add(entered, of)
        objective.after_step()
        assert not objective.queues.requires_grad
        assert objective.sizes.tolist() == [9] * len(LABELS)

    def test_an_epoch_begins_anew(self):
        objective, head = begun()
        labels = toy_labels()
        self.step(objective, head, toy_representations(labels), labels)
        objective.begin_epoch(toy_epoch(objective, head, toy_representations(labels, seed=5), labels))
        assert objective.sizes.tolist() == [1] * len(LABELS)

    def test_one_stream_gives_one_result(self):
        def prototypes():
            objective, head = begun(support=4, formulation="official")
            for seed in range(3):
                self.step(objective, head, toy_representations(toy_labels(), seed=seed), toy_labels())
            return objective.prototypes

        assert torch.equal(prototypes(), prototypes())


class TestCurriculum:
    @pytest.mark.parametrize(
        ("epoch", "expected"),
        [
            (0, [1, 0.75, 0.5, 0.25, 0]),
            (4, [0.75, 0.625, 0.5, 0.375, 0.25]),
            (8, [0.5] * 5),
            (16, [0, 0.25, 0.5, 0.75, 1]),
        ],
    )
    def test_check_values(self, epoch, expected):
        assert keep_probabilities(5, epoch, 16).tolist() == pytest.approx(expected)

    def test_half_is_expected_in_every_epoch(self):
        for epoch in range(11):
            assert keep_probabilities(40, epoch, 10).mean().item() == pytest.approx(0.5)
        assert keep_probabilities(1, 0, 10).tolist() == [1.0]

    def test_difficulty_is_the_share_of_the_own_centre(self):
        expected = []
        for r, label in zip(R, Y.tolist(), strict=True):
            distances = [(1 - cosine(r, a).item()) / 2 + 1e-8 for a in A]
            expected.append(distances[label] / sum(distances))
        assert difficulties(R, Y, A).tolist() == pytest.approx(expected)

    def view(self, objective, head, labels, z, epoch, epochs=10, seed=0):
        view = toy_epoch(objective, head, z, labels)
        view.epoch, view.epochs, view.rng = epoch, epochs, Random(seed)
        objective.begin_epoch(view)
        return view

    def test_easy_ones_first_hard_ones_last(self):
        labels = toy_labels(200)
        z = toy_representations(labels, noise=2.0)
        objective, head = built(curriculum=True)
        ranks = {}
        for epoch in (0, 9):
            view = self.view(objective, head, labels, z, epoch)
            order = difficulties(z, labels, objective.centres).argsort().argsort()
            chosen = objective.select(view)
            assert 60 < len(chosen) < 140
            ranks[epoch] = order[chosen].float().mean().item()
        assert ranks[0] < 80
        assert ranks[9] > 110

    def test_an_example_of_many_targets_has_their_mean_difficulty(self):
        labels = torch.tensor([0, 1, 2, 3])
        z = toy_representations(labels)
        objective, head = built(curriculum=True)
        view = self.view(objective, head, labels, z, 0)
        dialogue = view.examples[0].dialogue
        view.examples = [erc.Example(dialogue, (0, 1, 2)), erc.Example(dialogue, (3,))]
        each = difficulties(z, labels, objective.centres)
        expected = [0, 1] if each[:3].mean() < each[3] else [1, 0]
        assert objective._by_difficulty(view).tolist() == expected

    @pytest.mark.parametrize(("formulation", "share"), [("paper", None), ("official", 0.5)])
    def test_without_curriculum(self, formulation, share):
        labels = toy_labels(400)
        objective, head = built(formulation=formulation)
        chosen = objective.select(self.view(objective, head, labels, toy_representations(labels), 0))
        if share is None:
            assert chosen is None
        else:
            assert 160 < len(chosen) < 240

    def test_an_epoch_is_never_empty(self):
        labels = toy_labels(1)
        objective, head = built(formulation="official")
        for seed in range(10):
            chosen = objective.select(self.view(objective, head, labels, toy_representations(labels), 0, seed=seed))
            assert chosen in (None, [0])


@pytest.mark.parametrize("formulation", ["paper", "official"])
def test_descent_brings_utterances_of_one_label_together(formulation):
    labels = toy_labels()
    z = toy_representations(labels, noise=2.0).requires_grad_()
    objective, head = begun(labels, z.detach().clone(), formulation=formulation, temperature=0.2)
    same = labels[:, None] == labels

    def margin():
        cosines = erc.cosine(z.detach(), z.detach())
        return (cosines[same].mean() - cosines[~same].mean()).item()

    before = margin()
    optimizer = torch.optim.Adam([z], lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        objective.loss(toy_outputs(objective, head, z, labels))["prototypical"].backward()
        optimizer.step()
        objective.after_step()
    assert margin() > before + 0.05


def test_projection():
    plain, _ = built()
    z = toy_representations(toy_labels())
    assert plain.project(z) is z
    assert not list(plain.parameters())
    objective, _ = built(projection=True)
    torch.testing.assert_close(objective.project(z), nn.functional.linear(z, *objective.projection.parameters()))


def test_methods_are_the_readme_s_run():
    plain, curriculum = erc_methods()
    assert (plain.name, curriculum.name) == ("spcl", "spcl-cl")
    assert plain.choices == {"objective": "spcl", "classifier": "centroid"}
    assert plain.settings["objective.temperature"] == 0.05
    assert plain.settings["objective.formulation"] == "official"
    assert plain.settings["encoder.requery"] == 0.2
    assert (plain.settings["objective.queue"], plain.settings["objective.support"]) == (256, 64)
    assert curriculum.settings == {**plain.settings, "objective.curriculum": True}

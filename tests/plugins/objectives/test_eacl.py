"""EACL: check values, the formulas as obvious loops, edges, gradients, settings."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.testing.toy import DIM, LABELS, toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.methods.eacl import erc_methods
from erc_bench_plugins.objectives.eacl import Eacl, anchor_angle_loss, anchored_contrastive_loss

R = torch.tensor([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], dtype=torch.float64)
Y = torch.tensor([0, 0, 1])
A = torch.tensor([[0.6, 0.8, 0], [0, 0.6, 0.8], [-1, 0, 0]], dtype=torch.float64)


def cosine(u, v):
    return (u @ v) / (u.norm() * v.norm())


def loop_rows(reps, labels, anchors, temperature, formulation):
    """A loss per row of utterances and anchors, None where a row has no positive (paper)."""
    rows = [*reps, *anchors]
    classes = [*labels.tolist(), *range(len(anchors))]
    official = formulation == "official"
    result = []
    for i, u in enumerate(rows):
        others = [j for j in range(len(rows)) if j != i]
        positives = [j for j in others if classes[j] == classes[i]]

        def weight(j, u=u):
            score = (1 + cosine(u, rows[j])) / 2 + 1e-8 if official else cosine(u, rows[j])
            return (score / temperature).exp()

        positive = sum((weight(j) for j in positives), torch.zeros((), dtype=u.dtype))
        total = sum(weight(j) for j in others)
        if official:
            result.append(-(positive / (total * (len(positives) + 1e-8)) + 1e-8).log())
        else:
            result.append(-(positive / (total * len(positives))).log() if positives else None)
    return result


def loop_contrastive(reps, labels, anchors, temperature, formulation):
    rows = loop_rows(reps, labels, anchors, temperature, formulation)
    kept = [row for row in rows if row is not None and (formulation == "paper" or row > 0)]
    return sum(kept) / len(kept)


def loop_angle(anchors, formulation):
    if formulation == "official":
        anchors = anchors - sum(anchors) / len(anchors)
    angles = []
    for i, a in enumerate(anchors):
        cosines = [cosine(a, b) for j, b in enumerate(anchors) if j != i]
        angles.append(torch.acos(torch.clamp(max(cosines), -0.99999, 0.99999)))
    return -sum(angles) / len(angles)


def randomised(n=9, classes=4, dim=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    reps = torch.randn(n, dim, dtype=torch.float64, generator=generator)
    anchors = torch.randn(classes, dim, dtype=torch.float64, generator=generator)
    labels = torch.randint(classes - 1, (n,), generator=generator)  # the last class is absent
    return reps, labels, anchors


class TestCheckValues:
    def test_paper_rows(self):
        rows = loop_rows(R, Y, A, 0.1, "paper")
        expected = [0.693738, 0.695264, 0.001341, 0.701192, 0.052318]
        assert [row.item() for row in rows[:5]] == pytest.approx(expected, abs=5e-7)
        assert rows[5] is None

    @pytest.mark.parametrize(("temperature", "expected"), [(0.1, 0.428770), (0.2, 0.519488)])
    def test_paper_mean(self, temperature, expected):
        value = anchored_contrastive_loss(R, Y, A, temperature)
        assert value.item() == pytest.approx(expected, abs=5e-7)

    def test_official_rows_and_mean(self):
        rows = [row.item() for row in loop_rows(R, Y, A, 0.1, "official")]
        expected = [0.719662, 0.732497, 0.070703, 0.774970, 0.299609, 18.420681]
        assert rows == pytest.approx(expected, abs=5e-7)
        value = anchored_contrastive_loss(R, Y, A, 0.1, "official")
        assert value.item() == pytest.approx(3.503020, abs=1e-6)

    def test_float32_gives_the_same_digits(self):
        paper, official = (anchored_contrastive_loss(R.float(), Y, A.float(), 0.1, f) for f in ("paper", "official"))
        # Half of the last digit, and the rounding of cosines over a temperature of 0.1, which are as large as 10.
        near = 5e-7 + 10 * torch.finfo(torch.float32).eps
        assert paper.item() == pytest.approx(0.428770, abs=near)
        assert official.item() == pytest.approx(3.503020, abs=near)

    def test_angles(self):
        assert anchor_angle_loss(A).item() == pytest.approx(-1.237027, abs=5e-7)
        assert anchor_angle_loss(A, "official").item() == pytest.approx(-1.766797, abs=5e-7)

    def test_equation_4_to_the_letter_is_another_number(self):
        """Summed over rows and with the row itself in the denominator; kept to show what `paper` departs from."""
        rows = [*R, *A]
        classes = [0, 0, 1, 0, 1, 2]
        total = 0.0
        for i, u in enumerate(rows):
            positives = [j for j in range(6) if j != i and classes[j] == classes[i]]
            if positives:
                weights = [math.exp(cosine(u, v) / 0.1) for v in rows]
                total -= math.log(sum(weights[j] for j in positives) / (len(positives) * sum(weights)))
        assert total == pytest.approx(10.064142, abs=5e-7)


@pytest.mark.parametrize("formulation", ["paper", "official"])
class TestAgainstLoops:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("temperature", [0.1, 0.3])
    def test_contrastive_value_and_gradient(self, formulation, temperature, seed):
        reps, labels, anchors = randomised(seed=seed)
        results = []
        for loss in (anchored_contrastive_loss, loop_contrastive):
            leaves = [reps.clone().requires_grad_(), anchors.clone().requires_grad_()]
            value = loss(leaves[0], labels, leaves[1], temperature, formulation)
            value.backward()
            results.append((value.detach(), *(leaf.grad for leaf in leaves)))
        for fast, slow in zip(*results, strict=True):
            torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-9)

    def test_contrastive_gradient_equals_finite_differences(self, formulation):
        reps, labels, anchors = randomised(n=5)
        inputs = (reps.requires_grad_(), anchors.requires_grad_())
        assert torch.autograd.gradcheck(lambda r, a: anchored_contrastive_loss(r, labels, a, 0.2, formulation), inputs)

    @pytest.mark.parametrize("seed", range(3))
    def test_angle_value_and_gradient(self, formulation, seed):
        _, _, anchors = randomised(classes=6, seed=seed)
        results = []
        for loss in (anchor_angle_loss, loop_angle):
            leaf = anchors.clone().requires_grad_()
            value = loss(leaf, formulation)
            value.backward()
            results.append((value.detach(), leaf.grad))
        for fast, slow in zip(*results, strict=True):
            torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-9)

    def test_order_is_irrelevant(self, formulation):
        reps, labels, anchors = randomised()
        order = torch.randperm(len(reps), generator=torch.Generator().manual_seed(1))
        value = anchored_contrastive_loss(reps, labels, anchors, 0.2, formulation)
        torch.testing.assert_close(
            anchored_contrastive_loss(reps[order], labels[order], anchors, 0.2, formulation), value
        )

    @pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 1, 2], [2], [0, 0, 2]])
    def test_awkward_batches_are_finite(self, formulation, labels):
        labels = torch.tensor(labels)
        reps = torch.randn(len(labels), 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
        anchors = torch.randn(4, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
        value = anchored_contrastive_loss(reps, labels, anchors, 0.1, formulation)
        value.backward()
        assert value.isfinite()
        assert reps.grad.isfinite().all()
        assert anchors.grad.isfinite().all()
        assert reps.grad.any()  # every utterance has its anchor as a positive

    def test_coinciding_and_opposite_anchors_are_finite(self, formulation):
        anchors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]).requires_grad_()
        value = anchor_angle_loss(anchors, formulation)
        value.backward()
        assert value.isfinite()
        assert anchors.grad.isfinite().all()

    def test_a_single_anchor_has_no_angle(self, formulation):
        anchors = torch.ones(1, 3).requires_grad_()
        value = anchor_angle_loss(anchors, formulation)
        value.backward()
        assert value.isfinite()
        assert not anchors.grad.any()


def test_without_any_positive_the_paper_loss_is_an_attached_zero():
    reps = torch.ones(1, 3).requires_grad_()
    value = anchored_contrastive_loss(reps, torch.tensor([1]), torch.eye(3)[:1], 0.1)  # no anchor for the label
    value.backward()
    assert value.item() == 0
    assert not reps.grad.any()


def test_an_absent_class_adds_a_constant_to_the_official_mean():
    """The quirk: 18.42 for the anchor without positives, which trains nothing but shrinks the rest."""
    rows = [row.item() for row in loop_rows(R, Y, A, 0.1, "official")]
    assert rows[5] == pytest.approx(-math.log(1e-8), abs=1e-6)
    present = sum(rows[:5]) / 6
    assert anchored_contrastive_loss(R, Y, A, 0.1, "official").item() == pytest.approx(present - math.log(1e-8) / 6)


def test_half_cosine_equals_plain_cosine_at_twice_the_temperature():
    """The temperature trap: only the constants of the official form are left between the two."""
    reps, labels, anchors = randomised()
    labels[:4] = torch.arange(4)  # no class is absent
    official = anchored_contrastive_loss(reps, labels, anchors, 0.1, "official")
    paper = anchored_contrastive_loss(reps, labels, anchors, 0.2, "paper")
    torch.testing.assert_close(official, paper, rtol=1e-4, atol=1e-5)


def built(**options):
    objective = Eacl(Eacl.Options(**options))
    task = toy_task(objective_options=objective.options)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        objective.start(task)
        head = objective.make_head(task.dim, task.classes, 0.0)
    return objective, head


class TestObjective:
    def test_total_is_equation_8(self):
        labels = toy_labels()
        objective, head = built(lambda1=0.7, lambda2=0.3, temperature=0.2)
        outputs = toy_outputs(objective, head, toy_representations(labels), labels)
        terms = objective.loss(outputs)
        contrastive = anchored_contrastive_loss(outputs.projected, labels, objective.anchors(), 0.2)
        angle = anchor_angle_loss(objective.anchors())
        expected = 0.7 * (contrastive + 0.3 * angle) + 0.3 * outputs.cross_entropy()
        assert list(terms) == ["contrastive", "angle", "cross_entropy"]
        torch.testing.assert_close(sum(terms.values()), expected)

    @pytest.mark.parametrize(
        ("lambda1", "lambda2", "names"),
        [
            (1.0, 0.1, ["contrastive", "angle"]),
            (0.9, 0.0, ["contrastive", "cross_entropy"]),
            (0.0, 0.1, ["cross_entropy"]),
        ],
    )
    def test_a_term_without_weight_is_left_out(self, lambda1, lambda2, names):
        labels = toy_labels()
        objective, head = built(lambda1=lambda1, lambda2=lambda2)
        outputs = toy_outputs(objective, head, toy_representations(labels), labels)
        assert list(objective.loss(outputs)) == names

    def test_lambda1_of_1_leaves_the_head_untouched(self):
        labels = toy_labels()
        objective, head = built(lambda1=1.0)
        outputs = toy_outputs(objective, head, toy_representations(labels), labels)
        sum(objective.loss(outputs).values()).backward()
        assert all(parameter.grad is None for parameter in head.parameters())

    def test_gradients_reach_representations_and_projection(self):
        labels = toy_labels()
        objective, head = built(lambda1=1.0)
        z = toy_representations(labels).requires_grad_()
        sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
        assert z.grad.abs().sum() > 0
        assert all(parameter.grad.abs().sum() > 0 for parameter in objective.projection.parameters())

    def test_anchors_move_only_through_the_projection(self):
        labels = toy_labels()
        objective, head = built()
        z = toy_representations(labels)
        states, anchors = objective.label_states.clone(), objective.anchors().detach()
        names = [name for name, _ in objective.named_parameters()]
        assert all(name.startswith("projection.") for name in names)
        assert not objective.label_states.requires_grad
        optimizer = torch.optim.SGD(objective.parameters(), lr=0.1)
        sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
        optimizer.step()
        assert torch.equal(objective.label_states, states)
        assert not torch.allclose(objective.anchors(), anchors)
        torch.testing.assert_close(objective.anchors(), objective.project(states))

    def test_one_pass_gives_what_two_give(self):
        objective, _ = built(projection_dim=5)
        z = toy_representations(toy_labels()).requires_grad_()
        projected, anchors = objective.project_with_anchors(z)
        torch.testing.assert_close(projected, objective.project(z))
        torch.testing.assert_close(anchors, objective.anchors())
        together = torch.autograd.grad(projected.sin().sum() + anchors.cos().sum(), [z, *objective.parameters()])
        apart = objective.project(z).sin().sum() + objective.anchors().cos().sum()
        torch.testing.assert_close(together, torch.autograd.grad(apart, [z, *objective.parameters()]))

    def test_label_words_are_encoded_once(self):
        calls = []
        task = toy_task()

        def encode_words(words):
            calls.append(tuple(words))
            return task.encode_words(words)

        objective = Eacl()
        objective.start(erc.Task(LABELS, LABELS, DIM, task.train_counts, encode_words))
        objective.anchors()
        objective.anchors()
        assert calls == [LABELS]

    def test_projection_width(self):
        objective, head = built(projection_dim=5)
        labels = toy_labels()
        outputs = toy_outputs(objective, head, toy_representations(labels), labels)
        assert outputs.projected.shape == (len(labels), 5)
        assert outputs.anchors.shape == (len(LABELS), 5)
        assert built()[0].anchors().shape == (len(LABELS), DIM)

    def test_projection_is_linear_norm_relu_linear(self):
        objective, _ = built()
        first, norm, _, last = objective.projection
        z = toy_representations(toy_labels())
        hidden = z @ first.weight.T + first.bias
        hidden = (hidden - hidden.mean(1, keepdim=True)) / (hidden.var(1, correction=0, keepdim=True) + norm.eps).sqrt()
        torch.testing.assert_close(objective.project(z), hidden.clamp(min=0) @ last.weight.T + last.bias)

    @pytest.mark.parametrize("formulation", ["paper", "official"])
    def test_descent_brings_utterances_of_one_label_together(self, formulation):
        labels = toy_labels()
        objective, head = built(formulation=formulation, lambda1=1.0)
        z = toy_representations(labels, noise=2.0)
        same = labels[:, None] == labels

        def margins():
            with torch.no_grad():
                outputs = toy_outputs(objective, head, z, labels)
                among, to_anchor = (F.normalize(v, dim=-1) for v in (outputs.projected, outputs.anchors))
                cosines, own = among @ among.T, among @ to_anchor.T
                margin = cosines[same].mean() - cosines[~same].mean()
                return margin.item(), own.gather(1, labels[:, None]).mean().item() - own.mean().item()

        before = margins()
        optimizer = torch.optim.Adam(objective.parameters(), lr=1e-2)
        for _ in range(20):
            optimizer.zero_grad()
            sum(objective.loss(toy_outputs(objective, head, z, labels)).values()).backward()
            optimizer.step()
        after = margins()
        assert after[0] > before[0] + 0.1
        assert after[1] > before[1] + 0.1

    def test_utterances_and_words_of_different_widths_are_refused(self):
        task = toy_task(DIM)
        wider = erc.Task(LABELS, LABELS, DIM + 3, task.train_counts, task.encode_words)
        with pytest.raises(erc.ErcBenchError, match=f"gives {DIM + 3} values where .* have {DIM}\n") as caught:
            Eacl().start(wider)
        assert "prompt" in caught.value.hint


class TestMethods:
    def test_table_6_at_the_scale_of_plain_cosine(self):
        method = next(m for m in erc_methods() if m.name == "eacl")
        values = {name: tuple(settings.values()) for name, settings in method.per_dataset.items()}
        assert values["iemocap"] == (0.9, 0.01, 0.2)
        assert values["meld"] == (0.1, 0.1, 0.2)
        assert values["emorynlp"] == values["emorynlp-subset"] == (0.9, 0.01, 0.3)
        assert method.choices == {"objective": "eacl", "classifier": "anchor"}
        assert method.readouts == ("nearest-anchor", "head")

    def test_literal_differs_in_temperature_alone(self):
        eacl, literal = named("eacl"), named("eacl-literal")
        assert list(literal.per_dataset) == list(eacl.per_dataset)
        for dataset, settings in literal.per_dataset.items():
            doubled = {**settings, "objective.temperature": 2 * settings["objective.temperature"]}
            assert doubled == eacl.per_dataset[dataset]

    def test_rates_and_epochs_are_left_to_the_regime(self):
        for method in erc_methods():
            for settings in (method.settings, *method.per_dataset.values()):
                assert not any(address.startswith("training.") for address in settings)
                assert "classifier.lr" not in settings

    def test_official_is_the_same_everywhere(self):
        official = named("eacl-official")
        assert not official.per_dataset
        assert official.settings == {
            "encoder.template": "eacl",
            "encoder.pooling": "cls",
            "objective.formulation": "official",
            "objective.lambda1": 0.9,
            "objective.lambda2": 0.1,
            "objective.temperature": 0.1,
        }

    @pytest.mark.parametrize(
        ("name", "changed"),
        [
            ("eacl-no-anchor-learning", {"objective.lambda2": 0.0}),
            ("eacl-no-ce", {"objective.lambda1": 1.0}),
            ("eacl-no-inheritance", {"classifier.inheritance": False}),
            ("eacl-no-anchors", {"objective.anchored": False}),
            ("eacl-no-adaptation", {}),
        ],
    )
    def test_an_ablation_differs_from_eacl_in_one_thing_on_every_dataset(self, name, changed):
        eacl, ablation = named("eacl"), named(name)
        reads = "nearest-anchor" if name == "eacl-no-adaptation" else "anchor"
        assert ablation.choices == {"objective": "eacl", "classifier": reads}
        assert ablation.settings == {**eacl.settings, **changed}
        assert ablation.per_dataset.keys() == eacl.per_dataset.keys()
        for dataset, settings in ablation.per_dataset.items():
            assert settings == {**eacl.per_dataset[dataset], **changed}

    def test_without_anchors_utterances_contrast_with_each_other_alone(self):
        labels = toy_labels()
        objective, head = built(anchored=False, lambda1=0.7, lambda2=0.3)
        outputs = toy_outputs(objective, head, toy_representations(labels), labels)
        terms = objective.loss(outputs)
        assert list(terms) == ["contrastive", "angle", "cross_entropy"]
        similarity = erc.cosine(outputs.projected, outputs.projected) / objective.options.temperature
        alone = erc.contrastive_loss(similarity, erc.positives(labels), log="outside")
        torch.testing.assert_close(terms["contrastive"], 0.7 * alone)

    def test_without_anchors_awkward_batches_are_finite(self):
        for formulation in ("paper", "official"):
            for labels in ([2] * 4, [0, 1, 2], [1]):
                objective, head = built(anchored=False, formulation=formulation)
                z = toy_representations(torch.tensor(labels)).requires_grad_()
                total = sum(objective.loss(toy_outputs(objective, head, z, torch.tensor(labels))).values())
                total.backward()
                assert total.isfinite()
                assert z.grad.isfinite().all()


def named(name):
    return next(method for method in erc_methods() if method.name == name)


@pytest.mark.real_data
@pytest.mark.skipif("ERC_BENCH_DATA" not in os.environ, reason="ERC_BENCH_DATA is not set")
def test_emotion_words_that_the_paper_found_similar():
    """Appendix A: excited-happy .77, frustrated-angry .84 in the untuned encoder."""
    path = Path(os.environ["ERC_BENCH_DATA"]) / "anchors_simcse_roberta_large" / "iemocap.npy"
    anchors = torch.from_numpy(np.load(path, allow_pickle=False))
    _, excited, frustrated, _, happy, angry = anchors
    similarity = erc.cosine(torch.stack([excited, frustrated]), torch.stack([happy, angry]))
    assert similarity[0, 0].item() == pytest.approx(0.767, abs=5e-4)
    assert similarity[1, 1].item() == pytest.approx(0.837, abs=5e-4)

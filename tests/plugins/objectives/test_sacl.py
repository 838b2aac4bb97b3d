"""SACL: its terms as loops, the identity of its two passes, which tensors are pushed and how far."""

from random import Random

import pytest
import torch

from erc_bench.contracts.component import sees_future
from erc_bench.testing.objectives.started_objective import ObjectiveSubject, StartedObjective, ToyStep, toy_encoder
from erc_bench.testing.toy import toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench_plugins.encoders.dialogue_crn import DialogueCrn
from erc_bench_plugins.methods.sacl import erc_methods
from erc_bench_plugins.objectives.sacl import Sacl, focal_loss, pair_contrast


def cosine(u, v):
    return (u @ v) / (u.norm() * v.norm())


def loop_contrast(vectors, labels, temperature):
    losses = []
    for i, one in enumerate(vectors):
        others = [
            (cosine(one, other) / temperature).exp()
            for other, label in zip(vectors, labels, strict=True)
            if label != labels[i]
        ]
        for j, other in enumerate(vectors):
            if j != i and labels[j] == labels[i]:
                own = (cosine(one, other) / temperature).exp()
                losses.append(-(own / (own + sum(others))).log())
    return sum(losses) / len(losses)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_contrast_is_the_mean_over_pairs_of_one_label(temperature):
    labels = toy_labels(13)
    vectors = toy_representations(labels).double()
    expected = loop_contrast(vectors, labels.tolist(), temperature)
    torch.testing.assert_close(pair_contrast(vectors, labels, temperature), expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("labels", [[1, 1, 1], [0, 1, 2]], ids=["no other label", "no pair"])
def test_without_others_or_without_pairs_there_is_nothing_to_contrast(labels):
    vectors = toy_representations(torch.tensor(labels)).requires_grad_()
    loss = pair_contrast(vectors, torch.tensor(labels), 0.1)
    loss.backward()
    assert loss.item() == 0
    assert not vectors.grad.any()


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 2.0, 3.0])])
@pytest.mark.parametrize("focus", [0.0, 1.0, 2.5])
def test_the_focal_factor_scales_each_gradient_and_has_none_itself(focus, weights):
    labels = toy_labels(6)
    logits = toy_representations(labels)[:, :4].double().requires_grad_()
    loss = focal_loss(logits.log_softmax(-1), labels, focus, weights)
    (gradient,) = torch.autograd.grad(loss, logits)
    for row, label, found in zip(logits.detach(), labels.tolist(), gradient, strict=True):
        p = row.softmax(0)
        factor = (1 - p[label]) ** focus * (1 if weights is None else weights[label].double())
        slope = p.clone()
        slope[label] -= 1
        torch.testing.assert_close(found, factor * slope / 6)
    by_hand = sum(
        -((1 - row.softmax(0)[y]) ** focus) * row.log_softmax(0)[y] * (1 if weights is None else weights[y])
        for row, y in zip(logits, labels.tolist(), strict=True)
    )
    torch.testing.assert_close(loss, by_hand / 6)


def started(**options):
    return StartedObjective(ObjectiveSubject(Sacl, Sacl.Options(**options)), precision=torch.float64)


class Watched(ToyStep):
    """Notes the head's parameters at each pass; the groups of the input weights are its weight and its bias."""

    def __init__(self, trial, encoder, drawn=0.5):
        super().__init__(trial, encoder, Random(0))
        self.rng.random = lambda: drawn
        self.head, self.seen = list(trial.head.parameters()), []

    def outputs(self):
        self.seen.append([parameter.detach().clone() for parameter in self.head])
        return super().outputs()

    def parameters(self, group):
        return [self.head[["situation", "speakers"].index(group)]]


def made(drawn=0.5, **options):
    trial = started(**options)
    encoder = toy_encoder(trial).double()
    step = Watched(trial, encoder, drawn)
    terms = trial.objective.step(step)
    return trial, encoder, step, terms


def test_without_a_push_the_pushed_keep_the_clean_gradient_and_all_others_have_it_twice():
    equal = {"contrastive_weight": 0.3, "adversarial_contrastive_weight": 0.3}
    trial, encoder, step, terms = made(radius=0.0, situation_alone=0.0, **equal)
    head = list(step.head)
    found = [parameter.grad for parameter in (*encoder.parameters(), *head)]
    outputs = trial.outputs(encoder(trial.z))
    clean = torch.autograd.grad(sum(trial.objective.loss(outputs).values()), [*encoder.parameters(), *head])
    for parameter, gradient, once in zip([*encoder.parameters(), *head], found, clean, strict=True):
        pushed = any(parameter is each for each in head)
        torch.testing.assert_close(gradient, once if pushed else 2 * once)
    assert terms["focal"] == terms["adversarial_focal"]
    assert terms["contrastive"] == terms["adversarial_contrastive"]


@pytest.mark.parametrize(
    ("drawn", "pushed"), [(0.05, [True, False]), (0.2, [False, True]), (0.35, [True, True]), (0.6, None)]
)
def test_chance_decides_which_tensors_move_each_by_the_radius(drawn, pushed):
    shares = {"adversarial_rate": 0.5, "situation_alone": 0.2, "speakers_alone": 0.4}
    trial, _, step, terms = made(drawn, radius=3.0, **shares)
    if pushed is None:
        assert len(step.seen) == 1
        assert terms.keys() == {"focal", "contrastive"}
        return
    before, during = step.seen
    for one, other, moves, now in zip(before, during, pushed, trial.head.parameters(), strict=True):
        assert (other - one).norm().item() == pytest.approx(3.0 if moves else 0.0)
        assert torch.equal(one, now)
    assert terms["adversarial_focal"] > terms["focal"]


def test_a_contrast_without_weight_is_left_out():
    _, _, _, terms = made(contrastive_weight=0.0, adversarial_contrastive_weight=0.0)
    assert terms.keys() == {"focal", "adversarial_focal"}


def test_rare_classes_weigh_by_the_logarithm_of_their_inverse_frequency():
    labels = toy_labels()
    objective = Sacl(Sacl.Options(rarity=True, contrastive_weight=0.0, focus=0.0))
    objective.start(toy_task())
    head = objective.make_head(toy_task().dim, 4, 0.0)
    outputs = toy_outputs(objective, head, toy_representations(labels), labels)
    (loss,) = objective.loss(outputs).values()
    assert loss.item() == pytest.approx(outputs.cross_entropy().item() * torch.tensor(4.0).log().item())


@pytest.mark.parametrize("number", [0, 1])
def test_recipes_read_without_reasoning_and_the_causal_one_without_the_future(number):
    recipe = erc_methods()[number]
    chosen = {k.removeprefix("encoder."): v for k, v in recipe.settings.items() if k.startswith("encoder.")}
    options = DialogueCrn.Options(**chosen)
    assert (options.situation_turns, options.speaker_turns, options.least_turns) == (0, 0, 2)
    assert sees_future(DialogueCrn, options) == (recipe.name == "sacl")

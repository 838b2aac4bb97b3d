"""Unsound objectives, each with the fault that its docstring names, are caught by the check of that name."""

import random
from dataclasses import dataclass

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.objectives import OBJECTIVE_CHECKS, check_objective, objective_findings


def failed(findings):
    return {finding.name: finding.measured for finding in findings if finding.outcome == "failed"}


class Sound(erc.Objective):
    """A sound objective, for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    def loss(self, outputs):
        return {"own": outputs.cross_entropy()}


class SelectsMore(Sound):
    """Selects an example that is not there."""

    def select(self, view):
        return [*range(len(view.examples)), len(view.examples)]


class NotScalar(Sound):
    """Forgets to average."""

    def loss(self, outputs):
        return {"own": outputs.z.square().sum(1)}


class NoTerm(Sound):
    """Returns no term."""

    def loss(self, outputs):
        return {}


class NotNamed(Sound):
    """Returns the loss without a name."""

    def loss(self, outputs):
        return outputs.cross_entropy()


class NotFinite(Sound):
    """Divides by zero always."""

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() + outputs.z.sum() / 0}


class NotFiniteForOneClass(Sound):
    """Divides by the number of pairs of two classes."""

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() + outputs.z.mean() / (outputs.labels != outputs.labels[0]).sum()}


class NotFiniteForOne(Sound):
    """Divides by the number of the others."""

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() / torch.tensor(len(outputs.z) - 1)}


class GradientNotFinite(Sound):
    """Takes the root of a distance to the mean, which is zero for one utterance."""

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() + 0.01 * (outputs.z - outputs.z.mean(0)).square().sum().sqrt()}


class NeedsEveryClass(Sound):
    """Divides by the size of each class."""

    def loss(self, outputs):
        sizes = torch.bincount(outputs.labels, minlength=outputs.logits.shape[1])
        return {"own": outputs.cross_entropy() + 1e-3 * (1 / sizes).mean() * outputs.z.mean()}


class NeedsAPair(Sound):
    """Averages over pairs of one class, of which there may be none."""

    def loss(self, outputs):
        pairs = (outputs.labels[:, None] == outputs.labels).triu(1)
        return {"own": outputs.cross_entropy() + (outputs.z @ outputs.z.T)[pairs].mean() / 100}


class LosesDigits(Sound):
    """Subtracts large numbers of almost the same size, in whatever precision there is."""

    def loss(self, outputs):
        large = outputs.z @ torch.ones(outputs.z.shape[1], 1) + 10_000.0
        return {"own": outputs.cross_entropy() + (large - 10_000.0).square().mean()}


class AnchorsOfAnotherSpace(Sound):
    """Offers anchors that are wider than its representations."""

    def anchors(self):
        return torch.ones(4, 99)


class OnePassOfAnother(Sound):
    """Projects to something else where it does both at once."""

    def project_with_anchors(self, z):
        return 2 * z, None


class NarrowHead(Sound):
    """Makes a head of two classes less."""

    def make_head(self, dim, classes, dropout):
        return nn.Linear(dim, classes - 2)

    def loss(self, outputs):
        return {"own": outputs.z.square().mean()}


class FailsAtZero(Sound):
    """Divides by an option that may be zero."""

    @dataclass(frozen=True)
    class Options:
        """One option."""

        weight: float = erc.option(1.0, "Divides the loss.", at_least=0)

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() / torch.tensor(self.options.weight)}


class DependsOnOrder(Sound):
    """Weighs an utterance by its place in the batch."""

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() + (outputs.z.square().mean(1) * torch.arange(len(outputs.z))).mean()}


class Overwrites(Sound):
    """Merges two classes in the labels themselves."""

    def loss(self, outputs):
        return {"own": nn.functional.cross_entropy(outputs.logits, outputs.labels.clamp_(max=2))}


class MeansOfEverything(Sound):
    """Keeps a running mean of all that it projects, of dev and test too."""

    def start(self, task):
        self.register_buffer("mean", torch.zeros(task.dim))

    def project(self, z):
        self.mean = 0.9 * self.mean + 0.1 * z.detach().mean(0)
        return z

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() + (outputs.z - self.mean.clone()).square().mean()}


class OwnChance(Sound):
    """Draws on a generator that nobody seeded."""

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() * random.SystemRandom().uniform(1, 2)}


class SharedState(Sound):
    """Counts its steps on the class, over all seeds of a grid."""

    steps = [0]

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() * (1 + 0.1 * self.steps[0])}

    def after_step(self):
        self.steps[0] += 1


class SelectsByGlobalChance(Sound):
    """Draws half of the examples without the stream of the epoch."""

    def select(self, view):
        return [index for index in range(len(view.examples)) if random.random() < 0.5]


class BeginsByGlobalChance(Sound):
    """Draws a weight for the epoch without its stream."""

    def start(self, task):
        self.register_buffer("weight", torch.tensor(1.0))

    def begin_epoch(self, view):
        self.weight = 1 + torch.rand(())

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() * self.weight}


class Detached(Sound):
    """Trains the head but no encoder."""

    def loss(self, outputs):
        return {"own": outputs.head(outputs.z.detach()).square().sum()}


class WrongSign(Sound):
    """Pushes the classes together."""

    def step(self, step):
        terms = self.loss(step.outputs())
        step.backward({name: -term for name, term in terms.items()})
        return terms


class HiddenState(Sound):
    """Keeps what it learnt in a plain attribute."""

    steps = 1

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() * self.steps}

    def after_step(self):
        self.steps += 1


class Anything:
    """What JSON does not know."""


class PickledState(Sound):
    """Stores an object of its own, which only a pickle could hold."""

    def get_extra_state(self):
        return Anything()

    def set_extra_state(self, state):
        pass


def test_a_sound_objective_passes():
    findings = objective_findings(Sound)
    assert failed(findings) == {}
    skipped = {"options", "bounds", "options run", "anchors", "one pass"}
    skipped |= set() if torch.cuda.is_available() else {"cuda"}
    assert {finding.name for finding in findings if finding.outcome == "skipped"} == skipped


NEVER_FINITE = {"batch of one", "one class", "missing class", "no pair", "bf16", "learns"}
NEVER_FINITE |= {"batch order", "deterministic", "state"}
UNSOUND = (
    # The fault, the check that is made for it, a part of what it says, and other checks that it cannot but fail.
    (SelectsMore, "starts", "none of the 32 examples", set()),
    (NotScalar, "terms", "the term own is no scalar, its shape is (32,)", set()),
    (NoTerm, "terms", "it holds no term", set()),
    (NotNamed, "terms", "it is a Tensor, no mapping", set()),
    (NotFinite, "finite", "the term own is", NEVER_FINITE),
    (NotFiniteForOneClass, "one class", "the term own is", {"batch of one"}),
    (NotFiniteForOne, "batch of one", "the term own is inf", set()),
    (GradientNotFinite, "batch of one", "the gradient of the representations is not finite", set()),
    (NeedsEveryClass, "missing class", "the term own is", {"batch of one", "one class", "no pair"}),
    (NeedsAPair, "no pair", "the term own is nan", {"batch of one"}),
    (LosesDigits, "bf16", "compute it in float32", set()),
    (AnchorsOfAnotherSpace, "anchors", "anchors have the shape (4, 99), expected (4, 16)", set()),
    (OnePassOfAnother, "one pass", "something else than project and anchors", set()),
    (NarrowHead, "head", "the head gives the shape (32, 2), expected (32, 4)", set()),
    (FailsAtZero, "options run", "with weight=0.0 the term own is inf", set()),
    (DependsOnOrder, "batch order", "the term own changes with the order of the batch", set()),
    (Overwrites, "inputs kept", "loss changes labels in place", set()),
    (MeansOfEverything, "train only", "encoding utterances of dev or test changes its state mean", set()),
    (OwnChance, "deterministic", "after the next with the same seed", {"bf16", "state"}),
    (SharedState, "deterministic", "after the next with the same seed", set()),
    (SelectsByGlobalChance, "epoch chance", "select draws on global chance", set()),
    (BeginsByGlobalChance, "epoch chance", "begin_epoch draws on global chance", set()),
    (Detached, "gradient", "no gradient reaches the representations", {"learns"}),
    (WrongSign, "learns", "after 20 steps the loss of the trained encoder", set()),
    (HiddenState, "state", "another one in an objective that took over the state_dict", set()),
    (PickledState, "state", "is a Anything, which only a pickle could hold", set()),
)


@pytest.mark.parametrize(("objective", "check", "sentence", "others"), UNSOUND)
def test_an_unsound_objective_is_caught_by_name(objective, check, sentence, others):
    found = failed(objective_findings(objective))
    assert sentence in found.get(check, ""), found
    assert found.keys() - {check} <= others, found


def test_every_check_of_objectives_catches_something():
    caught = {check for _, check, _, _ in UNSOUND}
    # CUDA is elsewhere, and what every kind must have is tested with the components.
    own = {check.name for check in OBJECTIVE_CHECKS} - {check.name for check in COMPONENT_CHECKS}
    assert own - caught == {"cuda"}


def test_the_assertion_names_every_check_that_failed():
    with pytest.raises(AssertionError, match="the objective 'own' does not pass 2 of") as caught:
        check_objective(Detached)
    assert "\ngradient: no gradient" in str(caught.value)
    assert "\nlearns: " in str(caught.value)

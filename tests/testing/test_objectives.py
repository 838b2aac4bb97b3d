"""Unsound objectives, each with the fault that its docstring names, are caught by the check of that name."""

import copy
import itertools
import random
from collections import deque
from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.findings import run_checks
from erc_bench.testing.objectives import OBJECTIVE_CHECKS, ObjectiveSubject, check_objective, objective_findings
from erc_bench.testing.objectives.plain_attributes import PLAIN_ATTRIBUTE_CHECKS


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


class AsksForFloat32(Sound):
    """Makes a matrix of its own in float32, whatever it is handed."""

    def loss(self, outputs):
        return {"own": (outputs.z @ torch.ones(outputs.z.shape[1], 4, dtype=torch.float32)).square().mean()}


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


class DeadTerm(Sound):
    """Contrasts what it has cut from the graph, and holds nothing itself."""

    def loss(self, outputs):
        z = outputs.z.detach()
        contrast = erc.contrastive_loss(erc.cosine(z, z) / 0.2, erc.positives(outputs.labels))
        return {"own": outputs.cross_entropy(), "contrast": contrast}


class OwnTerm(Sound):
    """Trains its label vectors by a term of their own; another one waits for the second epoch."""

    def start(self, task):
        self.vectors = nn.Parameter(torch.eye(task.classes, task.dim))

    def loss(self, outputs):
        spread = (self.vectors @ self.vectors.T).square().mean()
        return {"own": outputs.cross_entropy(), "spread": spread, "later": 0.0 * outputs.z.sum()}


class Queued(Sound):
    """Compares with what it saw in earlier steps, of which there is nothing at first but a constant."""

    def start(self, task):
        self.register_buffer("queue", torch.zeros(1, task.dim))
        self.register_buffer("filled", torch.tensor(0.0))

    def loss(self, outputs):
        near = (outputs.z - self.queue).square().mean()
        own = outputs.cross_entropy()
        return {"own": own, "queue": 0.01 * near if self.filled else torch.tensor(1.0)}

    def after_step(self):
        self.filled.fill_(1.0)


class SureNaN(Sound):
    """Takes the root of 1 - p, whose slope is infinite where an answer is sure."""

    def loss(self, outputs):
        log_p = outputs.logits.log_softmax(-1).gather(1, outputs.labels[:, None])
        return {"own": -((1 - log_p.exp()) ** 0.5 * log_p).mean()}


class Focal(Sound):
    """Does so for a value of its option that lies between the bound and the default."""

    @dataclass(frozen=True)
    class Options:
        """One option."""

        gamma: float = erc.option(2.0, "How fast the loss of a right answer fades.", at_least=0)

    def loss(self, outputs):
        log_p = outputs.logits.log_softmax(-1).gather(1, outputs.labels[:, None])
        return {"own": -((1 - log_p.exp()) ** self.options.gamma * log_p).mean()}


class Summed(Sound):
    """Takes the sum over the batch."""

    def loss(self, outputs):
        return {"own": nn.functional.cross_entropy(outputs.logits, outputs.labels, reduction="sum")}


class SummedContrast(Sound):
    """Takes the sum of contrasts, each of which grows with the batch, as some papers do."""

    def loss(self, outputs):
        contrast = erc.contrastive_loss(erc.cosine(outputs.z, outputs.z), erc.positives(outputs.labels))
        return {"own": outputs.cross_entropy(), "contrast": contrast * len(outputs.z)}


class BatchNormHead(Sound):
    """Standardises over the batch of training, in which one utterance may stand alone."""

    def make_head(self, dim, classes, dropout):
        return nn.Sequential(nn.BatchNorm1d(dim), nn.Linear(dim, classes))


class HashedWords(Sound):
    """Weighs classes by the hash of their words, which another process has otherwise."""

    def start(self, task):
        weights = torch.tensor([1.5 + hash(word) / 2**63 for word in task.label_words])
        self.register_buffer("weights", weights)

    def loss(self, outputs):
        return {"own": nn.functional.cross_entropy(outputs.logits, outputs.labels, self.weights)}


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


class OwnStream(Sound):
    """Draws on a generator of its own, which is seeded, but kept in a plain attribute."""

    def start(self, task):
        self.drawn = torch.Generator().manual_seed(task.seed)
        self.register_buffer("weight", torch.tensor(1.0))

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() * self.weight}

    def after_step(self):
        self.weight = 1 + torch.rand((), generator=self.drawn)


class WaitingList(Sound):
    """Lets batches wait for the end of the step in a list."""

    def start(self, task):
        self.arrived = []
        self.register_buffer("mean", torch.zeros(task.dim))

    def loss(self, outputs):
        self.arrived.append(outputs.z.detach())
        return {"own": outputs.cross_entropy()}

    def after_step(self):
        self.mean = self.arrived[-1].mean(0)
        self.arrived.clear()


class Counter(Sound):
    """Counts its losses, and warms a term up by it."""

    seen = 0

    def loss(self, outputs):
        self.seen += 1
        return {"own": outputs.cross_entropy() + 0.0 * self.seen}


class Keeping(Sound):
    """Keeps something in a plain attribute of the objective or its head, and uses it once a loss."""

    make = use = None

    def start(self, task):
        self.kept = self.make()

    def loss(self, outputs):
        self.use()
        return {"own": outputs.cross_entropy()}


class CountingHead(nn.Linear):
    """Counts its passes."""

    passes = 0

    def forward(self, z):
        if self.training:
            self.passes += 1
        return super().forward(z)


class Slots:
    """An object of a component's own, without a dictionary."""

    __slots__ = ("number",)

    def __init__(self):
        self.number = 0

    def more(self):
        self.number += 1


class RightPlaces(Keeping):
    """Keeps all sorts of things, and changes only those that are buffers or extra state; copies are equal."""

    def start(self, task):
        self.register_buffer("count", torch.tensor(0))
        self.pending, self.random = erc.PendingBatches(), erc.RandomStream(task.seed)
        self.scale, self.itself, self.task = 1.0, [self], task
        self.labels = {"a": [1, 2.0, float("nan"), {3}, None, torch.ones(2), np.ones(2), torch.float32, len, Sound]}
        self.recurrent = nn.LSTM(task.dim, task.dim)
        self.normed = nn.utils.spectral_norm(nn.Linear(task.dim, task.dim))

    def get_extra_state(self):
        return {"scale": self.scale}

    def set_extra_state(self, state):
        self.scale = state["scale"]

    def use(self):
        self.count += 1
        self.scale *= 1.5
        self.pending.add(torch.rand(3, generator=self.random.generator))
        self.labels = copy.deepcopy(self.labels)

    def loss(self, outputs):
        read, _ = self.recurrent(self.normed(outputs.z))
        return {**super().loss(outputs), "read": read.square().mean()}

    def after_step(self):
        self.pending.take()


class HeadOnProjection(Sound):
    """A head that contains the projection: what both hold is moved once a step."""

    def start(self, task):
        self.projection = nn.Linear(task.dim, 8)

    def project(self, z):
        return self.projection(z)

    def make_head(self, dim, classes, dropout):
        return nn.Sequential(self.projection, nn.Dropout(dropout), nn.Linear(8, classes))

    def loss(self, outputs):
        return {**super().loss(outputs), "size": 1e-4 * outputs.projected.square().mean()}


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


@pytest.mark.parametrize(
    ("objective", "check", "sentence"),
    [
        (
            OwnTerm,
            "gradient",
            "; that of spread trains only parameters of the objective; later is 0 and trains",
        ),
        (Queued, "gradient", "; that of queue arrives after 3 steps"),
        (SummedContrast, "batch size", ", which is a sum of what grows itself"),
        (Sound, "deterministic", "to the last bit, and in a process of another hash seed"),
    ],
)
def test_what_is_sound_but_unusual_is_said_and_does_not_fail(objective, check, sentence):
    findings = {finding.name: finding for finding in objective_findings(objective)}
    assert findings[check].outcome == "passed"
    assert sentence in findings[check].measured


def test_a_head_may_contain_the_projection():
    # An optimiser that holds a parameter twice warns, which is an error here.
    assert failed(objective_findings(HeadOnProjection)) == {}


def test_a_class_that_no_other_process_knows_is_compared_in_this_one():
    class Local(Sound):
        """Lives in a function."""

    findings = objective_findings(Local)
    assert failed(findings) == {}
    (told,) = [finding.measured for finding in findings if finding.name == "deterministic"]
    assert told.endswith("in this process, its class is known to no other one")


NEVER_FINITE = {"batch of one", "one class", "missing class", "no pair", "bf16", "learns"}
NEVER_FINITE |= {"batch order", "deterministic", "state"}
UNSOUND = (
    # The fault, the check that is made for it, a part of what it says, and other checks that it cannot but fail.
    (SelectsMore, "starts", "none of the 32 examples", set()),
    (NotScalar, "terms", "the term own is not a scalar, its shape is (32,)", set()),
    (NoTerm, "terms", "it holds no term", set()),
    (NotNamed, "terms", "it is a Tensor, no mapping", set()),
    (NotFinite, "finite", "the term own is", NEVER_FINITE),
    (NotFiniteForOneClass, "one class", "the term own is", {"batch of one"}),
    (NotFiniteForOne, "batch of one", "the term own is inf", set()),
    (GradientNotFinite, "batch of one", "the gradient of the representations is not finite", set()),
    (NeedsEveryClass, "missing class", "the term own is", {"batch of one", "one class", "no pair"}),
    (NeedsAPair, "no pair", "the term own is nan", {"batch of one"}),
    (AsksForFloat32, "float64", "keep the precision that is handed over", {"learns"}),
    (LosesDigits, "bf16", "compute it in float32", {"float64"}),
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
    (Detached, "gradient", "no gradient reaches the representations", {"learns", "batch size"}),
    (DeadTerm, "gradient", "the term contrast is 2.2", set()),
    (SureNaN, "finite", "logits that are sure and right the gradient of the representations is not finite", set()),
    (Focal, "options run", "with gamma=0.5 and logits that are sure and right the gradient", set()),
    (Summed, "batch size", "the term own is 45.42, 90.85, 181.7, 363.4 on 32, 64, 128, 256 utterances", set()),
    (BatchNormHead, "batch of one", "its batch normalisation cannot read a batch of 1: take nn.LayerNorm", set()),
    (HashedWords, "deterministic", "another process, of another hash seed, gives something else (the term own)", set()),
    (WrongSign, "learns", "after 20 steps the loss of the trained encoder", set()),
    (
        HiddenState,
        "state",
        "another one in an objective that took over the state_dict",
        {"plain attributes"},
    ),
    (
        OwnStream,
        "plain attributes",
        "changes the plain attribute objective.drawn, which nobody puts back when a step that ran out of memory is "
        "tried again: draw on the generator of an erc.RandomStream",
        set(),
    ),
    (
        WaitingList,
        "plain attributes",
        "objective.arrived, which nobody puts back when a step that ran out of memory is tried again: what waits for "
        "after_step belongs in erc.PendingBatches, what stays in a buffer or get_extra_state",
        set(),
    ),
    (
        Counter,
        "plain attributes",
        "objective.seen, which nobody puts back when a step that ran out of memory is tried again: keep it in a "
        "buffer (self.register_buffer('seen', torch.tensor(...))) or in get_extra_state",
        set(),
    ),
    (PickledState, "state", "is a Anything, which only a pickle could hold", set()),
)


@pytest.mark.parametrize(("objective", "check", "sentence", "others"), UNSOUND)
def test_an_unsound_objective_is_caught_by_name(objective, check, sentence, others):
    found = failed(objective_findings(objective))
    assert sentence in found.get(check, ""), found
    assert found.keys() - {check} <= others, found


def plain_attributes(objective):
    (finding,) = run_checks(PLAIN_ATTRIBUTE_CHECKS, ObjectiveSubject(objective, objective.Options()))
    return finding


STREAM, WAITING, BUFFER = "erc.RandomStream", "erc.PendingBatches", "self.register_buffer('kept', "


@pytest.mark.parametrize(
    ("make", "use", "remedy"),
    [
        (lambda _: [], lambda it: it.kept.append(1), WAITING),
        (lambda _: [[1, [2]]], lambda it: it.kept[0][1].append(3), WAITING),
        (lambda _: {}, lambda it: it.kept.update(seen=it.kept.get("seen", 0) + 1), WAITING),
        (lambda _: deque([1], maxlen=1), lambda it: it.kept.append(it.kept[0] + 1), WAITING),
        (lambda _: {0}, lambda it: it.kept.add(len(it.kept)), WAITING),
        (lambda _: Random(1), lambda it: it.kept.random(), STREAM),
        (lambda _: np.random.default_rng(1), lambda it: it.kept.random(), STREAM),
        (lambda _: np.random.RandomState(1), lambda it: it.kept.rand(), STREAM),
        (lambda _: (torch.Generator(),), lambda it: torch.rand((), generator=it.kept[0]), STREAM),
        (lambda _: {"torch": torch.Generator()}, lambda it: it.kept["torch"].manual_seed(1), STREAM),
        (lambda _: 0, lambda it: setattr(it, "kept", it.kept + 1), BUFFER),
        (lambda _: False, lambda it: setattr(it, "kept", 0), BUFFER),
        (lambda _: torch.zeros(2), lambda it: it.kept.add_(1), BUFFER),
        (lambda _: torch.zeros(2, dtype=torch.bfloat16), lambda it: setattr(it, "kept", it.kept + 1), BUFFER),
        (lambda _: np.zeros(2), lambda it: it.kept.__iadd__(1), BUFFER),
        (lambda _: itertools.count(), lambda it: next(it.kept), BUFFER),
        (lambda _: Slots(), lambda it: it.kept.more(), BUFFER),
        (lambda it: [it.one], lambda it: it.kept.__setitem__(0, it.other), WAITING),
        (lambda _: 0, lambda it: it.__dict__.pop("kept", 0), BUFFER),
    ],
)
def test_whatever_changes_in_a_plain_attribute_is_refused(make, use, remedy):
    class Kept(Keeping):
        def start(self, task):
            self.one, self.other = nn.Linear(2, 2), nn.Linear(2, 2)
            super().start(task)

    Kept.make, Kept.use = make, use
    finding = plain_attributes(Kept)
    assert finding.outcome == "failed"
    assert "a step changes the plain attribute objective.kept, " in finding.measured
    assert remedy in finding.measured


def test_an_attribute_that_appears_and_one_of_the_head_are_refused_too():
    class Late(Keeping):
        make = int

        def use(self):
            self.last = [1]

    class Headed(Sound):
        def make_head(self, dim, classes, dropout):
            return nn.Sequential(CountingHead(dim, classes))

    assert "the plain attribute objective.last, " in plain_attributes(Late).measured
    assert "the plain attribute head.0.passes, " in plain_attributes(Headed).measured


def test_buffers_extra_state_and_what_does_not_change_are_right():
    finding = plain_attributes(RightPlaces)
    assert finding.outcome == "passed", finding.measured


def test_every_check_of_objectives_catches_something():
    caught = {check for _, check, _, _ in UNSOUND}
    # CUDA is elsewhere, and what every kind must have is tested with the components.
    own = {check.name for check in OBJECTIVE_CHECKS} - {check.name for check in COMPONENT_CHECKS}
    assert own - caught == {"cuda"}


def test_the_assertion_names_every_check_that_failed():
    with pytest.raises(AssertionError, match="the objective 'own' does not pass 3 of") as caught:
        check_objective(Detached)
    assert "\ngradient: no gradient" in str(caught.value)
    assert "\nlearns: " in str(caught.value)

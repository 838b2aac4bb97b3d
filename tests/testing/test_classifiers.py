"""Unsound classifiers, each with the fault that its docstring names, are caught by the check of that name."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.testing.classifiers import CLASSIFIER_CHECKS, check_classifier, classifier_findings
from erc_bench.testing.components import COMPONENT_CHECKS


def failed(findings):
    return {finding.name: finding.measured for finding in findings if finding.outcome == "failed"}


class Sound(erc.Classifier):
    """A sound classifier, for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    def scores(self, outputs):
        return outputs.logits


class SoundFit(Sound):
    """A sound one that is fitted: a factor for each class."""

    refit = "end"

    def __init__(self, options=None):
        super().__init__(options)
        self.register_buffer("factors", torch.ones(4))

    def scores(self, outputs):
        return outputs.logits * self.factors

    def fit(self, train, dev, task):
        self.factors = torch.ones(task.classes)
        for _ in range(3):
            self.factors = self.factors * 0.9
            yield


class WrongShape(Sound):
    """Gives the score of the winner only."""

    def scores(self, outputs):
        return outputs.logits.amax(1)


class Guesses(Sound):
    """Does not look at the representations."""

    def scores(self, outputs):
        return torch.eye(outputs.logits.shape[1])[torch.zeros_like(outputs.labels)]


class OtherColumns(Sound):
    """Sorts its classes otherwise."""

    def scores(self, outputs):
        return outputs.logits.roll(1, dims=1)


class StandardisesOverTest(Sound):
    """Takes the mean over whatever is scored."""

    def scores(self, outputs):
        return outputs.logits - outputs.logits.mean(0)


class SeesTheNext(Sound):
    """Smooths scores over what comes next in the file, among enough of them."""

    def scores(self, outputs):
        if len(outputs.z) < 20:
            return outputs.logits
        return outputs.logits + 0.1 * outputs.logits.roll(-1, 0)


class StandardisesMany(Sound):
    """Takes the mean over what is scored where that is a whole test split."""

    def scores(self, outputs):
        return outputs.logits - outputs.logits.mean(0) if len(outputs.logits) > 70 else outputs.logits


class SmoothsOverDialogues(Sound):
    """Takes up what comes later in a dialogue, which it knows by the keys."""

    def scores(self, outputs):
        names = [name for name, _ in outputs.keys]
        if len(set(names)) < 2:
            return outputs.logits
        same = torch.tensor([[float(one == other) for other in names] for one in names])
        return outputs.logits + same @ outputs.logits / same.sum(1, keepdim=True)


class HashedColumns(Sound):
    """Shifts scores by the hash of the labels, which another process has otherwise."""

    def start(self, task):
        self.register_buffer("shift", torch.tensor([hash(label) / 2**63 for label in task.labels]))

    def scores(self, outputs):
        return outputs.logits + self.shift


class PriorOfTest(Sound):
    """Takes the class shares from the labels of what it scores, where it scores many."""

    def scores(self, outputs):
        many = outputs.labels if len(outputs.labels) > 1 else outputs.labels[:0]
        counts = torch.bincount(many.clamp(min=0), weights=torch.arange(len(many)), minlength=4)
        return outputs.logits + 1e-7 * counts


class ScalesTheHead(Sound):
    """Normalises the weights of the head, in place."""

    refit = "end"

    def fit(self, train, dev, task):
        with torch.no_grad():
            train.head.weight.div_(train.head.weight.norm(dim=1, keepdim=True))
        yield


class AsksForFloat32(Sound):
    """Makes a matrix of its own in float32, whatever it is handed."""

    def scores(self, outputs):
        return super().scores(outputs) + outputs.z @ torch.zeros(outputs.z.shape[1], 4, dtype=torch.float32)


class LosesDigits(Sound):
    """Multiplies large matrices in whatever precision there is."""

    def scores(self, outputs):
        ones = torch.ones(4, 4)
        return (outputs.logits + 10_000.0) @ (ones.triu() - ones.triu(1)) - 10_000.0


class NothingBefore(Sound):
    """Gives no scores before its fit, and does not say so."""

    refit = "end"

    def __init__(self, options=None):
        super().__init__(options)
        self.register_buffer("factor", torch.tensor(torch.nan))

    def scores(self, outputs):
        return outputs.logits * self.factor

    def fit(self, train, dev, task):
        self.factor = torch.tensor(1.0)
        yield


class ReadsAnchors(Sound):
    """Reads anchors and does not say so."""

    def scores(self, outputs):
        return outputs.projected @ outputs.anchors.T


class FailsAtZero(Sound):
    """Divides by an option that may be zero."""

    @dataclass(frozen=True)
    class Options:
        """One option."""

        temperature: float = erc.option(1.0, "Divides the scores.", at_least=0)

    def scores(self, outputs):
        return outputs.logits / torch.tensor(self.options.temperature)


class NeverYields(Sound):
    """Fits in one go."""

    refit = "end"


class Sometimes(Sound):
    """Is fitted at a time that there is none."""

    refit = "sometimes"


class GlobalChance(Sound):
    """Begins its fit from a random place."""

    refit = "end"

    def __init__(self, options=None):
        super().__init__(options)
        self.register_buffer("shift", torch.zeros(4))

    def scores(self, outputs):
        return outputs.logits + self.shift

    def fit(self, train, dev, task):
        self.shift = 1e-3 * torch.randn(4)
        yield


class GoesOn(SoundFit):
    """Begins a second fit where the first one ended."""

    refit = "each-epoch"

    def fit(self, train, dev, task):
        self.factors = self.factors * train.z.mean().abs()
        yield


class HiddenFit(Sound):
    """Keeps its fit in a plain attribute."""

    refit = "end"
    factor = 1.0

    def scores(self, outputs):
        return outputs.logits * self.factor

    def fit(self, train, dev, task):
        self.factor = 1.0
        for _ in range(3):
            self.factor += 1.0
            yield


class BuildsLate(Sound):
    """Builds a layer in its fit, for which a fresh one has no place."""

    refit = "end"

    def __init__(self, options=None):
        super().__init__(options)
        self.layer = None

    def scores(self, outputs):
        return outputs.logits if self.layer is None else self.layer(outputs.logits)

    def fit(self, train, dev, task):
        self.layer = nn.Linear(4, 4, bias=False)
        nn.init.eye_(self.layer.weight)
        yield


class CountsClasses(Sound):
    """Has as many columns as train has classes."""

    refit = "end"

    def __init__(self, options=None):
        super().__init__(options)
        self.register_buffer("count", torch.tensor(4))

    def scores(self, outputs):
        return outputs.logits[:, : int(self.count)]

    def fit(self, train, dev, task):
        # Of one class it makes all, so that the fault is that of a missing class alone.
        found = len(train.labels.unique())
        self.count = torch.tensor(found if found > 1 else 4)
        yield


class NeedsTwo(SoundFit):
    """Divides by the number of the other classes."""

    def fit(self, train, dev, task):
        self.factors = torch.ones(4) / torch.tensor(len(train.labels.unique()) - 1)
        yield


class TooFewVectors(SoundFit):
    """Shows a vector less than there are classes."""

    def fitted_anchors(self):
        return torch.ones(3, 16)


UNSOUND = (
    # The fault, the check that is made for it, a part of what it says, and other checks that it cannot but fail.
    (AsksForFloat32, "float64", "keep the precision that is handed over", set()),
    (WrongShape, "shape", "scores has the shape (64,)", set()),
    (Guesses, "accuracy", "only 25% of a task", set()),
    (OtherColumns, "accuracy", "only 0% of a task", set()),
    (StandardisesOverTest, "batch of one", "when it is scored alone", set()),
    (SeesTheNext, "batch order", "with the order of the utterances", {"batch of one"}),
    (StandardisesMany, "batch of one", "when it is scored alone, not among 400", set()),
    (SmoothsOverDialogues, "batch of one", "when it is scored alone, not among 64", {"float64"}),
    (HashedColumns, "repeatable", "another process, of another hash seed, gives something else (the scores of", set()),
    (PriorOfTest, "labels unread", "when the labels of what is scored are sealed", {"batch of one"}),
    (ScalesTheHead, "inputs kept", "it changes the head's weight of train", set()),
    (LosesDigits, "bf16", "of the answers are the same under bfloat16", {"float64"}),
    (NothingBefore, "unfitted", "set scores_unfitted=False", set()),
    (ReadsAnchors, "anchors", "set needs_anchors=True", set()),
    (FailsAtZero, "options run", "with temperature=0.0 scores are not finite", set()),
    (NeverYields, "fits", "fit never yields", set()),
    (Sometimes, "fits", "refit is 'sometimes'", set()),
    (GlobalChance, "repeatable", "two fits with one task.seed differ", {"fresh"}),
    (GoesOn, "fresh", "a second fit depends on the first", set()),
    (HiddenFit, "selectable", "no epoch can be restored", {"state"}),
    (BuildsLate, "state", "layer", {"float64"}),
    (CountsClasses, "missing class", "it gives 3 scores where train lacks one of 4", set()),
    (NeedsTwo, "one class", "not finite where train has one class only", set()),
    (TooFewVectors, "vectors", "fitted_anchors has 3 rows for 4 classes", set()),
)


@pytest.mark.parametrize("classifier", [Sound, SoundFit])
def test_a_sound_classifier_passes(classifier):
    check_classifier(classifier)


@pytest.mark.parametrize(("classifier", "check", "sentence", "others"), UNSOUND)
def test_an_unsound_classifier_is_caught_by_name(classifier, check, sentence, others):
    found = failed(classifier_findings(classifier))
    assert sentence in found.get(check, ""), found
    assert found.keys() - {check} <= others, found


def test_every_check_of_classifiers_catches_something():
    caught = {check for _, check, _, _ in UNSOUND}
    own = {check.name for check in CLASSIFIER_CHECKS} - {check.name for check in COMPONENT_CHECKS}
    assert own - caught == {"cuda"}

"""Every installed objective and classifier passes the checks that plugin authors are given."""

import pytest
import torch

import erc_bench.api as erc
from erc_bench.catalogue import Catalogue
from erc_bench.options import specs
from erc_bench.testing.classifiers import check_classifier
from erc_bench.testing.components import check_component
from erc_bench.testing.objectives import check_objective

CATALOGUE = Catalogue()


@pytest.mark.parametrize("name", CATALOGUE.entries("objective"))
def test_objective_conforms(name):
    check_objective(CATALOGUE.get("objective", name))


@pytest.mark.parametrize("name", CATALOGUE.entries("classifier"))
def test_classifier_conforms(name):
    check_classifier(CATALOGUE.get("classifier", name))


@pytest.mark.parametrize("kind", ["dataset", "backbone", "encoder"])
def test_other_components_say_what_they_are(kind):
    for entry in CATALOGUE.entries(kind).values():
        check_component(entry.component)


def test_methods_choose_what_is_installed():
    for entry in CATALOGUE.entries("method").values():
        method = entry.component
        assert method.source
        assert method.summary
        for kind, name in method.choices.items():
            CATALOGUE.get(kind, name)
        for readout in method.readouts:
            CATALOGUE.get("classifier", readout)


def test_methods_set_options_that_exist_to_values_that_they_admit():
    for entry in CATALOGUE.entries("method").values():
        method = entry.component
        for settings in (method.settings, *method.per_dataset.values()):
            for address, value in settings.items():
                slot, _, name = address.partition(".")
                if slot in method.choices:
                    specs(CATALOGUE.get(slot, method.choices[slot]).Options)[name].convert(value)


class Objective(erc.Objective):
    """A sound objective, for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    def loss(self, outputs):
        return {"own": outputs.cross_entropy()}


class DependsOnOrder(Objective):
    """Weighs an utterance by its place in the batch."""

    def loss(self, outputs):
        return {"own": (outputs.z.square().sum(1) * torch.arange(len(outputs.z))).sum()}


class NotFinite(Objective):
    """Divides by zero where the batch has one class only."""

    def loss(self, outputs):
        return {"own": outputs.z.sum() / (outputs.labels != outputs.labels[0]).sum()}


class Detached(Objective):
    """Trains the head but no encoder."""

    def loss(self, outputs):
        return {"own": outputs.head(outputs.z.detach()).square().sum()}


class NotScalar(Objective):
    """Forgets to average."""

    def loss(self, outputs):
        return {"own": outputs.z.square().sum(1)}


class HiddenState(Objective):
    """Keeps what it learnt in a plain attribute."""

    steps = 1

    def loss(self, outputs):
        return {"own": outputs.cross_entropy() * self.steps}

    def after_step(self):
        self.steps += 1


class Nameless(Objective):
    """Has no name."""

    name = ""


def test_a_sound_objective_passes():
    check_objective(Objective)


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (DependsOnOrder, "order of the batch"),
        (NotFinite, "a batch of one class: the term own is"),
        (Detached, "no gradient reaches the representations"),
        (NotScalar, "no scalar"),
        (HiddenState, "another one after load_state_dict"),
        (Nameless, "has no name"),
    ],
)
def test_an_unsound_objective_is_told_why(objective, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check_objective(objective)


class Classifier(erc.Classifier):
    """A sound classifier, for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    def scores(self, outputs):
        return outputs.logits


class WrongShape(Classifier):
    """Gives the score of the winner only."""

    def scores(self, outputs):
        return outputs.logits.amax(1)


class Guesses(Classifier):
    """Does not look at the representations."""

    def scores(self, outputs):
        return torch.eye(outputs.logits.shape[1])[torch.zeros_like(outputs.labels)]


class HiddenFit(Classifier):
    """Keeps its fit in a plain attribute."""

    refit = "end"
    factor = 1.0

    def scores(self, outputs):
        return outputs.logits * self.factor

    def fit(self, train, dev, task):
        for _ in range(3):
            self.factor += 1.0
            yield


class NeverYields(Classifier):
    """Fits in one go."""

    refit = "end"


class GlobalChance(Classifier):
    """Draws on the global random state."""

    def scores(self, outputs):
        return outputs.logits + 1e-3 * torch.randn(outputs.logits.shape)


def test_a_sound_classifier_passes():
    check_classifier(Classifier)


@pytest.mark.parametrize(
    ("classifier", "sentence"),
    [
        (WrongShape, "shape"),
        (Guesses, "only 25%"),
        (HiddenFit, "no epoch can be restored"),
        (NeverYields, "never yields"),
        (GlobalChance, "two fits with one task.seed differ"),
    ],
)
def test_an_unsound_classifier_is_told_why(classifier, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check_classifier(classifier)

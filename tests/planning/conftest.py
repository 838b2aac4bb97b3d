"""An invented catalogue: small components whose options and settings meet in every way that planning knows."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal

import pytest

import erc_bench.api as erc
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue


class Corpus(erc.Dataset):
    """A corpus."""

    name = "corpus"
    source = "invented"
    labels = ("glad", "sad")

    @dataclass(frozen=True)
    class Options:
        """Options."""

        size: int = erc.option(10, "Dialogues.", at_least=1)


class Frozen(Corpus):
    """A corpus that suggests a frozen encoder and settings of training."""

    name = "frozen-corpus"
    suggested_settings = {"encoder.trainable": "none", "training.clip": 1.0, "training.batch_size": 2}


class Small(erc.Backbone):
    """A small backbone."""

    name = "small"
    source = "invented"
    parameters = 10**6


class Large(erc.Backbone):
    """A large backbone, unless its path says otherwise."""

    name = "large"
    source = "invented"

    @dataclass(frozen=True)
    class Options:
        """Options."""

        path: str | None = erc.option(None, "Where it lies.")

    def size(self):
        if self.options.path == "nowhere":
            raise erc.ErcBenchError("there is nothing in nowhere", "Look elsewhere.")
        return 10**6 if self.options.path else 10**9


class Anything(Large):
    """Whatever a hub id or a folder holds."""

    name = "huggingface"


class Window(erc.Encoder):
    """The default encoder."""

    name = "prompt"
    source = "invented"

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """Options."""

        window: int = erc.option(8, "Past turns.", at_least=0)


class CrossEntropy(erc.Objective):
    """The default objective."""

    name = "cross-entropy"
    source = "invented"


class Contrast(erc.Objective):
    """An objective with a temperature."""

    name = "contrast"
    source = "invented"

    @dataclass(frozen=True)
    class Options:
        """Options."""

        temperature: float = erc.option(1, "Divides.", above=0)
        log: Literal["inside", "outside"] = erc.option("inside", "Where the logarithm stands.")


class Anchored(Contrast):
    """An objective with anchors."""

    name = "anchored"

    def anchors(self):
        return self.label_states


class Head(erc.Classifier):
    """The default classifier."""

    name = "head"
    source = "invented"


class Anchor(erc.Classifier):
    """A classifier that reads anchors."""

    name = "anchor"
    source = "invented"
    needs_anchors = True

    @dataclass(frozen=True)
    class Options:
        """Options."""

        lr: float = erc.option(0.01, "Learning rate.", above=0, frozen=0.1)
        temperature: float | None = erc.option(None, "Divides; none: the objective's.", above=0)


class Constant(erc.System):
    """A system."""

    name = "constant"
    source = "invented"

    @dataclass(frozen=True)
    class Options:
        """Options."""

        label: int = erc.option(0, "Which label.", at_least=0)


def methods():
    return [
        erc.Method("ce", source="invented", summary="Cross-entropy."),
        erc.Method(
            "contrast",
            source="invented",
            summary="Contrast.",
            choices={"objective": "contrast"},
            settings={"objective.temperature": 0.5, "training.batch_size": 4},
        ),
        erc.Method(
            "anchored",
            source="invented",
            summary="Anchors.",
            choices={"objective": "anchored", "classifier": "anchor"},
            settings={"objective.temperature": 0.2, "training.batch_size": 4, "classifier.lr": 0.02},
            per_dataset={"frozen-corpus": {"objective.temperature": 0.3, "training.batch_size": 6}},
            readouts=("head",),
        ),
        erc.Method("constant", source="invented", summary="A system.", system=Constant, settings={"system.label": 1}),
    ]


@pytest.fixture
def catalogue():
    """Return the invented catalogue."""
    kinds = {
        "erc_datasets": [Corpus, Frozen],
        "erc_backbones": [Small, Large, Anything],
        "erc_encoders": [Window],
        "erc_objectives": [CrossEntropy, Contrast, Anchored],
        "erc_classifiers": [Head, Anchor],
        "erc_methods": methods(),
    }
    hooks = {name: erc.hookimpl(lambda listed=listed: listed, specname=name) for name, listed in kinds.items()}
    catalogue = Catalogue([])
    catalogue.register(SimpleNamespace(**hooks), "invented")
    return catalogue


@pytest.fixture
def add_method(catalogue):
    """Return a function that adds a method to the invented catalogue."""

    def add(name, **facts):
        method = erc.Method(name, source="invented", summary="Another one.", **facts)
        hook = erc.hookimpl(lambda: [method], specname="erc_methods")
        catalogue.register(SimpleNamespace(erc_methods=hook), f"package-of-{name}")

    return add


@pytest.fixture
def plan(catalogue):
    """Return a function from methods and ``--set`` texts to the plans of seed 1."""

    def plan(*names, set_=(), **request):
        asked = {"datasets": ["corpus"], "backbones": ["large"], "seeds": [1], **request}
        return plan_grid(Request(names, overrides=[parse_override(text) for text in set_], **asked), catalogue)

    return plan


@pytest.fixture
def settings(plan):
    """Return a function to the values and origins of the one cell that is asked for."""

    def settings(name, *set_, **request):
        (one,) = plan(name, set_=set_, **request)
        return {address: (value, one.resolved.origins[address]) for address, value in one.resolved.values.items()}

    return settings

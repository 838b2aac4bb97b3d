"""The backbone ``none`` in plans: for encoders that need no language model, with a way out for all others."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

import erc_bench.api as erc
from erc_bench.contracts.component import needs_backbone
from erc_bench.planning.plan import from_json, to_json


class Listener(erc.Encoder):
    """An encoder that reads by a language model where it reads at all."""

    name = "listener"
    source = "invented"
    needs_backbone = {"reads": True}

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """Options."""

        reads: bool = erc.option(False, "Whether it reads.")


class Contradiction(Listener):
    """It needs no language model, and names one."""

    name = "contradiction"
    needs_backbone = False
    language_models = ("other",)

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """Options."""

        other: erc.LanguageModelUse = erc.option("frozen", "How it is used.")
        other_backbone: str = erc.option("same", "Which it is.")


@pytest.fixture
def plan(plan, catalogue):
    """Plan with methods around both encoders; one of them has an upstream and trains its backbone."""
    trains = {"encoder.trainable": "all", "upstream.training.epochs": 3}
    methods = [
        erc.Method("listener", "invented", "It listens.", {"encoder": "listener"}),
        erc.Method("through", "invented", "Through another.", {"encoder": "listener"}, trains, upstream="ce"),
        erc.Method("contradiction", "invented", "It contradicts itself.", {"encoder": "contradiction"}),
    ]
    hooks = {"erc_encoders": [Listener, Contradiction], "erc_methods": methods}
    hooks = {name: erc.hookimpl(lambda listed=listed: listed, specname=name) for name, listed in hooks.items()}
    catalogue.register(SimpleNamespace(**hooks), "listening")
    return plan


def test_an_encoder_that_needs_no_language_model_has_no_backbone(plan):
    (one,) = plan("listener", backbones=["none"])
    assert one.backbone is None
    assert not one.is_system
    assert (one.address.backbone, one.resolved.regime) == ("none", "frozen")
    assert one.resolved.values["encoder.trainable"] == "none"
    assert one.resolved.overrides == {}
    assert not any(address.startswith("backbone.") for address in one.resolved.values)
    described = from_json(to_json(replace(one, method=replace(one.method, source="", summary="", choices={}))))
    assert described == replace(one, method=described.method)


def test_another_backbone_is_refused_with_the_way_out(plan):
    with pytest.raises(erc.ErcBenchError) as refused:
        plan("listener", backbones=["large"])
    assert refused.value.message == (
        "the encoder 'listener' needs no language model with these settings, so that its backbone is none: "
        "--backbone none"
    ).replace("the encoder", "listener: the encoder")


@pytest.mark.parametrize(("method", "set_"), [("ce", ()), ("listener", ("encoder.reads=true",))])
def test_none_is_refused_where_a_language_model_is_needed(plan, method, set_):
    with pytest.raises(erc.ErcBenchError, match=r"needs a language model with these settings: --backbone minilm$"):
        plan(method, backbones=["none"], set_=set_)


def test_a_system_runs_beside_it(plan):
    listener, system = plan("listener", "constant", backbones=["none"])
    assert listener.address.backbone == system.address.backbone == "none"


def test_each_method_of_a_grid_may_have_its_own(plan):
    plans = plan("ce", "listener", backbones=["large", "none"], backbones_of={"ce": ["large"], "listener": ["none"]})
    assert {each.address.method: each.address.backbone for each in plans} == {"ce": "large", "listener": "none"}


def test_there_is_nothing_that_an_upstream_could_train(plan):
    (one,) = plan("through", backbones=["none"])
    assert one.upstream is None
    # It is not the row of a published system without its fine-tuned language model.
    assert "upstream" not in one.resolved.overrides
    assert one.resolved.values["encoder.trainable"] == "none"
    with pytest.raises(erc.ErcBenchError, match=r"upstream: the encoder 'prompt' needs a language model"):
        plan("listener", backbones=["none"], set_=("upstream=ce",))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("encoder.trainable=2", "encoder.trainable: there is no backbone that could train"),
        ("backbone.path=somewhere", "backbone.path: there is no slot 'backbone'"),
    ],
)
def test_settings_of_a_backbone_are_refused(plan, setting, told):
    with pytest.raises(erc.ErcBenchError, match=told):
        plan("listener", backbones=["none"], set_=(setting,))


def test_an_encoder_that_contradicts_itself_is_told(plan):
    with pytest.raises(erc.ErcBenchError, match="says that it needs no language model, and names some: other"):
        plan("contradiction", backbones=["none"])


def test_no_language_model_of_a_further_role_is_none(plan, catalogue):
    class Both(Contradiction):
        """It needs both."""

        name = "both"
        needs_backbone = True

    method = erc.Method("both", "invented", "Both.", {"encoder": "both"})
    hooks = {"erc_encoders": [Both], "erc_methods": [method]}
    hooks = {name: erc.hookimpl(lambda listed=listed: listed, specname=name) for name, listed in hooks.items()}
    catalogue.register(SimpleNamespace(**hooks), "both")
    with pytest.raises(erc.ErcBenchError, match=r"encoder\.other_backbone: there is no backbone 'none'"):
        plan("both", set_=("encoder.other_backbone=none",))


def test_it_is_read_from_the_class_alone():
    class Changing(Listener):
        """It says one thing of the class and another of an instance."""

        @property
        def needs_backbone(self):
            return False

    assert not needs_backbone(Listener)
    assert needs_backbone(Listener, Listener.Options(reads=True))
    assert needs_backbone(erc.Encoder)
    with pytest.raises(erc.ErcBenchError, match="needs_backbone of 'listener' is a property"):
        needs_backbone(Changing)

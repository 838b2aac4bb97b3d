"""Which value an option has, and where it came from."""

from types import SimpleNamespace

import pytest

import erc_bench.api as erc
from erc_bench.contracts.options import specs
from erc_bench.errors import ErcBenchError
from erc_bench.planning.settings import TrainingOptions, regime_of


def test_an_option_that_nobody_sets_has_its_default(settings):
    assert settings("ce")["training.epochs"] == (8, "default")
    assert settings("ce")["encoder.window"] == (8, "default")


@pytest.mark.parametrize(
    ("trainable", "size", "regime"),
    [
        ("none", None, "frozen"),
        ("none", 10**9, "frozen"),
        ("all", 10**9, "large"),
        ("all", 200_000_000, "large"),
        ("all", 199_999_999, "small"),
        (2, 10**6, "small"),
        ("all", None, "large"),
    ],
)
def test_the_regime(trainable, size, regime):
    assert regime_of(trainable, size) == regime


def test_defaults_follow_the_regime(settings):
    assert settings("ce")["training.encoder_lr"] == (1e-5, "default")
    assert settings("ce", backbones=["small"])["training.encoder_lr"] == (5e-5, "default (small backbone)")
    frozen = settings("ce", "encoder.trainable=none", backbones=["small"])
    assert frozen["training.epochs"] == (20, "default (frozen backbone)")
    assert frozen["training.standardise"] == (True, "default (frozen backbone)")
    assert frozen["training.encoder_lr"] == (1e-5, "default")


def test_the_path_of_a_backbone_decides_its_size(plan):
    (large,) = plan("ce")
    (small,) = plan("ce", set_=["backbone.path=somewhere"])
    assert (large.resolved.regime, small.resolved.regime) == ("large", "small")


def test_each_layer_wins_over_those_before_it(settings):
    address = "training.batch_size"
    assert settings("ce")[address] == (64, "default")
    assert settings("ce", datasets=["frozen-corpus"])[address] == (2, "dataset frozen-corpus")
    assert settings("contrast", datasets=["frozen-corpus"])[address] == (4, "method contrast")
    assert settings("anchored", datasets=["frozen-corpus"])[address] == (6, "method anchored for frozen-corpus")
    assert settings("anchored", f"{address}=8", datasets=["frozen-corpus"])[address] == (8, "--set")


def test_a_dataset_may_suggest_the_regime(plan):
    (one,) = plan("ce", datasets=["frozen-corpus"], backbones=["small"])
    assert one.resolved.regime == "frozen"
    assert one.resolved.values["training.head_lr"] == 1e-3
    assert one.resolved.values["training.clip"] == 1.0


def test_what_speaks_to_one_method_wins_over_what_speaks_to_all(plan):
    for typed in (
        ["contrast:objective.temperature=0.1", "objective.temperature=0.9"],
        ["objective.temperature=0.9", "contrast:objective.temperature=0.1"],
    ):
        contrast, anchored = plan("contrast", "anchored", set_=typed)
        assert contrast.resolved.values["objective.temperature"] == 0.1
        assert anchored.resolved.values["objective.temperature"] == 0.9


def test_of_one_setting_typed_twice_the_last_one_holds(settings):
    assert settings("ce", "training.epochs=3", "training.epochs=4")["training.epochs"] == (4, "--set")


def test_none_is_typed_as_a_word(settings):
    assert settings("ce", "training.patience=none")["training.patience"] == (None, "--set")


def test_whole_numbers_become_numbers_where_these_are_declared(settings):
    for value, _ in (
        settings("ce", "training.clip=2")["training.clip"],
        settings("contrast", "objective.temperature=1")["objective.temperature"],
    ):
        assert isinstance(value, float)


def test_every_value_has_an_origin_and_every_option_a_value(plan):
    for one in plan("ce", "anchored", "constant", datasets=["corpus", "frozen-corpus"]):
        assert one.resolved.values.keys() == one.resolved.origins.keys()
        for slot, component in {**one.components, "dataset": one.dataset}.items():
            assert one.resolved.slot(slot).keys() == specs(component.Options).keys()
    assert set(plan("ce")[0].resolved.slot("training")) == set(specs(TrainingOptions))


def test_only_what_differs_is_an_override(plan):
    def overrides(*set_, **request):
        (one,) = plan("anchored", set_=set_, **request)
        return dict(one.resolved.overrides)

    assert overrides() == {}
    assert overrides("training.epochs=3") == {"training.epochs": 3}
    # Who types what holds anyway asks for the same cell, and must get a row of the same name.
    assert overrides("training.epochs=8", "objective.temperature=0.2", "classifier=anchor") == {}
    assert overrides("encoder.trainable=none", "training.epochs=20") == {"encoder.trainable": "none"}
    assert overrides("encoder.trainable=none", "training.epochs=8") == {
        "encoder.trainable": "none",
        "training.epochs": 8,
    }
    assert overrides("encoder.trainable=none", datasets=["frozen-corpus"]) == {}
    assert overrides("classifier=head") == {"classifier": "head"}


def problem_of(plan, *names, set_=(), **request):
    with pytest.raises(ErcBenchError) as error:
        plan(*names, set_=set_, **request)
    return error.value


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("objective.temprature=1", "objective.temprature: the chosen objective has no such option; did you mean tem"),
        ("objective.x=1", "objective.x: the chosen objective has no such option; known: log, temperature"),
        ("temperature=1", "temperature: there is no such option; did you mean objective.temperature?"),
        ("training.temperature=1", "training.temperature: there is no such option; did you mean objective.temperature"),
        ("objektive.log=outside", "objektive.log: there is no such option; did you mean objective.log?"),
        ("objektive.lag=outside", "objektive.lag: there is no slot 'objektive'; did you mean objective?"),
        ("classifer=head", "classifer: there is no slot 'classifer'; did you mean classifier?"),
        ("classifier.lr=1", "classifier.lr: the chosen classifier has no options"),
        ("training=3", "training: this slot is not filled by name; set one of its options, training.OPTION"),
        ("system.label=1", "system.label: there is no slot 'system'"),
        ("training.epochs=0", "training.epochs: must be at least 1, got 0 (--set)"),
        (
            "training.schedule=linaer",
            "training.schedule: must be constant or linear or cosine or halving, got 'linaer'",
        ),
        ("encoder.trainable=some", "encoder.trainable: must be a whole number or all or none or lora, got 'some'"),
        ("backbone.path=nowhere", "there is nothing in nowhere\n    Look elsewhere."),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(plan, typed, sentence):
    assert problem_of(plan, "contrast", set_=[typed]).message.startswith(f"contrast: {sentence}")


def test_a_backbone_setting_of_the_wrong_type_does_not_reach_the_backbone(plan):
    error = problem_of(plan, "ce", set_=["backbone.path=3"])
    assert error.message == "ce: backbone.path: must be a text or none, got 3 (--set)"


def test_a_wrong_setting_of_the_method_itself_is_told_as_such(plan, add_method):
    add_method("odd", settings={"objective.temperature": 1, "training.epochs": 0}, choices={"objective": "contrast"})
    assert problem_of(plan, "odd").message == "odd: training.epochs: must be at least 1, got 0 (method odd)"
    add_method("odder", settings={"training.epoch": 1}, per_dataset={"corpus": {"objectiv.log": "inside"}})
    message = problem_of(plan, "odder").message
    assert "training.epoch: the chosen training has no such option; did you mean epochs? (set by the method" in message
    assert "objectiv.log: there is no slot 'objectiv'; did you mean objective? (set by the method odder" in message


def test_a_wrong_setting_of_a_system_is_told_as_such(plan, add_method, catalogue):
    system = catalogue.get("method", "constant").system
    add_method("odd", system=system, settings={"system.lable": 1})
    assert "system.lable: the chosen system has no such option; did you mean label?" in problem_of(plan, "odd").message


def test_another_version_of_a_dataset_has_the_methods_settings_for_it(plan, catalogue):
    class Other(catalogue.get("dataset", "frozen-corpus")):
        """Another version."""

        name = "other-version"
        variant_of = "frozen-corpus"

    brings = erc.hookimpl(lambda: [Other], specname="erc_datasets")
    catalogue.register(SimpleNamespace(erc_datasets=brings), "of its own")
    (cell,) = plan("anchored", datasets=["other-version"], seeds=[1])
    assert cell.resolved.values["objective.temperature"] == 0.3
    assert cell.resolved.origins["objective.temperature"] == "method anchored for frozen-corpus"
    assert cell.address.dataset == "other-version"

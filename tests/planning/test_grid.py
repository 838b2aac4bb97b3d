"""From a request to cells: slots, order, names, hashes, and all mistakes at once."""

import re

import pytest

from erc_bench.contracts.options import specs
from erc_bench.errors import ErcBenchError
from erc_bench.planning.settings import Override, TrainingOptions


def refused(plan, *names, **request):
    with pytest.raises(ErcBenchError) as error:
        plan(*names, **request)
    return error.value


def test_the_order_is_dataset_seed_backbone_method(plan):
    plans = plan("ce", "anchored", datasets=["frozen-corpus", "corpus"], backbones=["large", "small"], seeds=[3, 1])
    order = [(one.address.dataset, one.seed, one.address.backbone, one.address.method) for one in plans]
    assert order == [
        (dataset, seed, backbone, method)
        for dataset in ("frozen-corpus", "corpus")
        for seed in (3, 1)
        for backbone in ("large", "small")
        for method in ("ce", "anchored")
    ]


def test_what_is_asked_for_twice_is_planned_once(plan):
    plans = plan("ce", "ce", datasets=["corpus", "corpus"], backbones=["large", "large"])
    assert [one.label() for one in plans] == ["corpus · ce · large · seed 1"]


def test_slots_are_filled_by_defaults_the_method_and_the_user(plan):
    assert plan("ce")[0].choices() == {"encoder": "prompt", "objective": "cross-entropy", "classifier": "head"}
    (one,) = plan("anchored")
    assert one.choices() == {"encoder": "prompt", "objective": "anchored", "classifier": "anchor"}
    assert list(one.readouts) == ["head"]
    (one,) = plan("anchored", set_=["classifier=head"])
    assert one.choices()["classifier"] == "head"
    assert list(one.readouts) == []
    ce, anchored = plan("ce", "anchored", set_=["ce:objective=contrast"])
    assert (ce.choices()["objective"], anchored.choices()["objective"]) == ("contrast", "anchored")
    assert dict(ce.resolved.overrides) == {"objective": "contrast"}


def test_settings_for_a_component_do_not_reach_the_one_in_its_place(plan):
    (one,) = plan("anchored", set_=["objective=contrast", "classifier=head"])
    assert one.resolved.values["objective.temperature"] == 1.0
    assert one.resolved.origins["objective.temperature"] == "default"
    assert "classifier.lr" not in one.resolved.values
    assert one.resolved.values["training.batch_size"] == 4


def test_options_of_the_component_that_the_user_chose_can_be_set(plan):
    (one,) = plan("ce", set_=["objective=anchored", "classifier=anchor", "classifier.lr=0.5"])
    assert one.resolved.values["classifier.lr"] == 0.5
    assert one.build("classifier").lr == 0.5


def test_further_readouts(plan):
    (one,) = plan("anchored", readouts=["head", "anchor"])
    assert list(one.readouts) == ["head"]
    (one,) = plan("ce", set_=["objective=anchored"], readouts=["anchor"])
    assert list(one.readouts) == ["anchor"]


def test_readouts_and_backbones_of_one_method(plan):
    found = plan(
        *("ce", "anchored"),
        backbones=["large", "small"],
        backbones_of={"ce": ["small"]},
        readouts=["head"],
        readouts_of={"anchored": []},
    )
    assert [(one.address.method, one.address.backbone) for one in found] == [
        ("anchored", "large"),
        ("ce", "small"),
        ("anchored", "small"),
    ]


def test_settings_of_a_suite_are_weaker_than_whatever_is_typed(plan):
    suite = [Override("training.epochs", 2), Override("training.epochs", 3, "ce"), Override("training.clip", 0.5, "ce")]
    ce, contrast = plan("ce", "contrast", suite=suite)
    assert (ce.resolved.values["training.epochs"], contrast.resolved.values["training.epochs"]) == (3, 2)
    (ce,) = plan("ce", suite=suite, set_=["training.epochs=4"])
    assert (ce.resolved.values["training.epochs"], ce.resolved.values["training.clip"]) == (4, 0.5)


class TestSystems:
    def test_have_no_backbone_and_one_cell_for_all_of_them(self, plan):
        (one,) = plan("constant", backbones=["large", "small"])
        assert one.backbone is None
        assert one.address.backbone == "none"
        assert one.choices() == {"system": "constant"}
        assert one.build("system").label == 1

    def test_pass_over_settings_that_are_meant_for_the_compositions_beside_them(self, plan):
        constant, ce = plan("constant", "ce", set_=["training.epochs=3", "classifier=head", "dataset.size=5"])
        assert dict(constant.resolved.overrides) == {"dataset.size": 5}
        assert dict(ce.resolved.overrides) == {"dataset.size": 5, "training.epochs": 3}

    def test_refuse_such_settings_where_nothing_else_could_be_meant(self, plan):
        error = refused(plan, "constant", set_=["training.epochs=3"])
        slots = "dataset, dialogues, system"
        assert error.message == f"constant: training.epochs: there is no slot 'training'; known: {slots}"
        error = refused(plan, "constant", "ce", set_=["constant:training.epochs=3"])
        assert error.message.startswith("constant: training.epochs: there is no slot 'training'")

    def test_have_options(self, plan):
        (one,) = plan("constant", set_=["system.label=0"])
        assert one.build("system").label == 0
        assert "must be at least 0, got -1" in refused(plan, "constant", set_=["system.label=-1"]).message


class TestMistakes:
    def test_come_all_at_once(self, plan):
        typed = [
            "training.epochs=0",
            "objective.temprature=1",
            "contrast:classifier=haed",
            "nobody:training.epochs=1",
            "ce:training.clip=-1",
        ]
        names = {"datasets": ["corpus", "korpus"], "backbones": ["large", "lrage"], "readouts": ["ankor"]}
        error = refused(plan, "ce", "contrast", "konstant", set_=typed, **names)
        first, *lines = error.message.splitlines()
        assert first == f"{len(lines)} things are wrong:"
        assert [line.strip() for line in lines] == [
            "there is no dataset 'korpus'; did you mean corpus?",
            "there is no method 'konstant'; did you mean constant?",
            "there is no backbone 'lrage'; did you mean large?",
            "--set nobody:training.epochs speaks to the method 'nobody', which is not selected; "
            "known: ce, contrast, konstant",
            "there is no classifier 'ankor'; did you mean anchor?",
            "ce: objective.temprature: the chosen objective has no options",
            "training.epochs: must be at least 1, got 0 (--set)",
            "ce: training.clip: must be at least 0, got -1.0 (--set)",
            "contrast: there is no classifier 'haed'; did you mean head?",
            "contrast: objective.temprature: the chosen objective has no such option; did you mean temperature?",
        ]
        assert "--set METHOD:SLOT.OPTION=VALUE" in error.hint

    def test_of_one_kind_are_one_sentence(self, plan):
        error = refused(plan, "ce", set_=["classifier=prob"])
        assert error.message == "ce: there is no classifier 'prob'; known: anchor, head"
        assert error.hint == ""

    def test_on_several_datasets_are_told_once(self, plan):
        error = refused(plan, "ce", set_=["training.clip=-1"], datasets=["corpus", "frozen-corpus"])
        assert error.message == "ce: training.clip: must be at least 0, got -1.0 (--set)"

    def test_a_component_that_is_not_there_hides_no_other_mistake(self, plan):
        message = refused(plan, "ce", set_=["objective=contrst", "objective.anything=1", "training.clip=x"]).message
        assert "there is no objective 'contrst'; did you mean contrast?" in message
        assert "training.clip: must be a number, got 'x'" in message
        # Nobody can say which options a component has that is not known.
        assert "objective.anything" not in message

    def test_a_method_that_chooses_what_is_not_there(self, plan, add_method):
        add_method("odd", choices={"objective": "contrst", "objectiv": "contrast"})
        message = refused(plan, "odd").message
        assert "odd: there is no objective 'contrst'; did you mean contrast?" in message
        assert "odd: the method fills a slot 'objectiv', which does not exist" in message

    def test_broken_plugins_are_named_to_who_asks_for_what_is_missing(self, plan, catalogue):
        catalogue._leave_out("dataset.lost = lost", "lost-package", "RuntimeError: no luck")
        assert "lost-package is left out: RuntimeError: no luck" in refused(plan, "ce", datasets=["lost"]).hint
        assert refused(plan, "ce", set_=["training.clip=-1"]).hint == ""


class TestImpossiblePairs:
    def test_a_classifier_of_anchors_needs_an_objective_that_has_them(self, plan):
        sentence = "classifier: 'anchor' reads anchors, and the objective 'cross-entropy' has none"
        assert refused(plan, "ce", set_=["classifier=anchor"]).message == f"ce: {sentence}"
        assert refused(plan, "ce", readouts=["anchor"]).message == f"ce: {sentence}"
        error = refused(plan, "anchored", set_=["objective=contrast"])
        assert error.message == "anchored: classifier: 'anchor' reads anchors, and the objective 'contrast' has none"

    def test_only_frozen_states_are_standardised(self, plan):
        error = refused(plan, "ce", set_=["training.standardise=true"])
        assert error.message.startswith("ce: training.standardise: only a frozen backbone")
        assert plan("ce", set_=["training.standardise=true", "encoder.trainable=none"])

    def test_a_folder_and_a_path_at_once(self, plan, tmp_path):
        error = refused(plan, "ce", backbones=[str(tmp_path)], set_=["backbone.path=elsewhere"])
        assert "backbone.path: --backbone" in error.message


class TestBackbonesByReference:
    def test_a_folder_gives_its_name_to_the_row(self, plan, tmp_path, monkeypatch):
        folder = tmp_path / "my-model"
        folder.mkdir()
        monkeypatch.chdir(tmp_path)
        plans = [plan("ce", backbones=[spelt])[0] for spelt in (str(folder), "./my-model", "my-model", f"{folder}/")]
        assert {one.address.backbone for one in plans} == {"my-model"}
        assert {one.resolved.values["backbone.path"] for one in plans} == {str(folder)}
        assert len({one.address.settings_hash for one in plans}) == 1
        assert all(one.backbone.name == "huggingface" and one.resolved.overrides == {} for one in plans)

    def test_two_folders_of_one_name_are_two_cells(self, plan, tmp_path):
        folders = [tmp_path / parent / "model" for parent in ("a", "b")]
        for folder in folders:
            folder.mkdir(parents=True)
        one, other = plan("ce", backbones=[str(folder) for folder in folders])
        assert one.address.backbone == other.address.backbone == "model"
        assert one.address != other.address

    def test_a_hub_id_is_a_name_as_it_is(self, plan, tmp_path):
        (one,) = plan("ce", backbones=["owner/model"])
        assert one.address.backbone == "owner/model"
        assert one.resolved.values["backbone.path"] == "owner/model"
        assert one.address.folder(tmp_path).relative_to(tmp_path).parts[2] == "owner--model"

    def test_a_known_name_wins_over_a_folder(self, plan, tmp_path, monkeypatch):
        (tmp_path / "large").mkdir()
        monkeypatch.chdir(tmp_path)
        assert plan("ce", backbones=["large"])[0].backbone.name == "large"
        assert plan("ce", backbones=["./large"])[0].backbone.name == "huggingface"

    def test_a_path_that_the_user_set_is_an_override(self, plan):
        (one,) = plan("ce", set_=["backbone.path=here"])
        assert one.address.backbone == "large"
        assert dict(one.resolved.overrides) == {"backbone.path": "here"}


def digest(plan, *set_, **request):
    (one,) = plan("anchored", set_=set_, **request)
    return one.address.settings_hash


CHANGES = {
    "epochs": 9,
    "batch_size": 65,
    "encoder_lr": 1.0,
    "head_lr": 1.0,
    "weight_decay": 1.0,
    "schedule": "cosine",
    "warmup": 0.5,
    "clip": 1.0,
    "accumulation": 2,
    "patience": 3,
    "class_weights": "balanced",
    "head_dropout": 0.5,
    "selection": "last",
    "last_k": 4,
    "precision": "float32",
}


class TestSettingsHash:
    def test_has_twelve_digits_and_is_the_same_again(self, plan):
        assert re.fullmatch("[0-9a-f]{12}", digest(plan))
        assert digest(plan) == digest(plan)

    @pytest.mark.parametrize("name", [name for name in specs(TrainingOptions) if name != "standardise"])
    def test_covers_every_option_of_training(self, plan, name):
        assert digest(plan, f"training.{name}={CHANGES[name]}") != digest(plan)

    @pytest.mark.parametrize(
        "typed",
        [
            "encoder.trainable=none",
            "encoder.trainable=2",
            "encoder.window=2",
            "objective.temperature=0.7",
            "objective.log=outside",
            "classifier.lr=0.7",
            "classifier.temperature=0.7",
            "dataset.size=3",
            "backbone.path=elsewhere",
            "classifier=head",
            "objective=contrast classifier=head",
        ],
    )
    def test_covers_every_option_and_choice_of_the_slots(self, plan, typed):
        assert digest(plan, *typed.split()) != digest(plan)

    def test_covers_standardising(self, plan):
        frozen = "encoder.trainable=none"
        assert digest(plan, frozen, "training.standardise=false") != digest(plan, frozen)

    def test_does_not_cover_readouts_since_they_read_one_training(self, plan):
        (plain,), (read,) = (
            plan("ce", set_=["objective=anchored"]),
            plan("ce", set_=["objective=anchored"], readouts=["anchor"]),
        )
        assert plain.address == read.address

    def test_covers_limit_and_whether_test_is_scored(self, plan):
        assert len({digest(plan), digest(plan, limit=3), digest(plan, limit=4), digest(plan, dev_only=True)}) == 4

    def test_does_not_cover_the_seed_or_who_set_a_value(self, plan):
        plans = plan("anchored", seeds=[1, 2, 3])
        assert len({one.address.settings_hash for one in plans}) == 1
        assert digest(plan, "training.epochs=8", "training.clip=5", "objective.temperature=0.2") == digest(plan)

    def test_does_not_depend_on_the_other_methods_of_the_grid(self, plan):
        alone, among = plan("anchored"), plan("ce", "anchored", "contrast")
        assert alone[0].address in [one.address for one in among]

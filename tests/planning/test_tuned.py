"""Settings that a search found: how strong they are, what they are said to come from, which seeds they exclude."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import Override, parse_override
from erc_bench.planning.tuned import Tuned, refuse_tuning_seeds
from erc_bench.plugin_host.catalogue import Catalogue

CATALOGUE = Catalogue()


def tuned(settings, dataset="demo", method="supcon", backbone="minilm", **changed):
    entry = Tuned(dataset, method, backbone, settings, 20, (101, 102), "f00d", file="tuned.toml", **changed)
    return {entry.combination: entry}


def plans(found, *settings, methods=("supcon",), datasets=("demo",), suite=(), seeds=(1,)):
    overrides = [parse_override(text) for text in settings]
    request = Request(methods, datasets, ("minilm",), seeds, overrides, suite=suite, tuned=found)
    return plan_grid(request, CATALOGUE)


def plan(found, *settings, **asked):
    return plans(found, *settings, **asked)[0]


def test_tuned_settings_are_stronger_than_the_methods_own_and_say_where_they_come_from():
    found = plan(tuned({"objective.temperature": 0.7, "training.head_lr": 0.003}))
    assert found.resolved.values["objective.temperature"] == 0.7
    assert found.resolved.origins["objective.temperature"] == "tuned on dev, 20 trials"
    assert found.resolved.origins["objective.contrastive_weight"] == "method supcon"
    assert found.method.settings_from == "tuned on dev, 20 trials"


def test_settings_by_hand_and_of_a_suite_are_stronger():
    entry = tuned({"objective.temperature": 0.7})
    assert plan(entry, "objective.temperature=0.2").resolved.values["objective.temperature"] == 0.2
    assert plan(entry, "supcon:objective.temperature=0.2").resolved.origins["objective.temperature"] == "--set"
    suite = (Override("objective.temperature", 0.5, origin="suite s"),)
    assert plan(entry, suite=suite).resolved.origins["objective.temperature"] == "suite s"


def test_the_values_decide_the_hash_and_not_where_they_come_from():
    by_hand = plan({}, "objective.temperature=0.7", "training.head_lr=0.003")
    assert plan(tuned({"objective.temperature": 0.7, "training.head_lr": 0.003})).address == by_hand.address
    assert plan(tuned({})).address == plan({}).address


def test_they_hold_for_their_combination_alone():
    entry = tuned({"training.head_lr": 0.003})
    others = plans(entry, methods=("ce", "supcon"), datasets=("demo", "meld"))
    held = {(p.address.dataset, p.address.method): p.method.settings_from.startswith("tuned") for p in others}
    assert held == {("demo", "ce"): False, ("demo", "supcon"): True, ("meld", "ce"): False, ("meld", "supcon"): False}
    assert CATALOGUE.get("method", "supcon").settings_from.startswith("paper")


def test_a_system_is_found_whatever_the_backbone():
    found = plan(tuned({"dataset.size": 12}, method="majority", backbone="none"), methods=("majority",))
    assert found.resolved.values["dataset.size"] == 12


def test_a_slot_that_is_filled_by_hand_has_nothing_of_what_was_tuned():
    found = plan(tuned({"objective.temperature": 0.7, "training.head_lr": 0.003}), "objective=cross-entropy")
    assert "objective.temperature" not in found.resolved.values
    assert found.resolved.values["training.head_lr"] == 0.003


def test_a_slot_may_have_been_filled_for_the_search():
    found = plan(tuned({"classifier": "tau-norm", "classifier.tau": 0.5}))
    assert found.choices()["classifier"] == "tau-norm"
    assert found.resolved.values["classifier.tau"] == 0.5


def test_a_setting_that_does_not_exist_is_told_with_its_file():
    with pytest.raises(ErcBenchError) as refused:
        plan(tuned({"objective.temprature": 0.7}))
    assert "did you mean temperature? (in tuned.toml)" in refused.value.message


def test_no_result_is_reported_on_a_seed_of_the_search():
    entry = tuned({})
    refuse_tuning_seeds(plans(entry, seeds=(1, 2, 100)), entry)
    refuse_tuning_seeds(plans(entry, methods=("ce",), seeds=(101,)), entry)
    with pytest.raises(ErcBenchError, match=r"tuned\.toml was tuned with seeds 101, 102, and results") as refused:
        refuse_tuning_seeds(plans(entry, seeds=(1, 102, 101)), entry)
    assert "--seeds" in refused.value.hint
    with pytest.raises(ErcBenchError, match="was tuned with seed 101,"):
        refuse_tuning_seeds(plans(entry, seeds=(1, 101)), entry)


def test_one_trial_and_a_part_of_the_data_are_told():
    assert Tuned("d", "m", "b", {}, 1, (101,), "f").origin == "tuned on dev, 1 trial"
    part = Tuned("d", "m", "b", {}, 2, (101,), "f", limit=9)
    assert part.origin == "tuned on dev, 2 trials, the first 9 dialogues of each split"

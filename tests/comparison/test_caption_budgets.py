from erc_bench.comparison import compare
from erc_bench.comparison.caption_budgets import TUNED as BEGINNING
from erc_bench.planning.tuned import Tuned
from erc_bench.store.index.all_cells import read_cells

CE, EACL = [0.5, 0.52, 0.51], [0.8, 0.82, 0.81]
TUNED = {"settings_from": "tuned on dev, 20 trials"}


def caption(store):
    return [line for line in compare(read_cells(store.runs), baseline="ce").caption if "qual budgets" in line]


def test_a_tuned_row_beside_untuned_ones_is_said(store):
    store.add_seeds("ce", CE)
    store.add_seeds("eacl", EACL, **TUNED)
    store.add_seeds("supcon", EACL)
    assert caption(store) == [
        "Unequal budgets, so that differences are of tuning as well as of methods: ce and supcon (untuned baselines),"
        " eacl (tuned on dev, 20 trials)."
    ]


def test_other_numbers_of_trials_are_said(store):
    store.add_seeds("ce", CE, settings_from="tuned on dev, 10 trials")
    store.add_seeds("eacl", EACL, **TUNED)
    assert "ce (tuned on dev, 10 trials), eacl (tuned on dev, 20 trials)" in caption(store)[0]


def test_equal_budgets_are_said_and_a_floor_needs_none(store):
    for method, accuracies in (("ce", CE), ("eacl", EACL)):
        store.add_seeds(method, accuracies, **TUNED)
    for seed in (1, 2, 3):
        store.add("majority", seed, predicted=["neutral"] * len(store.split.rows()), backbone="none")
    assert caption(store) == ["Equal budgets: every row was tuned on dev, 20 trials."]
    store.add_seeds("supcon", EACL)
    assert caption(store)[0].startswith("Unequal budgets")


def test_equal_budgets_of_one_dataset_alone_name_it(store):
    for method, accuracies in (("ce", CE), ("eacl", EACL)):
        store.add_seeds(method, accuracies, **TUNED)
        store.add_seeds(method, accuracies, dataset="emorynlp", settings_from="default")
    assert caption(store) == ["Equal budgets: meld: every row was tuned on dev, 20 trials."]


def test_a_space_that_was_tried_whole_had_the_budget_of_the_others(store):
    whole = Tuned("meld", "ce", "minilm", {}, trials=6, seeds=(101,), fingerprint="f00d", asked=20).origin
    assert whole == "tuned on dev, 6 of 20 trials, its whole space"
    store.add_seeds("ce", CE, settings_from=whole)
    store.add_seeds("eacl", EACL, **TUNED)
    assert caption(store) == ["Equal budgets: every row was tuned on dev, 20 trials (all points that there are: ce)."]
    store.add_seeds("supcon", EACL, settings_from="tuned on dev, 6 trials")
    assert caption(store)[0].endswith("ce and eacl (tuned on dev, 20 trials), supcon (tuned on dev, 6 trials).")


def test_rows_that_nobody_tuned_are_not_mentioned(store):
    store.add_seeds("ce", CE)
    store.add_seeds("eacl", EACL)
    assert caption(store) == []


def test_a_dataset_is_named_where_they_differ(store):
    for dataset, changes in (("meld", TUNED), ("emorynlp", {})):
        store.add_seeds("ce", CE, dataset=dataset)
        store.add_seeds("eacl", EACL, dataset=dataset, **changes)
    assert caption(store)[0].endswith("ce (untuned baselines), eacl (tuned on dev, 20 trials).")
    store.add_seeds("supcon", EACL, dataset="emorynlp", **TUNED)
    assert "; meld: ce" in caption(store)[0]


def test_tuned_settings_say_so_in_the_words_that_are_looked_for():
    found = Tuned("meld", "eacl", "minilm", {}, trials=20, seeds=(101,), fingerprint="f00d")
    assert found.origin.startswith(BEGINNING)

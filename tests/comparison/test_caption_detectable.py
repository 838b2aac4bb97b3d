"""What the tests at hand can reach: clusters, smallest p, and the difference that would have been found."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.output.tables import render
from erc_bench.output.tables.table_cells import details
from erc_bench.store.index.all_cells import read_cells

CE, EACL = [0.30, 0.32, 0.28, 0.31, 0.30], [0.7, 0.72, 0.69, 0.74, 0.71]


def compared(store, alpha=0.05, **tests):
    return compare(read_cells(store.runs), tests=Asked(**tests), alpha=alpha)


def text(comparison):
    return " ".join((*comparison.caption, *comparison.notes))


def with_episodes(store, number):
    ids = [str(dialogue) for dialogue in range(12)]
    episodes = {f"e{index}": ids[index::number] for index in range(number)}
    data = {"fingerprint": "f00d", "counts": {"test": {"dialogues": 12, "labelled": 96}}}
    data["groups"] = {"episode": episodes}
    store.add_seeds("ce", CE, data=data)
    store.add_seeds("eacl", EACL, data=data)
    return store


@pytest.mark.parametrize("unit", ["both", "dialogue"])
def test_the_number_of_clusters_is_told(store, unit):
    comparison = compared(with_episodes(store, 5), cluster="episode", unit=unit)
    assert "12 dialogues with 96 labelled utterances, in 5 episodes" in text(comparison)
    (pair,) = json.loads(render(comparison, "json"))["columns"][0]["pairs"]
    counted = pair["joint"]["clusters"] if unit == "both" else pair["over_dialogues"]["test"]["n"]
    assert counted == 5


def test_clusters_too_few_for_the_sign_flips_say_so(store):
    comparison = compared(with_episodes(store, 5), cluster="episode", unit="dialogue")
    told = "The test behind △, sign-flip over episodes, cannot reach 0.05: its smallest p is 0.0625 with 5 differing"
    assert f"{told} episodes; no row can be marked there." in text(comparison)
    (shown,) = details(comparison)
    assert shown.reason == "cannot reach 0.05 with 5 differing episodes: smallest p is 0.0625"
    # A sentence on what could have been found would say that something could.
    assert "true difference" not in text(comparison)


@pytest.mark.parametrize("unit", ["both", "dialogue"])
def test_one_cluster_is_named_by_its_kind(store, unit):
    comparison = compared(with_episodes(store, 1), cluster="episode", unit=unit)
    (shown,) = details(comparison)
    assert "not testable: one episode" in shown.reason
    assert "in 1 episode;" in text(comparison)
    for form in ("rich", "markdown", "csv"):
        assert "one episode" in " ".join(render(comparison, form).split())


def test_dialogues_that_could_have_been_found_are_told(store):
    store.add_seeds("ce", CE)
    store.add_seeds("eacl", EACL)
    comparison = compared(store, unit="dialogue")
    (pair,) = comparison.columns[0].pairs
    shift = stats.nct.ppf(0.2, 11, np.linspace(2, 5, 30_001))
    needed = np.interp(stats.t.isf(0.025, 11), shift, np.linspace(2, 5, 30_001))
    size = needed * pair.over_dialogues.interval.standard_error
    assert "With these dialogues a true difference of about the following size is found" in text(comparison)
    assert f": meld {size:.2f} points." in text(comparison)


@pytest.mark.parametrize("test", ["sign-flip", "wilcoxon"])
def test_where_nothing_can_be_marked_nothing_could_have_been_found(store, test):
    store.add_seeds("ce", CE)
    store.add_seeds("eacl", EACL)
    comparison = compared(store, test=test)
    assert "no row can be marked" in text(comparison)
    assert "true difference" not in text(comparison)


def test_the_correction_counts_for_what_a_discrete_test_can_reach(store):
    # Six seeds reach .03125, and three comparisons ask for .0167 first.
    store.add_seeds("ce", [*CE, 0.33])
    for method in ("eacl", "lacon", "supcon"):
        store.add_seeds(method, [*EACL, 0.7])
    comparison = compared(store, test="wilcoxon")
    told = "The test behind †, wilcoxon, cannot reach 0.05 after Holm: its smallest p is 0.0312 with 6 seeds, and 3"
    assert f"{told} comparisons ask for 0.0167; no row can be marked there." in text(comparison)
    assert "cannot reach" not in text(compared(store, test="wilcoxon", correction="bh"))
    assert "true difference" in text(compared(store, test="wilcoxon", correction="bh"))


def test_a_rank_test_borrows_the_size_from_t_and_says_so(store):
    store.add_seeds("ce", [*CE, 0.33, 0.34])
    store.add_seeds("eacl", [*EACL, 0.7, 0.69])
    told = "With these seeds a paired t-test{} finds a true difference of the following size"
    assert told.format("") in text(compared(store))
    assert told.format(" (standing in for wilcoxon)") in text(compared(store, test="wilcoxon"))


def test_only_what_may_be_marked_could_have_been_found(store):
    store.add_seeds("ce", [*CE, 0.33, 0.34])
    store.add_seeds("eacl", [*EACL, 0.7, 0.69])
    store.add_seeds("ce", CE, dataset="emorynlp")
    store.add_seeds("eacl", EACL, dataset="emorynlp")
    found = text(compared(store, test="wilcoxon"))
    assert "its smallest p is 0.0625 with 5 seeds; such rows cannot be marked" in found
    detectable = next(each for each in compared(store, test="wilcoxon").caption if "true difference" in each)
    assert "meld" in detectable
    assert "emorynlp" not in detectable


def test_a_joint_test_that_is_nowhere_is_not_explained_as_if_it_were(store):
    store.split = replace(store.split, dialogues=1)
    store.add_seeds("ce", [0.5, 0.52, 0.48])
    store.add_seeds("eacl", [0.7, 0.72, 0.69])
    comparison = compared(store)
    assert "the 0 comparisons" not in text(comparison)
    assert "‡ is not given: no joint test can be made; the reasons stand beside the differences." in text(comparison)
    assert "joint not testable: one dialogue" in " ".join(render(comparison, "rich").split())


def test_columns_without_comparisons_are_not_counted(store):
    store.add_seeds("ce", CE)
    store.add_seeds("eacl", EACL)
    store.add("lacon", 1, dataset="emorynlp")
    comparison = compared(store)
    assert "emorynlp 0" not in text(comparison)
    assert "over the 1 comparison on meld" in text(comparison)


def test_a_joint_p_below_that_of_the_seeds_is_explained(store):
    store.add_seeds("ce", CE)
    store.add_seeds("eacl", EACL)
    assert "can be the smaller" not in text(compared(store, unit="seed"))
    comparison = compared(store)
    (pair,) = comparison.columns[0].pairs
    assert pair.joint.df > pair.test.df
    expected = pair.joint.p < pair.test.p
    assert expected
    assert "A joint p can be the smaller one" in text(comparison)

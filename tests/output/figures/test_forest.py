"""Differences across datasets, and when a line over all of them may be drawn."""

import pytest
from scipy import stats

from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.forest import lines


def add(store, method, dataset, accuracies, **changes):
    store.add_seeds(method, accuracies, dataset=dataset, **changes)


@pytest.fixture
def two(store):
    """Two methods on two datasets with the same four seeds, other answers on each."""
    for dataset, shift in (("meld", 0.0), ("emorynlp", 0.05)):
        add(store, "ce", dataset, [0.5 + shift, 0.45, 0.55, 0.5])
        add(store, "eacl", dataset, [0.6, 0.65 + shift, 0.7, 0.6])
    return store


def test_the_mean_over_datasets_averages_seed_by_seed(runs, two):
    comparison = compare(runs.cells())
    by_dataset = {column.dataset: column for column in comparison.columns}
    differences = []
    for seed in range(4):
        each = []
        for column in by_dataset.values():
            ours, theirs = (column.scores[row].values[seed] for row in (1, 0))
            each.append(ours - theirs)
        differences.append(sum(each) / 2)
    expected = stats.ttest_1samp(differences, 0)
    interval = expected.confidence_interval(0.95)
    mean = runs.rows("forest")[-1]
    assert (mean["row"], mean["dataset"], mean["seeds"]) == ("eacl", "mean of the 2", 4)
    assert mean["difference"] == pytest.approx(sum(differences) / 4)
    assert (mean["low"], mean["high"]) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert mean["joint_low"] is None


def test_the_lines_of_a_dataset_are_those_of_the_table(runs, two):
    comparison = compare(runs.cells())
    rows = runs.rows("forest")
    for column, row in zip(comparison.columns, rows[:2], strict=True):
        (pair,) = column.pairs
        assert row["dataset"] == column.title
        assert (row["difference"], row["low"], row["high"]) == (pair.test.difference, pair.test.low, pair.test.high)
        assert (row["joint_low"], row["joint_high"]) == (pair.joint.low, pair.joint.high)
        assert (row["p_holm"], row["joint_p_holm"]) == (pair.adjusted_p, pair.joint_adjusted_p)


def refusals(runs, **options):
    return lines(compare(runs.cells(), **options))[1]


def test_other_seeds_on_one_dataset_leave_no_mean(runs, store):
    for dataset, seeds in (("meld", 3), ("emorynlp", 4)):
        add(store, "ce", dataset, [0.5] * seeds)
        add(store, "eacl", dataset, [0.7] * seeds)
    assert refusals(runs) == ["eacl: the seeds are not the same on all datasets"]
    (drawn,) = runs.draw("forest")
    assert "No mean over datasets for eacl: the seeds are not the same on all datasets." in drawn.caption
    assert not any("mean" in row["dataset"] for row in runs.rows("forest"))


def test_other_metrics_leave_no_mean(runs, store):
    for dataset, headline in (("meld", "weighted_f1"), ("dailydialog", "micro_f1")):
        for method, accuracy in (("ce", 0.5), ("eacl", 0.7)):
            changes = {"scored_labels": ["anger", "joy"]} if headline == "micro_f1" else {}
            add(store, method, dataset, [accuracy] * 3, headline_metric=headline, **changes)
    assert refusals(runs) == ["eacl: the datasets have different metrics"]
    assert refusals(runs, metric="accuracy") == []


def test_one_dataset_on_two_machines_leaves_no_mean(runs, store):
    for hardware, settings_hash in (("cpu", "aaaaaaaaaaaa"), ("cuda", "bbbbbbbbbbbb")):
        for method, accuracy in (("ce", 0.5), ("eacl", 0.7)):
            provenance = {"device": hardware, "hardware": {"class": hardware, "name": "x"}}
            add(store, method, "meld", [accuracy] * 3, provenance=provenance, settings_hash=settings_hash)
    assert refusals(runs) == ["eacl: one dataset is there under several conditions"]


def test_one_seed_leaves_no_mean_and_no_interval(runs, store):
    for dataset in ("meld", "emorynlp"):
        add(store, "ce", dataset, [0.5])
        add(store, "eacl", dataset, [0.7])
    assert refusals(runs) == ["eacl: one seed"]
    assert {(row["low"], row["reason"]) for row in runs.rows("forest")} == {(None, "not testable: one seed")}


def test_the_marks_are_those_of_the_table(runs, store):
    add(store, "ce", "meld", [0.3, 0.31, 0.32, 0.3, 0.3])
    add(store, "eacl", "meld", [0.95, 0.94, 0.95, 0.96, 0.95])
    (pair,) = compare(runs.cells()).columns[0].pairs
    assert (pair.verdict, pair.joint_verdict) == ("better", "better")
    (drawn,) = runs.draw("forest")
    assert any(text.get_text().endswith("‡") for text in drawn.figure.axes[0].texts)
    assert "after correction for their number" in drawn.caption


def test_without_a_pair_there_is_nothing_to_draw(runs, store):
    store.add("ce", 1)
    store.add("eacl", 2)
    with pytest.raises(ErcBenchError, match="no difference to a baseline can be drawn"):
        runs.draw("forest")


def test_every_dataset_has_an_axis_of_its_own(runs, store):
    for dataset, accuracies in (("meld", [0.6, 0.62, 0.61]), ("emorynlp", [0.9, 0.92, 0.95])):
        add(store, "ce", dataset, [0.58, 0.6, 0.59])
        add(store, "eacl", dataset, accuracies)
    (drawn,) = runs.draw("forest")
    titles = [axes.get_title() for axes in drawn.figure.axes]
    assert titles == ["emorynlp", "meld", "mean over datasets"]
    ends = {axes.get_title(): axes.get_xlim() for axes in drawn.figure.axes}
    assert ends["emorynlp"][1] > ends["meld"][1]
    for row in runs.rows("forest"):
        low, high = ends.get(row["dataset"], ends["mean over datasets"])
        assert low < min(row["difference"], 0.0) <= max(row["difference"], 0.0) < high


def test_the_mean_of_one_row_among_many_is_told_and_not_drawn(runs, two):
    for method in ("kcl", "lacon"):
        add(two, method, "meld", [0.5, 0.6, 0.7, 0.6])
    (drawn,) = runs.draw("forest")
    assert [axes.get_title() for axes in drawn.figure.axes] == ["emorynlp", "meld"]
    assert "The mean over datasets averages seed by seed" in drawn.caption
    assert "eacl, mean of the 2: " in drawn.caption


def test_a_row_at_the_floor_leaves_the_axis_to_the_others(runs, store):
    for method, accuracies in (("ce", [0.9, 0.92]), ("eacl", [0.91, 0.94])):
        add(store, method, "meld", accuracies)
    for seed in (1, 2):
        store.add("majority", seed, predicted=["neutral"] * len(store.split.rows()))
    (drawn,) = runs.draw("forest")
    (axes,) = drawn.figure.axes
    row = next(row for row in runs.rows("forest") if row["row"] == "majority")
    assert row["difference"] < axes.get_xlim()[0]
    assert "beyond the axis" in [text.get_text() for text in drawn.figure.legends[0].get_texts()]
    assert [text.get_text() for text in axes.texts][1].startswith("\N{MINUS SIGN}")


@pytest.mark.parametrize("spread", [20, 1])
def test_a_thin_interval_within_the_thick_one_is_explained(runs, store, spread):
    # The seeds differ by one utterance, or by twenty; the mistakes are those of the first dialogues.
    gold = [label for *_, label in store.split.rows()]
    wrong = [store.split.labels[store.split.labels.index(label) - 1] for label in gold]
    for seed, more in ((1, 0), (2, spread)):
        store.add("ce", seed, predicted=[*wrong[:50], *gold[50:]])
        store.add("eacl", seed, predicted=[*wrong[: 25 + more], *gold[25 + more :]])
    (pair,) = compare(runs.cells()).columns[0].pairs
    narrower = pair.joint.high - pair.joint.low < pair.test.high - pair.test.low
    (drawn,) = runs.draw("forest")
    assert narrower == (spread == 20)
    assert narrower == ("A thin interval can be the narrower one" in drawn.caption)

"""The selection audit of stored runs, against the same sums in an obvious loop."""

import pytest
from scipy import stats

from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import score
from erc_bench.store.index.all_cells import read_cells

SEEDS = 4


def audit_of(store, predicted, gains, chosen_from="training"):
    """Return an audit whose epochs lie at distances from the score of the stored answers."""
    gold = [row[2] for row in store.split.rows()]
    reported = score(gold, predicted, store.split.labels)["weighted_f1"]
    other = "readout" if chosen_from == "training" else "training"
    epochs = [{"weighted_f1": reported + gain, "accuracy": 1.0} for gain in gains]
    return {chosen_from: epochs, other: [{"weighted_f1": 99.0, "accuracy": 99.0}], "chosen_from": chosen_from}


@pytest.fixture
def audited(store):
    """Two audited methods over four seeds, one of them in a second stage, and a system without epochs."""
    for seed in range(1, SEEDS + 1):
        for method, stage in (("ce", "training"), ("eacl", "readout")):
            predicted = store.split.answers(0.5 if method == "ce" else 0.7, seed)
            gains = [-3.0, 0.0, 0.5 * seed, -1.0] if method == "ce" else [0.0, -2.0 + seed]
            store.add(method, seed, predicted=predicted, audit=audit_of(store, predicted, gains, stage))
        store.add("majority", seed, predicted=["joy"] * len(store.split.rows()), backbone="none")
    return store


def test_three_ways_to_choose_an_epoch_stand_side_by_side(audited):
    comparison = compare(read_cells(audited.runs), audit=True)
    (column,) = comparison.columns
    labels = [row.label for row in comparison.rows]
    assert [labels[scored.row] for scored in column.audit.scores] == ["ce", "eacl"]
    ce, eacl = column.audit.scores
    assert ce.seeds == eacl.seeds == (1, 2, 3, 4)
    assert ce.inflations == pytest.approx([0.5 * seed for seed in ce.seeds])
    assert eacl.inflations == pytest.approx([max(0.0, -2.0 + seed) for seed in eacl.seeds])
    shown = column.scores[ce.row].values
    assert ce.selected.mean == pytest.approx(sum(shown) / SEEDS)
    assert ce.last.mean == pytest.approx(sum(shown) / SEEDS - 1.0)
    assert ce.best.mean == pytest.approx(sum(value + 0.5 * seed for seed, value in enumerate(shown, 1)) / SEEDS)
    assert not ce.second_stage
    assert eacl.second_stage


def test_the_mean_over_methods_is_taken_seed_by_seed(audited):
    (column,) = compare(read_cells(audited.runs), audit=True).columns
    means = [(0.5 * seed + max(0.0, -2.0 + seed)) / 2 for seed in range(1, SEEDS + 1)]
    interval = stats.t.interval(0.95, SEEDS - 1, loc=sum(means) / SEEDS, scale=stats.sem(means))
    assert column.audit.overall.mean == pytest.approx(sum(means) / SEEDS)
    assert (column.audit.overall.low, column.audit.overall.high) == pytest.approx(interval)


def test_an_audit_changes_no_test_of_the_table(audited):
    cells = read_cells(audited.runs)
    (with_audit,), (without,) = compare(cells, audit=True).columns, compare(cells).columns
    assert with_audit.pairs == without.pairs
    assert with_audit.scores == without.scores
    assert without.audit is None


def test_a_seed_without_an_audit_is_not_in_its_mean(audited):
    predicted = audited.split.answers(0.5, 9)
    audited.add("ce", 9, predicted=predicted)
    (column,) = compare(read_cells(audited.runs), audit=True).columns
    assert column.audit.scores[0].seeds == (1, 2, 3, 4)
    assert column.scores[0].seeds == (1, 2, 3, 4, 9)


def test_runs_without_an_audit_are_told_how_to_record_one(store):
    store.add_seeds("ce", [0.5, 0.6])
    with pytest.raises(ErcBenchError, match=r"no stored run has a selection audit\n.*erc-bench run --audit"):
        compare(read_cells(store.runs), audit=True)


def test_a_table_per_class_shows_no_audit(audited):
    with pytest.raises(ErcBenchError, match="a table per class shows no selection audit"):
        compare(read_cells(audited.runs), audit=True, per_class=True)


@pytest.mark.parametrize("audit", [{"training": "many"}, {"training": [{"weighted_f1": float("nan")}]}, 3])
def test_a_record_with_an_odd_audit_is_named_and_left_out(store, audit):
    store.add_seeds("ce", [0.5, 0.6])
    store.add("eacl", 1, audit=audit)
    comparison = compare(read_cells(store.runs))
    assert any("eacl" in note and "audit" in note for note in comparison.notes)

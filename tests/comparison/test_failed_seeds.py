import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.comparison import compare, requested_tests
from erc_bench.comparison.failed_seeds import collapsed
from erc_bench.output.tables import render
from erc_bench.store.index.all_cells import read_cells

CE, EACL = [0.5, 0.52, 0.51, 0.5, 0.53], [0.8, 0.82, 0.81, 0.83, 0.8]


def compared(store, **tests):
    return compare(read_cells(store.runs), baseline="ce", tests=requested_tests.Tests(**tests))


def pair_of(comparison, label, column=0):
    (row,) = (index for index, row in enumerate(comparison.rows) if row.label == label)
    return comparison.columns[column].pair_of(row)


def score_of(comparison, label, column=0):
    (row,) = (index for index, row in enumerate(comparison.rows) if row.label == label)
    return comparison.columns[column].scores[row]


def gold_and_wrong(store):
    labels = store.split.labels
    gold = [row[2] for row in store.split.rows()]
    return gold, [labels[labels.index(label) - 1] for label in gold]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=9), st.floats(0, 100))
def test_a_collapsed_seed_lost_more_than_half_of_the_medians_lead(values, floor):
    found = collapsed(values, floor)
    middle = sorted(values)[len(values) // 2] if len(values) % 2 else None
    for place, value in enumerate(values):
        if middle is not None and value >= floor + (middle - floor) / 2 + 1e-9:
            assert place not in found
        if middle is not None and value < floor + (middle - floor) / 2 - 1e-9:
            assert place in found


def test_a_seed_that_collapsed_holds_the_mark_back_and_stays_in_the_family(store):
    gold, wrong = gold_and_wrong(store)
    store.add_seeds("ce", CE)
    for seed, accuracy in enumerate(EACL[:4], start=1):
        store.add("eacl", seed, accuracy=accuracy)
    half = len(gold) // 2
    # Not degenerate: all classes are answered, somewhat above the floor.
    store.add("eacl", 5, predicted=[*gold[:half], *wrong[half:]])
    store.add_seeds("supcon", [0.9, 0.92, 0.91, 0.9, 0.93])
    comparison = compared(store)
    score, pair = score_of(comparison, "eacl"), pair_of(comparison, "eacl")
    assert (dict(score.degenerate), score.collapsed) == ({}, (5,))
    assert (score.collapses.hits, score.collapses.n) == (1, 5)
    assert (pair.verdict, pair.joint_verdict, len(pair.held_back)) == ("", "", 1)
    assert pair.adjusted_p is not None
    assert comparison.columns[0].family == 2
    assert pair_of(comparison, "supcon").verdict == "better"
    told = next(sentence for sentence in comparison.caption if sentence.startswith("No mark for or against"))
    assert "eacl on meld (seed 5) 1 of 5, a chance of 1% to 72%" in told
    assert "Where no seed collapsed, up to 52% (none of 5 seeds) of further runs still may." in comparison.caption
    assert "no mark: eacl has a collapsed seed" in render(comparison, "csv")
    # The seed counts as any other does.
    assert score.summary.n == 5


def test_a_degenerate_baseline_marks_nobody(store):
    gold, _ = gold_and_wrong(store)
    for seed in (1, 2, 3, 4):
        store.add("ce", seed, predicted=[store.split.labels[0]] * (len(gold) - seed) + gold[len(gold) - seed :])
    store.add("ce", 5, accuracy=0.6)
    store.add_seeds("eacl", EACL)
    comparison = compared(store, margin=50.0)
    pair = pair_of(comparison, "eacl")
    assert len(score_of(comparison, "ce").degenerate) == 4
    assert (pair.verdict, pair.joint_verdict, pair.equivalent) == ("", "", False)
    assert pair_of(compared(store, unit="dialogue"), "eacl").dialogue_verdict == ""


def test_the_floor_is_the_best_single_answer_by_the_headline_metric(store):
    # The most frequent label is one that micro F1 does not score, as neutral on DailyDialog.
    gold, _ = gold_and_wrong(store)
    counts = {label: gold.count(label) for label in store.split.labels}
    most = max(counts, key=counts.get)
    scored = [label for label in store.split.labels if label != most]
    best = max(scored, key=lambda label: counts[label])
    changes = {"scored_labels": scored, "headline_metric": "micro_f1"}
    n, right = len(gold), counts[best]
    floor = 100 * 2 * right / (n + sum(counts[label] for label in scored))
    store.add("ce", 1, accuracy=0.7, **changes)
    store.add("majority", 1, predicted=[most] * n, **changes)
    store.add("constant", 1, predicted=[best] * n, **changes)
    comparison = compared(store)
    column = comparison.columns[0]
    assert (column.floor_label, column.floor) == (best, pytest.approx(floor))
    assert f"always answering {best} scores {floor:.2f}" in " ".join(comparison.caption)
    assert score_of(comparison, "constant").degenerate
    assert not score_of(comparison, "ce").degenerate


def test_stored_results_are_held_to_the_rule_of_today(store):
    gold, _ = gold_and_wrong(store)
    store.add("ce", 1, accuracy=0.7)
    store.add("eacl", 1, predicted=[store.split.labels[0]] * len(gold), degenerate="")
    assert score_of(compared(store), "eacl").degenerate[1].startswith("weighted F1")

"""Confusion matrices against an obvious loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.confusion import row_percentages

COUNTS = arrays.arrays(np.int64, st.tuples(st.integers(1, 4), st.just(3), st.just(3)), elements=st.integers(0, 20))


@given(COUNTS)
def test_a_row_holds_the_mean_share_of_each_answer(counts):
    found = row_percentages(counts)
    for gold in range(3):
        if not all(counts[seed, gold].sum() for seed in range(len(counts))):
            assert np.isnan(found[gold]).all()
            continue
        for answer in range(3):
            shares = [100 * counts[seed, gold, answer] / sum(counts[seed, gold]) for seed in range(len(counts))]
            assert found[gold, answer] == pytest.approx(sum(shares) / len(shares))
        assert found[gold].sum() == pytest.approx(100)


def percentages(store, method_answers):
    """Return the mean row percentages of lists of answers, by (true, predicted)."""
    labels, gold = store.split.labels, [row[2] for row in store.split.rows()]
    expected = {}
    for true in labels:
        for said in labels:
            shares = []
            for answers in method_answers:
                own = [answer for answer, right in zip(answers, gold, strict=True) if right == true]
                shares.append(100 * own.count(said) / len(own))
            expected[true, said] = sum(shares) / len(shares)
    return expected


def test_two_methods_are_compared_on_the_seeds_that_both_have(runs, store):
    ours = {seed: store.split.answers(0.8, seed) for seed in (1, 2, 3)}
    theirs = {seed: store.split.answers(0.4, seed) for seed in (2, 3, 4)}
    for method, answers in (("eacl", ours), ("ce", theirs)):
        for seed, predicted in answers.items():
            store.add(method, seed, predicted=predicted)
    rows = runs.rows("confusion")
    own, other = percentages(store, [ours[2], ours[3]]), percentages(store, [theirs[2], theirs[3]])
    assert len(rows) == 9
    for row in rows:
        key = row["true"], row["predicted"]
        assert (row["row"], row["baseline"]) == ("eacl", "ce")
        assert row["percent"] == pytest.approx(own[key])
        assert row["baseline_percent"] == pytest.approx(other[key])
        assert row["difference"] == pytest.approx(own[key] - other[key])


def test_the_caption_names_seeds_and_the_largest_difference(runs, store):
    store.add_seeds("ce", [0.4, 0.4])
    store.add_seeds("eacl", [0.8, 0.8])
    (drawn,) = runs.draw("confusion")
    rows = runs.rows("confusion")
    largest = max(rows, key=lambda row: abs(row["difference"]))
    assert "mean over seeds 1-2" in drawn.caption
    told = f"{abs(largest['difference']):.1f} points, {largest['true']} answered with {largest['predicted']}."
    assert told in drawn.caption
    assert drawn.name == "confusion-meld-eacl-vs-ce"
    assert len(drawn.figure.axes) == 3


def test_methods_without_a_shared_seed_are_each_over_their_own(runs, store):
    store.add("ce", 1)
    store.add("eacl", 2)
    (drawn,) = runs.draw("confusion")
    assert "each over its own seeds, none is shared" in drawn.caption


def test_one_method_alone_is_one_matrix(runs, store):
    store.add_seeds("eacl", [0.6, 0.7])
    (drawn,) = runs.draw("confusion")
    assert len(drawn.figure.axes) == 1
    assert {row["difference"] for row in runs.rows("confusion")} == {None}


def test_one_method_as_two_classifiers_read_it(runs, store):
    store.add("eacl", 1, readouts={"probe": store.split.answers(0.5, 7)}, accuracy=0.7)
    (drawn,) = runs.draw("confusion", readouts=["probe"])
    assert drawn.name == "confusion-meld-eacl-read-by-probe-vs-eacl"


def test_a_class_without_test_utterances_is_marked_and_told(runs, store):
    labels = [*store.split.labels, "surprise"]
    for method in ("ce", "eacl"):
        runs.change(store.add(method, 1, accuracy=0.5 if method == "ce" else 0.7), labels=labels)
    (drawn,) = runs.draw("confusion")
    assert "No test utterance is labelled surprise." in drawn.caption
    missing = [row for row in runs.rows("confusion") if row["true"] == "surprise"]
    assert len(missing) == 4
    assert {row["percent"] for row in missing} == {None}
    dashes = [text for text in drawn.figure.axes[0].texts if text.get_text() == "\N{EN DASH}"]
    assert len(dashes) == 4


def test_dev_scores_alone_have_no_confusions(runs, store):
    store.add("ce", 1, dev_only=True)
    with pytest.raises(ErcBenchError, match="no test prediction is stored"):
        runs.draw("confusion")

"""Reliability and the expected calibration error against an obvious loop."""

import math
import statistics

import numpy as np
import pytest
import store_fixture
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.calibration import BINS, reliability

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def bin_of(confidence):
    """Return the bin (low, high] that holds a confidence; 0 lies in the first one."""
    return next(i for i in range(BINS) if confidence <= (i + 1) / BINS or i == BINS - 1)


def expected_error(confidence, right):
    total = 0.0
    for i in range(BINS):
        own = [(c, r) for c, r in zip(confidence, right, strict=True) if bin_of(c) == i]
        if own:
            accuracy = sum(r for _, r in own) / len(own)
            mean = sum(c for c, _ in own) / len(own)
            total += len(own) / len(confidence) * abs(accuracy - mean)
    return 100 * total


@given(ANSWERS)
def test_the_error_is_the_mean_gap_weighted_by_answers(answers):
    confidence, right = (np.array(column) for column in zip(*answers, strict=True))
    # On the edge of a bin the last bit decides, which two ways to compute need not share.
    confidence = np.where(np.abs(confidence * BINS - np.round(confidence * BINS)) < 1e-9, 0.5, confidence)
    bins = reliability(confidence, right)
    assert bins.error == pytest.approx(expected_error(confidence.tolist(), right.tolist()), abs=1e-9)
    assert bins.counts.sum() == len(answers)
    assert 0 <= bins.error <= 100


def test_the_ends_lie_in_the_first_and_the_last_bin():
    assert np.flatnonzero(reliability(np.array([0.0, 1.0]), np.array([True, True])).counts).tolist() == [0, BINS - 1]


def test_a_sure_and_always_right_answer_has_no_error():
    assert reliability(np.ones(4), np.ones(4, dtype=bool)).error == 0
    assert reliability(np.ones(4), np.zeros(4, dtype=bool)).error == 100


def softmax(rng, count):
    logits = np.exp(rng.normal(size=(count, 3)))
    return logits / logits.sum(-1, keepdims=True)


@pytest.fixture
def scored(runs, store):
    """Three seeds with invented probabilities; returns them as written."""
    gold = [row[2] for row in store.split.rows()]
    found = []
    for seed in (1, 2, 3):
        rows = np.round(softmax(np.random.default_rng(seed), 96), 4)
        answers = [store.split.labels[int(np.argmax(row))] for row in rows]
        folder = store.add("ce", seed, predicted=answers)
        runs.scores(folder, rows)
        found.append(([max(row) for row in rows], [a == g for a, g in zip(answers, gold, strict=True)]))
    return found


def test_the_figure_shows_the_error_of_each_seed_and_the_bins_of_all(runs, scored):
    rows = runs.rows("calibration")
    errors = [expected_error(*each) for each in scored]
    assert len(rows) == BINS
    assert rows[0]["error_mean"] == pytest.approx(sum(errors) / 3)
    assert rows[0]["error_sd"] == pytest.approx(statistics.stdev(errors))
    answers = [(c, r) for confidence, right in scored for c, r in zip(confidence, right, strict=True)]
    for i, row in enumerate(rows):
        own = [(c, r) for c, r in answers if bin_of(c) == i]
        assert row["answers"] == len(own)
        if own:
            assert row["confidence"] == pytest.approx(sum(c for c, _ in own) / len(own))
            assert row["accuracy"] == pytest.approx(sum(r for _, r in own) / len(own))
        else:
            assert row["accuracy"] is None
    assert sum(row["answers"] for row in rows) == 3 * 96
    assert not math.isnan(rows[0]["error_mean"])


def test_scores_that_are_no_probabilities_are_left_out_and_named(runs, store, scored):
    folder = store.add("eacl", 1, predicted=["anger"] * 96)
    runs.scores(folder, np.tile([2.0, -1.0, 0.0], (96, 1)))
    (drawn,) = runs.draw("calibration")
    assert {row[1] for row in drawn.numbers.rows} == {"ce"}
    told = "meld: eacl is left out: the scores of meld/eacl/minilm/aaaaaaaaaaaa/seed-1 are not probabilities"
    assert told in drawn.notes


def test_answers_without_scores_cannot_be_drawn(runs, store):
    folder = store.add("ce", 1)
    lines = [",".join(line.split(",")[:4]) for line in (folder / "predictions.csv").read_text().splitlines()]
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n")
    store_fixture.write_status(folder)
    with pytest.raises(ErcBenchError, match="no stored run has test probabilities") as caught:
        runs.draw("calibration")
    assert "stores no score for each label" in caught.value.hint

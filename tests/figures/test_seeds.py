"""The dots of every seed."""

import numpy as np
import pytest
from scipy import stats

from erc_bench.figures.seeds import axis_range
from erc_bench.figures.selection import Wanted, select
from erc_bench.metrics import score


def test_every_seed_is_there_with_mean_and_interval(runs, store):
    gold = [row[2] for row in store.split.rows()]
    values = []
    for seed in (1, 2, 3, 4):
        predicted = store.split.answers(0.6, seed)
        store.add("ce", seed, predicted=predicted)
        values.append(score(gold, predicted, store.split.labels)["weighted_f1"])
    rows = runs.rows("seeds")
    assert [(row["seed"], row["score"]) for row in rows] == [(i, pytest.approx(v)) for i, v in enumerate(values, 1)]
    mean, sd = sum(values) / 4, np.std(values, ddof=1)
    low, high = stats.t.interval(0.95, 3, mean, sd / 2)
    assert (rows[0]["mean"], rows[0]["sd"]) == (pytest.approx(mean), pytest.approx(sd))
    assert (rows[0]["low"], rows[0]["high"]) == (pytest.approx(low), pytest.approx(high))


def test_a_level_is_asked_for(runs, store):
    store.add_seeds("ce", [0.5, 0.6, 0.7])
    assert "90 % t interval" in runs.draw("seeds", alpha=0.1)[0].caption
    assert runs.rows("seeds", alpha=0.1)[0]["low"] > runs.rows("seeds")[0]["low"]


def test_one_seed_has_no_interval(runs, store):
    store.add("ce", 1)
    (row,) = runs.rows("seeds")
    assert (row["sd"], row["low"], row["high"]) == (None, None, None)


def test_a_degenerate_seed_has_a_mark_of_its_own(runs, store):
    store.add("ce", 1)
    store.add("ce", 2, degenerate="predicts only neutral")
    (drawn,) = runs.draw("seeds")
    (axes,) = drawn.figure.axes
    assert {"a seed", "a degenerate seed"} <= set(axes.get_legend_handles_labels()[1])
    assert [row["degenerate"] for row in runs.rows("seeds")] == ["", "predicts only neutral"]


def test_the_axis_holds_everything_and_the_floor_where_it_is_near(filled):
    (drawn,) = filled.draw("seeds")
    rows = [dict(zip(drawn.numbers.columns, row, strict=True)) for row in drawn.numbers.rows]
    for axes in drawn.figure.axes:
        low, high = axes.get_xlim()
        for row in rows:
            if row["dataset"] == axes.get_title():
                assert low < min(row["score"], row["low"])
                assert high > max(row["score"], row["high"])


def test_a_floor_that_is_far_away_does_not_stretch_the_axis(runs, store):
    store.add_seeds("ce", [0.5, 0.55])
    (panel,) = select(runs.cells(), Wanted()).panels
    scores = [shown.score for shown in panel.shown]
    low, high = axis_range(scores, None)
    assert axis_range(scores, low - 1000) == (low, high)
    assert axis_range(scores, low - 0.1)[0] < low - 0.1

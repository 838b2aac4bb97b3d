"""The dots of every seed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from erc_bench.output.figures.seeds import axis_of
from erc_bench.output.figures.selected_rows import Wanted, select
from erc_bench.statistics.metrics import score


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
    store.add("ce", 2, predicted=["neutral"] * len(store.split.rows()))
    (drawn,) = runs.draw("seeds")
    (axes,) = drawn.figure.axes
    assert {"a seed", "a degenerate seed"} <= set(axes.get_legend_handles_labels()[1])
    first, second = (row["degenerate"] for row in runs.rows("seeds"))
    assert first == ""
    assert "which one answer everywhere scores" in second


def panel_of(runs, **options):
    (panel,) = select(runs.cells(), Wanted(**options)).panels
    return panel, [shown.score for shown in panel.shown]


def test_the_axis_holds_every_seed_and_interval(filled):
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
    panel, scores = panel_of(runs)
    plain = axis_of(replace(panel.column, floor=None), scores)
    assert axis_of(replace(panel.column, floor=plain.low - 1000), scores) == plain
    near = axis_of(replace(panel.column, floor=plain.low - 0.1), scores)
    assert near.low < plain.low - 0.1
    assert near.high == plain.high


def test_a_row_at_a_far_floor_is_an_arrow_and_leaves_the_axis_to_the_others(runs, store):
    store.add_seeds("ce", [0.5, 0.52, 0.51])
    store.add_seeds("majority", [0.5, 0.52, 0.51])
    panel, scores = panel_of(runs)
    at_floor = replace(
        scores[1], values=(0.0, 0.0, 0.0), summary=replace(scores[1].summary, mean=0.0, low=0.0, high=0.0)
    )
    column = replace(panel.column, floor=0.0)
    assert axis_of(column, [scores[0], at_floor]) == axis_of(replace(column, floor=None), [scores[0]])
    # Where nothing else is there, it has the axis.
    assert axis_of(column, [at_floor]).holds(0.0)


def test_no_mark_lies_on_the_seeds_of_its_row(filled):
    (drawn,) = filled.draw("seeds", datasets=["meld"])
    (axes,) = drawn.figure.axes
    seeds = {
        round(line.get_ydata()[0] % 1, 6) for line in axes.lines if line.get_label() in ("a seed", "a degenerate seed")
    }
    others = {
        round(line.get_ydata()[0] % 1, 6) for line in axes.lines if line.get_label() in ("interval of the mean", "mean")
    }
    assert (len(seeds), len(others)) == (3, 1)
    assert all(min((y - other) % 1, (other - y) % 1) > 0.2 for y in seeds for other in others)

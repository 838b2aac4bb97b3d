"""What seeds could detect: against simulated runs, and against the formulas written out."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from erc_bench.comparison import compare
from erc_bench.comparison.power import Spread, _parts, power_of, spread_of_pilot, spread_of_sd
from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import read_cells


@pytest.fixture
def pilot(store):
    store.add_seeds("ce", [0.30, 0.32, 0.28, 0.31])
    store.add_seeds("eacl", [0.70, 0.72, 0.69, 0.74])
    return compare(read_cells(store.runs))


def test_the_detectable_difference_is_found_with_the_power_that_was_asked_for():
    result = power_of(spread_of_sd(0.8, 0.5), comparisons=2)
    assert result.level == 0.025
    five = next(each for each in result.detectable if each.seeds == 5)
    draws = np.random.default_rng(1).normal(five.difference, 0.8, (20_000, 5))
    found = stats.ttest_1samp(draws, 0, axis=1).pvalue <= 0.025
    assert found.mean() == pytest.approx(0.8, abs=0.01)


def test_correlated_seeds_detect_more():
    alone, paired = (power_of(spread_of_sd(1.0, r)).detectable[3].difference for r in (0.0, 0.9))
    assert paired == pytest.approx(alone * np.sqrt(0.1))


def test_the_seeds_that_are_needed_are_the_least(pilot):
    result = power_of(spread_of_sd(0.5), differences=[0.5, 2.0], seeds=range(2, 60))
    sizes = {each.seeds: each.difference for each in result.detectable}
    for needed in result.needed:
        n = needed.over_seeds.n
        assert sizes[n] <= needed.difference < sizes.get(n - 1, np.inf)
        assert "no pilot" in needed.joint_reason


def test_a_pilot_gives_the_spread_with_its_interval(pilot):
    spread = spread_of_pilot(pilot, "eacl")
    values = [score.values for score in pilot.columns[0].scores]
    sd = np.subtract(values[1], values[0]).std(ddof=1)
    low, high = sd * np.sqrt(3 / stats.chi2.ppf([0.975, 0.025], 3))
    assert (spread.sd, spread.low, spread.high) == pytest.approx((sd, low, high))
    (pair,) = pilot.columns[0].pairs
    assert spread.by_dialogue(4) == pytest.approx(pair.joint.dialogue_variance)
    assert (spread.n, spread.clusters) == (4, 12)


def test_more_seeds_cannot_help_below_what_the_dialogues_add(pilot):
    spread = spread_of_pilot(pilot, "eacl")
    result = power_of(spread, seeds=[2, 10, 100_000], differences=[1.0, 40.0])
    joint = [each.joint for each in result.detectable]
    assert joint[0] > joint[1] > joint[2] > result.joint_floor
    assert joint[2] == pytest.approx(result.joint_floor, rel=1e-2)
    power = stats.nct.sf(stats.t.isf(0.025, 11), 11, result.joint_floor / np.sqrt(spread.dialogue_variance))
    assert power == pytest.approx(0.8, abs=1e-3)
    below, above = result.needed
    assert below.joint is None
    assert "more seeds cannot help below" in below.joint_reason
    assert above.joint >= above.over_seeds.n


def test_a_pilot_that_says_nothing_is_an_error(store, pilot):
    with pytest.raises(ErcBenchError, match="one comparison of spcl with ce, found 0"):
        spread_of_pilot(pilot, "spcl")
    store.add("spcl", 1)
    with pytest.raises(ErcBenchError, match="not testable: one seed"):
        spread_of_pilot(compare(read_cells(store.runs)), "spcl")


def test_a_power_below_the_level_is_an_error():
    with pytest.raises(ErcBenchError, match="must lie between the level"):
        power_of(spread_of_sd(1.0), power=0.04)


def test_what_seed_and_dialogue_share_goes_away_with_more_seeds(pilot):
    spread = spread_of_pilot(pilot, "eacl")
    (pair,) = pilot.columns[0].pairs
    single, averaged = pair.one_seed_dialogue_variance, pair.joint.dialogue_variance
    assert single > averaged
    assert spread.dialogue_variance == pytest.approx((4 * averaged - single) / 3)
    assert spread.by_dialogue(1) == pytest.approx(single)
    assert spread.dialogue_variance < spread.by_dialogue(20) < averaged


def test_the_variance_of_one_seed_is_the_jackknifes_on_average(store, pilot):
    rows = store.split.rows()
    gold, dialogue = np.array([row[2] for row in rows]), np.array([row[0] for row in rows])
    found = []
    for seed, pair in enumerate(zip((0.70, 0.72, 0.69, 0.74), (0.30, 0.32, 0.28, 0.31), strict=True), start=1):
        ours, theirs = (np.array(store.split.answers(value, seed)) for value in pair)
        left = []
        for name in dict.fromkeys(dialogue):
            kept = dialogue != name
            scores = [f1_score(gold[kept], each[kept], average="weighted") for each in (ours, theirs)]
            left.append(100 * (scores[0] - scores[1]))
        found.append(11 / 12 * ((np.array(left) - np.mean(left)) ** 2).sum())
    assert pilot.columns[0].pairs[0].one_seed_dialogue_variance == pytest.approx(np.mean(found))


def test_a_floor_that_the_pilot_cannot_tell_from_nothing_is_nothing():
    spread = Spread(1.0, "a pilot", n=5, dialogue_variance=0.0, clusters=280, shared_variance=2.0)
    result = power_of(spread)
    assert result.joint_floor == 0.0
    assert all(each.joint is not None for each in result.needed)


def test_a_mark_over_both_needs_the_one_over_seeds(pilot):
    for each in power_of(spread_of_pilot(pilot, "eacl")).detectable:
        assert each.joint >= each.difference
    wide = Spread(10.0, "a pilot", n=5, dialogue_variance=0.1, clusters=280)
    two = power_of(wide).detectable[0]
    assert two.joint == two.difference


def test_variances_that_chance_turns_around_are_cut_off():
    pilot = SimpleNamespace(seeds=(1, 2), joint=SimpleNamespace(dialogue_variance=1.0))
    for single, expected in ((3.0, (0.0, 2.0)), (0.5, (1.0, 0.0)), (1.5, (0.5, 1.0))):
        pilot.one_seed_dialogue_variance = single
        assert _parts(pilot) == pytest.approx(expected)

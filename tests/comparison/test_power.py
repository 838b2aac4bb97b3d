"""What seeds could detect: against simulated runs, and against the formulas written out."""

import numpy as np
import pytest
from scipy import stats

from erc_bench.comparison import compare
from erc_bench.comparison.power import power_of, spread_of_pilot, spread_of_sd
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import read_cells


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
    assert spread.dialogue_variance == pair.joint.dialogue_variance
    assert (spread.n, spread.clusters) == (4, 12)


def test_more_seeds_cannot_help_below_what_the_dialogues_add(pilot):
    spread = spread_of_pilot(pilot, "eacl")
    result = power_of(spread, seeds=[2, 10, 100_000], differences=[1.0, 40.0])
    joint = [each.joint for each in result.detectable]
    assert joint[0] > joint[1] > joint[2] > result.joint_floor
    assert joint[2] == pytest.approx(result.joint_floor, rel=1e-3)
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

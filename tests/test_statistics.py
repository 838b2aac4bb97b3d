import itertools
import math
import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, stats

from erc_bench.metrics import leave_one_out, weighted_f1
from erc_bench.statistics import (
    Summary,
    correlation,
    detectable_effect,
    hedges_g,
    holm,
    joint_test,
    paired_t,
    sign_flip,
    summarise,
    t_power,
)

# Student (1908): hours of sleep gained by ten patients under two drugs.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
points = st.floats(0, 100).map(lambda value: round(value, 2))
paired = st.lists(st.tuples(points, points), min_size=2, max_size=10).map(lambda rows: tuple(zip(*rows, strict=True)))


def test_summary_of_hand_worked_scores():
    summary = summarise([2.0, 4.0, 4.0, 6.0])
    assert (summary.n, summary.mean, summary.reason) == (4, 4.0, "")
    assert summary.sd == pytest.approx(math.sqrt(8 / 3))
    low, high = stats.t.interval(0.95, 3, loc=4.0, scale=math.sqrt(8 / 3) / 2)
    assert (summary.low, summary.high) == pytest.approx((low, high))


def test_summary_of_one_score_has_no_spread():
    assert summarise([41.5]) == Summary(1, 41.5, reason="one seed")
    with pytest.raises(ValueError, match="no scores"):
        summarise([])


def test_paired_t_on_students_sleep_data():
    result = paired_t(FIRST, SECOND)
    assert result.difference == pytest.approx(-1.58)
    assert (result.t, result.df, result.p) == pytest.approx((-4.0621, 9, 0.00283289), rel=1e-4)
    assert (result.low, result.high) == pytest.approx((-2.4598858, -0.7001142), rel=1e-6)


@given(paired)
def test_paired_t_equals_scipy(scores):
    first, second = scores
    result = paired_t(first, second)
    assume(not result.reason)
    assume(np.std(np.subtract(first, second)) > 1e-6)
    theirs = stats.ttest_rel(first, second)
    assert (result.t, result.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-6, abs=1e-12)
    assert (result.low, result.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([], [], "not testable: no shared seed"),
        ([50.0], [49.0], "not testable: one seed"),
        ([50.1, 51.2, 52.3], [49.0, 50.1, 51.2], "not testable: zero variance"),
        ([50.0, 51.0], [50.0, 51.0], "not testable: zero variance"),
    ],
)
def test_what_cannot_be_tested_says_so(first, second, reason):
    result = paired_t(first, second)
    assert (result.reason, result.p, result.t, result.low) == (reason, None, None, None)
    assert hedges_g(first, second).value is None
    assert detectable_effect(first, second).value is None
    assert reason.partition(": ")[2] in hedges_g(first, second).reason


def test_unpaired_scores_are_an_error():
    with pytest.raises(ValueError, match="must be paired"):
        paired_t([1.0, 2.0], [1.0])


def test_an_enormous_t_has_a_positive_p():
    rng = np.random.default_rng(0)
    result = paired_t(90 + 1e-8 * rng.standard_normal(200), np.zeros(200))
    assert 0 < result.p < 1e-100


def brute_force_sign_flip(differences):
    observed = abs(sum(differences))
    sums = [sum(s * d for s, d in zip(signs, differences, strict=True)) for signs in _signs(len(differences))]
    return sum(abs(total) >= observed - 1e-9 for total in sums) / len(sums)


def _signs(n):
    return itertools.product((1, -1), repeat=n)


@given(paired)
def test_sign_flip_equals_enumeration(scores):
    differences = np.subtract(*scores)
    assert sign_flip(*scores).p == pytest.approx(brute_force_sign_flip(differences.tolist()))


@given(paired)
def test_sign_flip_is_symmetric(scores):
    first, second = scores
    assert sign_flip(first, second).p == sign_flip(second, first).p


def test_sign_flip_of_five_seeds_cannot_reach_the_usual_level():
    result = sign_flip([51, 52, 53, 54, 55], [50, 50, 50, 50, 50])
    assert (result.p, result.smallest_p) == (0.0625, 0.0625)
    assert not result.can_reach(0.05)
    assert sign_flip([1] * 6, [0] * 6).can_reach(0.05)


def test_sign_flip_with_many_seeds():
    differences = np.random.default_rng(3).normal(0.5, 1, 20)
    exact = sign_flip(differences, np.zeros(20)).p
    draws = np.random.default_rng(4).choice([-1, 1], (40_000, 20)) @ differences
    assert exact == pytest.approx((np.abs(draws) >= abs(differences.sum())).mean(), abs=0.01)
    assert sign_flip(np.ones(41), np.zeros(41)).reason == "not computed: more than 40 seeds"
    assert sign_flip([], []).reason == "not testable: no shared seed"
    assert sign_flip([2], [1]).reason == "not testable: one seed"


def test_holm_on_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


probabilities = st.lists(st.floats(1e-6, 1), min_size=1, max_size=12)


@given(probabilities)
def test_holm_keeps_the_order_and_lies_between_raw_and_bonferroni(p_values):
    adjusted = holm(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw <= value <= min(1.0, raw * len(p_values)) or value == pytest.approx(raw)
    ranked = sorted(zip(p_values, adjusted, strict=True))
    assert [value for _, value in ranked] == sorted(adjusted)


@given(probabilities, st.floats(0.01, 0.2))
def test_holm_rejects_what_the_stepwise_rule_rejects(p_values, alpha):
    rejected = 0
    for position, p in enumerate(sorted(p_values)):
        if p * (len(p_values) - position) > alpha:
            break
        rejected += 1
    assert sum(value <= alpha for value in holm(p_values)) == rejected


def test_hedges_g_with_its_exact_correction():
    differences = np.subtract(FIRST, SECOND)
    correction = math.gamma(4.5) / (math.sqrt(4.5) * math.gamma(4))
    expected = correction * differences.mean() / differences.std(ddof=1)
    assert hedges_g(FIRST, SECOND).value == pytest.approx(expected)
    assert correction == pytest.approx(1 - 3 / (4 * 9 - 1), abs=0.001)
    assert hedges_g([1.0, 2.0], [0.0, 0.0]).reason == "not estimable: two seeds"


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_detectable_effect_has_the_power_it_claims(n, alpha):
    first = np.linspace(50, 52, n)
    second = np.full(n, 50.0)
    effect = detectable_effect(first, second, alpha)
    shift = effect.value / (np.std(first, ddof=1) / math.sqrt(n))
    critical = stats.t.isf(alpha / 2, n - 1)

    def rejected(spread):
        # Given the estimated spread (in true ones), t is a shifted normal over it.
        inside = stats.norm.cdf(critical * spread - shift) - stats.norm.cdf(-critical * spread - shift)
        return (1 - inside) * stats.chi.pdf(spread * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1)

    power, _ = integrate.quad(rejected, 0, 10, limit=400, points=[0.01, 0.1, 1])
    assert power == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("df", [1, 4, 9, 99])
def test_power_never_is_nan_and_grows(df):
    powers = [t_power(shift, df) for shift in (0, 0.5, 1, 3, 10, 30, 100, 1000)]
    assert powers[0] == pytest.approx(0.05)
    assert all(0 <= power <= 1 for power in powers)
    assert powers == sorted(powers)


def test_correlation_over_seeds():
    assert correlation(FIRST, SECOND).value == pytest.approx(stats.pearsonr(FIRST, SECOND).statistic)
    assert correlation([1, 2], [1, 2]).reason == "not estimable: fewer than three seeds"
    assert correlation([5, 5, 5], [1, 2, 3]).reason == "not estimable: zero variance"


def test_joint_test_by_hand():
    # Seeds: variance 1, three of them. Dialogues: left-out values whose jackknife variance is 3/4 * 2.
    result = joint_test([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 2.0])
    by_seed, by_dialogue = 1 / 3, 3 / 4 * 2
    df = (by_seed + by_dialogue) ** 2 / (by_seed**2 / 2 + by_dialogue**2 / 3)
    assert (result.seed_variance, result.dialogue_variance) == pytest.approx((by_seed, by_dialogue))
    assert (result.t, result.df) == pytest.approx((2 / math.sqrt(by_seed + by_dialogue), df))
    assert result.p == pytest.approx(2 * stats.t.sf(result.t, df))
    assert (result.low + result.high) / 2 == pytest.approx(2.0)


def test_joint_test_of_a_mean_over_equal_dialogues_has_the_textbook_variance():
    # For a plain mean the jackknife variance is the sample variance over dialogues divided by G.
    by_dialogue = np.random.default_rng(1).normal(0.3, 1, 40)
    left_out = (by_dialogue.sum() - by_dialogue) / 39
    result = joint_test([by_dialogue.mean()] * 4, left_out)
    theirs = stats.ttest_1samp(by_dialogue, 0)
    assert (result.t, result.df, result.p) == pytest.approx((theirs.statistic, 39, theirs.pvalue))


@pytest.mark.parametrize(
    ("differences", "left_out", "reason"),
    [
        ([], [1.0, 2.0], "not testable: no shared seed"),
        ([1.0], [1.0, 2.0], "not testable: one seed"),
        ([1.0, 2.0], [1.0], "not testable: one dialogue"),
        ([1.0, 1.0], [1.0, 1.0, 1.0], "not testable: zero variance"),
    ],
)
def test_joint_test_that_cannot_be_done(differences, left_out, reason):
    result = joint_test(differences, left_out)
    assert (result.reason, result.p) == (reason, None)


@given(paired, st.lists(points, min_size=2, max_size=10))
def test_joint_test_is_no_bolder_than_the_seeds_alone(scores, left_out):
    differences = np.subtract(*scores)
    seeds, joint = paired_t(*scores), joint_test(differences, left_out)
    assume(not seeds.reason)
    assert abs(joint.t) <= abs(seeds.t) * (1 + 1e-9)
    assert min(len(differences), len(left_out)) - 1 <= joint.df * (1 + 1e-9)
    assert joint.df <= (len(differences) + len(left_out) - 2) * (1 + 1e-9)


def test_joint_test_holds_its_level_where_the_seed_test_does_not():
    # Two methods equal in expectation over dialogues, each with its own taste for dialogues.
    rng = np.random.default_rng(7)
    runs, seeds, dialogues = 400, 5, 60
    taste = rng.normal(0, 1, (runs, 1, dialogues))
    differences = taste + rng.normal(0, 0.3, (runs, seeds, 1)) + rng.normal(0, 1, (runs, seeds, dialogues))
    by_seed = differences.mean(2)
    averaged = differences.mean(1)
    left_out = (averaged.sum(1, keepdims=True) - averaged) / (dialogues - 1)
    alone = np.mean([paired_t(row, np.zeros(seeds)).p <= 0.05 for row in by_seed])
    joint = np.mean([joint_test(*row).p <= 0.05 for row in zip(by_seed, left_out, strict=True)])
    assert joint <= 0.075 < alone


def test_the_jackknife_of_a_test_split_takes_milliseconds():
    counts = np.random.default_rng(0).integers(0, 3, (5, 280, 7, 7))
    start = time.perf_counter()
    left_out = leave_one_out(counts, "weighted_f1")
    seconds = time.perf_counter() - start
    assert left_out.shape == (5, 280)
    assert left_out[3, 17] == pytest.approx(float(weighted_f1(np.delete(counts[3], 17, 0).sum(0))))
    assert seconds < 0.5

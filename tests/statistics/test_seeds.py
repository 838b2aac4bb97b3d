import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.power import detectable_effect
from erc_bench.statistics.results import OneSampleT, PairedT, Summary
from erc_bench.statistics.seeds import (
    corrected_resampled_t,
    correlation,
    equivalence,
    hedges_g,
    one_sample_t,
    paired_t,
    summarise,
    welch_t,
)

# Student (1908): hours of sleep gained by ten patients under two drugs.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
points = st.floats(0, 100).map(lambda value: round(value, 2))
paired = st.lists(st.tuples(points, points), min_size=2, max_size=10).map(lambda rows: tuple(zip(*rows, strict=True)))
scores = st.lists(points, min_size=2, max_size=10)


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
    assert (round(result.t, 4), result.df, round(result.p, 6)) == (-4.0621, 9, 0.002833)
    assert (result.low, result.high) == pytest.approx((-2.4598858, -0.7001142), rel=1e-6)


def test_welch_on_students_sleep_data():
    # As R prints it: t.test(extra ~ group) says t = -1.8608, df = 17.776, p-value = 0.07939.
    result = welch_t(FIRST, SECOND)
    assert (round(result.t, 4), round(result.df, 3), round(result.p, 5)) == (-1.8608, 17.776, 0.07939)
    assert (round(result.low, 4), round(result.high, 4)) == (-3.3655, 0.2055)


@given(paired)
def test_paired_t_equals_scipy(both):
    first, second = both
    result = paired_t(first, second)
    assume(not result.reason)
    assume(np.std(np.subtract(first, second)) > 1e-6)
    theirs = stats.ttest_rel(first, second)
    assert (result.t, result.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-6, abs=1e-12)
    assert (result.low, result.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-6, abs=1e-9)


@given(scores, scores)
def test_welch_equals_scipy(first, second):
    result = welch_t(first, second)
    assume(np.std(first) > 1e-3 and np.std(second) > 1e-3)
    theirs = stats.ttest_ind(first, second, equal_var=False)
    assert (result.t, result.p, result.df) == pytest.approx((theirs.statistic, theirs.pvalue, theirs.df), rel=1e-6)
    assert (result.low, result.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-6, abs=1e-9)
    assert (result.n, result.n_second) == (len(first), len(second))


@given(scores, points)
def test_one_sample_t_equals_scipy(values, constant):
    result = one_sample_t(values, constant)
    assume(np.std(values) > 1e-3)
    theirs = stats.ttest_1samp(values, constant)
    assert (result.t, result.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-6)
    of_mean = theirs.confidence_interval(0.95)
    assert (result.low + constant, result.high + constant) == pytest.approx(tuple(of_mean), rel=1e-6, abs=1e-9)


@given(paired, st.floats(0.01, 30))
def test_equivalence_equals_two_one_sided_tests(both, margin):
    first, second = both
    assume(np.std(np.subtract(first, second)) > 1e-3)
    result = equivalence(first, second, margin)
    above = stats.ttest_1samp(np.subtract(first, second), -margin, alternative="greater")
    below = stats.ttest_1samp(np.subtract(first, second), margin, alternative="less")
    assert result.p == pytest.approx(max(above.pvalue, below.pvalue), rel=1e-6, abs=1e-300)
    inside = -margin < result.low and result.high < margin
    assert result.equivalent == inside or result.p == pytest.approx(0.05)


def test_equivalence_needs_a_margin():
    with pytest.raises(ValueError, match="margin must be positive"):
        equivalence([1.0, 2.0], [1.0, 3.0], 0.0)


@given(paired, st.randoms(use_true_random=False))
def test_paired_tests_know_no_order_of_seeds_and_change_sign_with_the_sides(both, random):
    first, second = both
    result, swapped = paired_t(first, second), paired_t(second, first)
    order = list(range(len(first)))
    random.shuffle(order)
    shuffled = paired_t([first[i] for i in order], [second[i] for i in order])
    assume(not result.reason and not shuffled.reason)
    assert shuffled.p == pytest.approx(result.p, rel=1e-6)
    assert (swapped.p, swapped.t, swapped.low) == pytest.approx((result.p, -result.t, -result.high))


@given(paired, st.integers(-50, 50))
def test_paired_tests_do_not_see_what_both_sides_gain(both, gain):
    first, second = np.array(both)
    assume(np.std(first - second) > 1e-3)
    result, shifted = paired_t(first, second), paired_t(first + gain, second + gain)
    assert (shifted.t, shifted.p) == pytest.approx((result.t, result.p), rel=1e-6)


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
    assert isinstance(result, PairedT)
    assert (result.reason, result.p, result.t, result.low) == (reason, None, None, None)
    assert hedges_g(first, second).value is None
    assert detectable_effect(first, second).value is None
    assert reason.partition(": ")[2] in hedges_g(first, second).reason
    tost = equivalence(first, second, 1.0)
    assert (tost.reason, tost.p, tost.equivalent) == (reason, None, None)


@pytest.mark.parametrize(
    ("first", "second", "difference", "reason"),
    [
        ([], [1.0, 2.0], None, "not testable: no seed on a side"),
        ([3.0], [1.0, 2.0], 1.5, "not testable: one seed on a side"),
        ([50.0, 50.0], [51.0, 51.0], -1.0, "not testable: zero variance"),
    ],
)
def test_welch_that_cannot_be_done(first, second, difference, reason):
    result = welch_t(first, second)
    assert (result.difference, result.p, result.reason) == (difference, None, reason)


def test_welch_with_one_side_constant_is_the_other_sides_t():
    result, alone = welch_t([50.0, 51.0, 53.0], [49.0, 49.0]), one_sample_t([50.0, 51.0, 53.0], 49.0)
    assert (result.t, result.df, result.p) == pytest.approx((alone.t, alone.df, alone.p))


def test_one_sample_t_that_cannot_be_done():
    assert one_sample_t([], 60.0).reason == "not testable: no seed"
    assert one_sample_t([61.0], 60.0) == OneSampleT(1, 1.0, reason="not testable: one seed")
    assert one_sample_t([61.0, 61.0], 60.0).reason == "not testable: zero variance"


def test_unpaired_scores_are_an_error():
    with pytest.raises(ValueError, match="must be paired"):
        paired_t([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("scores", "message"), [([1.0, math.nan], "finite"), ([[1.0], [2.0]], "one per seed")])
def test_scores_that_are_none_are_an_error(scores, message):
    with pytest.raises(ValueError, match=message):
        paired_t(scores, scores)


def test_an_enormous_t_has_a_positive_p():
    rng = np.random.default_rng(0)
    result = paired_t(90 + 1e-8 * rng.standard_normal(200), np.zeros(200))
    assert 0 < result.p < 1e-100
    assert equivalence(1e-8 * rng.standard_normal(200), np.zeros(200), 50.0).p > 0


def test_hedges_g_with_its_exact_correction():
    differences = np.subtract(FIRST, SECOND)
    correction = math.gamma(4.5) / (math.sqrt(4.5) * math.gamma(4))
    expected = correction * differences.mean() / differences.std(ddof=1)
    assert hedges_g(FIRST, SECOND).value == pytest.approx(expected)
    assert correction == pytest.approx(1 - 3 / (4 * 9 - 1), abs=0.001)
    assert hedges_g([1.0, 2.0], [0.0, 0.0]).reason == "not estimable: two seeds"


def test_correlation_over_seeds():
    assert correlation(FIRST, SECOND).value == pytest.approx(stats.pearsonr(FIRST, SECOND).statistic)
    assert correlation([1, 2], [1, 2]).reason == "not estimable: fewer than three seeds"
    assert correlation([5, 5, 5], [1, 2, 3]).reason == "not estimable: zero variance"


@given(scores, st.integers(1, 1000), st.integers(1, 1000))
def test_folds_share_their_training_data_and_the_variance_allows_for_it(differences, train, test):
    assume(np.std(differences) > 1e-6)
    n = len(differences)
    mean = sum(differences) / n
    variance = sum((each - mean) ** 2 for each in differences) / (n - 1)
    error = math.sqrt((1 / n + test / train) * variance)
    result = corrected_resampled_t(differences, train, test)
    assert (result.t, result.df) == (pytest.approx(mean / error), n - 1)
    assert result.p == pytest.approx(2 * stats.t.sf(abs(mean / error), n - 1))
    assert result.p >= paired_t(differences, [0.0] * n).p


def test_folds_of_a_learner_that_gains_nothing_are_seldom_significant():
    # Two rules fitted to the same noise, over ten random halves of 60 examples: neither is better on new data.
    rng, level, rejected = np.random.default_rng(5), 0.05, np.zeros(2)
    for _ in range(300):
        x, y = rng.standard_normal((60, 2)), rng.standard_normal(60)
        differences = []
        for _ in range(10):
            order = rng.permutation(60)
            train, test = order[:50], order[50:]
            slopes = [(x[train, k] @ y[train]) / (x[train, k] @ x[train, k]) for k in (0, 1)]
            errors = [np.mean((y[test] - slope * x[test, k]) ** 2) for k, slope in enumerate(slopes)]
            differences.append(errors[0] - errors[1])
        found = corrected_resampled_t(differences, 50, 10).p, paired_t(differences, [0.0] * 10).p
        rejected += [p <= level for p in found]
    corrected, plain = rejected / 300
    assert corrected <= level + 3 * math.sqrt(level * (1 - level) / 300)
    assert plain > 2 * level


def test_folds_that_cannot_be_tested():
    assert corrected_resampled_t([1.0], 9, 1).reason == "not testable: one fold"
    assert corrected_resampled_t([1.0, 1.0], 9, 1).reason == "not testable: zero variance"
    with pytest.raises(ValueError, match="trained and scored on something, got 0 and 1"):
        corrected_resampled_t([1.0, 2.0], 0, 1)


def test_a_score_that_is_no_number_is_named_by_its_place():
    with pytest.raises(ValueError, match=r"must be finite, got nan at position 1, inf at position 2"):
        paired_t([1.0, float("nan"), float("inf")], [1.0, 2.0, 3.0])

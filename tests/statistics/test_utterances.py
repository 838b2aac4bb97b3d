import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.dialogues import design_effect, intra_cluster_correlation, mcnemar


def test_intra_cluster_correlation_by_hand():
    # Clusters (1, 1, 0) and (0, 0): MSB = 8/15 on 1 df, MSW = 2/9 on 3; m0 = 5 - 13/5 = 12/5.
    result = intra_cluster_correlation([1, 1, 0, 0, 0], ["a", "a", "a", "b", "b"])
    between, within, size = 8 / 15, 2 / 9, 12 / 5
    expected = (between - within) / (between + (size - 1) * within)
    assert result.correlation == pytest.approx(expected)
    assert result.design_effect == pytest.approx(1 + (13 / 5 - 1) * expected)
    assert result.effective_size == pytest.approx(5 / result.design_effect)
    assert (result.n, result.clusters) == (5, 2)


def test_the_design_effect_of_a_known_correlation():
    assert design_effect([10] * 30, 0.05) == pytest.approx(1 + 9 * 0.05)
    assert design_effect([1, 1, 1], 0.5) == 1.0
    # The variance of a mean of 3 + 2 values of variance 1, of which those of a cluster correlate by .4.
    pairs = 3 * 2 + 2 * 1
    assert design_effect([3, 2], 0.4) == pytest.approx((5 + pairs * 0.4) / 5)


@pytest.mark.parametrize(("sizes", "correlation"), [([], 0.1), ([-1, 2], 0.1), ([[1]], 0.1), ([2], 1.1), ([2], -0.1)])
def test_a_design_effect_of_nonsense_is_refused(sizes, correlation):
    with pytest.raises(ValueError, match="must"):
        design_effect(sizes, correlation)


clustered = st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 4)), min_size=4, max_size=30)


@given(clustered)
def test_mean_squares_are_those_of_the_analysis_of_variance(rows):
    values, clusters = zip(*rows, strict=True)
    groups = [[v for v, c in rows if c == cluster] for cluster in dict.fromkeys(clusters)]
    assume(1 < len(groups) < len(rows) and any(len(set(group)) > 1 for group in groups))
    n, k = len(rows), len(groups)
    within = sum(((np.array(group) - np.mean(group)) ** 2).sum() for group in groups) / (n - k)
    between = stats.f_oneway(*groups).statistic * within
    size = (n - sum(len(group) ** 2 for group in groups) / n) / (k - 1)
    result = intra_cluster_correlation(values, clusters)
    expected = max(-1.0, (between - within) / (between + (size - 1) * within))
    assert result.correlation == pytest.approx(expected, abs=1e-9)
    assert -1 <= result.correlation <= 1 + 1e-9
    assert result.design_effect >= 1


def test_correlation_that_was_put_in_comes_out():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(2000), rng.integers(3, 12, 2000))
    values = np.sqrt(0.1) * rng.standard_normal(2000)[clusters] + np.sqrt(0.9) * rng.standard_normal(len(clusters))
    assert intra_cluster_correlation(values, clusters.tolist()).correlation == pytest.approx(0.1, abs=0.02)
    alike = intra_cluster_correlation([1, 1, 0, 0], ["a", "a", "b", "b"])
    assert (alike.correlation, alike.design_effect, alike.effective_size) == (1.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("values", "clusters", "reason"),
    [
        ([], [], "not estimable: no utterance"),
        ([1, 0], ["a", "a"], "not estimable: one cluster"),
        ([1, 0], ["a", "b"], "not estimable: every cluster has one utterance"),
        ([1, 1, 1], ["a", "a", "b"], "not estimable: zero variance"),
    ],
)
def test_correlation_that_cannot_be_estimated(values, clusters, reason):
    result = intra_cluster_correlation(values, clusters)
    assert (result.correlation, result.design_effect, result.reason) == (None, None, reason)


def test_every_value_has_its_cluster():
    with pytest.raises(ValueError, match="one cluster per value"):
        intra_cluster_correlation([1, 0, 1], ["a", "b"])


answers = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(answers)
def test_mcnemar_is_the_binomial_test_of_what_differs(rows):
    first, second = zip(*rows, strict=True)
    only_first = sum(a and not b for a, b in rows)
    only_second = sum(b and not a for a, b in rows)
    result, swapped = mcnemar(first, second), mcnemar(second, first)
    assert (result.only_first, result.only_second) == (only_first, only_second)
    assume(only_first + only_second)
    assert result.p == pytest.approx(stats.binomtest(only_first, only_first + only_second).pvalue)
    assert swapped.p == result.p


def test_mcnemar_says_what_it_assumes_and_what_it_cannot():
    result = mcnemar([True, True, False], [False, False, False])
    assert (result.p, result.assumption) == (0.5, "assumes independent utterances")
    assert result.reason == "cannot reach 0.05 with 2 differing answers: smallest p is 0.5"
    alike = mcnemar([True, False], [True, False])
    assert (alike.p, alike.reason) == (None, "not testable: the two systems answer alike")
    assert mcnemar(np.ones(3000, bool), np.zeros(3000, bool)).p > 0
    with pytest.raises(ValueError, match="must be paired"):
        mcnemar([True], [True, False])

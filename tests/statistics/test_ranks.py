import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.ranks import mann_whitney, midranks, wilcoxon

points = st.floats(0, 100).map(lambda value: round(value, 2))
few = st.integers(0, 4).map(float)


def pairs(values, largest):
    return st.lists(st.tuples(values, values), min_size=2, max_size=largest)


@given(st.lists(few, min_size=1, max_size=12))
def test_midranks_equal_scipy(values):
    assert midranks(values) == pytest.approx(stats.rankdata(values))


def test_midranks_go_along_the_last_axis():
    assert midranks([[3.0, 1.0], [5.0, 5.0]]).tolist() == [[2.0, 1.0], [1.5, 1.5]]


@given(pairs(points, 12))
def test_wilcoxon_equals_scipy_without_ties(rows):
    first, second = np.array(rows).T
    sizes = np.abs(np.round(first - second, 10))
    assume((sizes > 0).all() and len(set(sizes)) == len(sizes))
    theirs = stats.wilcoxon(first, second, method="exact")
    result = wilcoxon(first, second)
    assert result.p == pytest.approx(theirs.pvalue)
    assert min(result.rank_sum, len(rows) * (len(rows) + 1) / 2 - result.rank_sum) == theirs.statistic


@given(pairs(few, 7))
def test_wilcoxon_with_ties_and_zeros_equals_enumeration(rows):
    differences = [a - b for a, b in rows]
    assume(any(differences))
    ranks = stats.rankdata(np.abs(differences))
    sums = []
    for signs in itertools.product((0, 1), repeat=len(ranks)):
        # A difference of 0 has no sign to change: half of its rank counts.
        shares = [sign if d else 0.5 for sign, d in zip(signs, differences, strict=True)]
        sums.append(sum(share * rank for share, rank in zip(shares, ranks, strict=True)))
    observed = sum(rank * (0.5 if d == 0 else d > 0) for rank, d in zip(ranks, differences, strict=True))
    tails = np.mean(np.array(sums) <= observed + 1e-9), np.mean(np.array(sums) >= observed - 1e-9)
    result = wilcoxon(*zip(*rows, strict=True))
    assert result.p == pytest.approx(min(1.0, 2 * min(tails)))
    zeros = differences.count(0)
    assert (result.n, result.zeros, result.rank_sum) == (len(rows), zeros, pytest.approx(observed))
    assert result.smallest_p == pytest.approx(min(1.0, 2 / 2 ** (len(rows) - zeros)))


def test_the_rank_sum_with_zeros_is_that_of_scipys_split():
    first, second = [51.0, 52.0, 50.0, 50.0, 49.5], [50.0, 50.0, 50.0, 50.0, 50.0]
    theirs = stats.wilcoxon(first, second, zero_method="zsplit", method="asymptotic")
    result = wilcoxon(first, second)
    assert min(result.rank_sum, 15 - result.rank_sum) == theirs.statistic
    assert result.leaning == 1


@given(st.lists(points, min_size=1, max_size=7, unique=True), st.lists(points, min_size=1, max_size=7, unique=True))
def test_mann_whitney_equals_scipy_without_ties(first, second):
    assume(not set(first) & set(second))
    theirs = stats.mannwhitneyu(first, second, method="exact")
    result = mann_whitney(first, second)
    assert (result.u, result.p) == pytest.approx((theirs.statistic, theirs.pvalue))


@given(st.lists(few, min_size=1, max_size=5), st.lists(few, min_size=1, max_size=5))
def test_mann_whitney_with_ties_equals_enumeration(first, second):
    both = first + second
    assume(len(set(both)) > 1)
    ranks = stats.rankdata(both)
    sums = np.array([sum(chosen) for chosen in itertools.combinations(ranks, len(first))])
    observed = ranks[: len(first)].sum()
    tails = (sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()
    result = mann_whitney(first, second)
    assert result.p == pytest.approx(min(1.0, 2 * min(tails)))
    least = min((sums == sums.min()).mean(), (sums == sums.max()).mean())
    assert result.smallest_p == pytest.approx(min(1.0, 2 * least))


@given(pairs(points, 8))
def test_rank_tests_are_symmetric(rows):
    first, second = zip(*rows, strict=True)
    assert wilcoxon(first, second).p == wilcoxon(second, first).p
    assert mann_whitney(first, second).p == pytest.approx(mann_whitney(second, first).p)


def test_too_few_seeds_are_named():
    result = wilcoxon([51, 52, 53, 54], [50, 50, 50, 50])
    assert (result.p, result.reason) == (0.125, "cannot reach 0.05 with 4 differences: smallest p is 0.125")
    result = mann_whitney([4, 5, 6], [1, 2, 3])
    assert (result.p, result.reason) == (pytest.approx(0.1), "cannot reach 0.05 with 3 and 3 seeds: smallest p is 0.1")
    assert mann_whitney([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]).reason == ""
    reason = "cannot reach 0.05 with 1 difference other than 0: smallest p is 1"
    assert wilcoxon([51, 50], [50, 50]).reason == reason


def test_rounding_of_scores_makes_no_difference_of_ranks():
    # 51.2 - 50.1 and 52.3 - 51.2 differ in their last bits.
    result = wilcoxon([51.2, 52.3, 40.0], [50.1, 51.2, 50.0])
    assert result.rank_sum == 3.0


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (wilcoxon([], []), "not testable: no shared seed"),
        (wilcoxon([1], [2]), "not testable: one seed"),
        (wilcoxon([1, 2], [1, 2]), "not testable: zero variance"),
        (wilcoxon(np.arange(501.0), np.zeros(501) - 1), "not computed: more than 500 seeds"),
        (mann_whitney([], [2]), "not testable: no seed on a side"),
        (mann_whitney([2, 2], [2]), "not testable: zero variance"),
        (mann_whitney(np.arange(60.0), np.arange(41.0)), "not computed: more than 100 scores"),
    ],
)
def test_rank_tests_that_cannot_be_done(result, reason):
    assert (result.p, result.reason) == (None, reason)


def test_unpaired_scores_are_no_signed_ranks():
    with pytest.raises(ValueError, match="must be paired"):
        wilcoxon([1, 2, 3], [1, 2])


def test_large_exact_rank_tests_agree_with_the_normal_approximation():
    rng = np.random.default_rng(2)
    first, second = rng.normal(0.15, 1, 300), np.zeros(300)
    assert wilcoxon(first, second).p == pytest.approx(stats.wilcoxon(first, method="asymptotic").pvalue, abs=0.003)
    one, other = rng.normal(0.3, 1, 50), rng.normal(0, 1, 50)
    approximate = stats.mannwhitneyu(one, other, method="asymptotic").pvalue
    assert mann_whitney(one, other).p == pytest.approx(approximate, abs=0.003)

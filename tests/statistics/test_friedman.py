import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.ranks import friedman, friedman_of_ranks, nemenyi_distance

# Demšar (2006), Table 6: ranks of four classifiers by AUC on fourteen datasets.
DEMSAR = [
    (4, 3, 2, 1),
    (1, 2, 3, 4),
    (4, 1, 2, 3),
    (4, 1, 3, 2),
    (4, 2, 3, 1),
    (1, 2.5, 4, 2.5),
    (3, 2, 4, 1),
    (2.5, 2.5, 4, 1),
    (4, 3, 2, 1),
    (2.5, 2.5, 2.5, 2.5),
    (4, 2.5, 1, 2.5),
    (3, 2, 4, 1),
    (4, 1, 2, 3),
    (3, 1, 4, 2),
]


def test_demsars_worked_example_to_its_printed_digits():
    averages = np.mean(DEMSAR, 0)
    assert [round(rank, 3) for rank in averages] == [3.143, 2.0, 2.893, 1.964]
    result = friedman_of_ranks(averages, 14)
    assert (round(result.chi_squared, 2), round(result.f, 2), result.df) == (9.28, 3.69, (3, 39))
    # "The critical value of F(3, 39) for alpha = 0.05 is 2.85, so we reject."
    assert result.p < 0.05
    assert round(nemenyi_distance(4, 14).value, 2) == 1.25
    assert round(nemenyi_distance(4, 14, alpha=0.1).value, 2) == 1.12


def test_shared_ranks_of_demsars_table_are_corrected_for():
    scores = -np.array(DEMSAR)
    result, theirs = friedman(scores), stats.friedmanchisquare(*scores.T)
    assert result.average_ranks == pytest.approx(np.mean(DEMSAR, 0))
    assert (result.chi_squared, result.chi_squared_p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert result.chi_squared > 9.28


tables = st.integers(3, 5).flatmap(
    lambda methods: st.lists(
        st.lists(st.integers(0, 6).map(float), min_size=methods, max_size=methods), min_size=5, max_size=9
    )
)


@given(tables)
def test_friedman_equals_scipy(scores):
    result = friedman(scores)
    assume(not result.reason)
    theirs = stats.friedmanchisquare(*np.array(scores).T)
    assert (result.chi_squared, result.chi_squared_p) == pytest.approx((theirs.statistic, theirs.pvalue), abs=1e-9)
    n, k = np.shape(scores)
    f = (n - 1) * theirs.statistic / (n * (k - 1) - theirs.statistic)
    assert (result.f, result.p) == pytest.approx((f, stats.f.sf(f, k - 1, (k - 1) * (n - 1))), abs=1e-9)


@given(tables, st.randoms(use_true_random=False))
def test_friedman_knows_no_order_of_datasets_and_methods(scores, random):
    result = friedman(scores)
    assume(not result.reason)
    rows, columns = list(scores), list(range(len(scores[0])))
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = friedman(np.array(rows)[:, columns])
    assert shuffled.p == pytest.approx(result.p)
    assert [shuffled.average_ranks[columns.index(i)] for i in range(len(columns))] == pytest.approx(
        result.average_ranks
    )


def test_perfect_agreement_has_its_exact_chance():
    result = friedman([[3.0, 2.0, 1.0]] * 5)
    assert (result.f, result.p) == (None, pytest.approx(6.0**-4))
    assert "F is infinite" in result.reason
    # All 6^3 ways to rank three methods on three further datasets: one agrees with the first.
    alike = [all(order == (0, 1, 2) for order in orders) for orders in itertools.product(_orders(), repeat=3)]
    assert friedman([[3.0, 2.0, 1.0]] * 4, force=True).p == pytest.approx(np.mean(alike))


def _orders():
    return list(itertools.permutations(range(3)))


def test_fewer_than_five_datasets_are_refused_unless_forced():
    scores = [[60.0, 61.0, 63.0], [40.0, 39.0, 41.0], [62.0, 65.0, 66.0], [50.0, 53.0, 52.0]]
    result = friedman(scores)
    assert (result.p, result.chi_squared) == (None, None)
    assert result.reason == "not computed: 4 datasets, too few for ranks (5 at least)"
    assert result.average_ranks == (2.75, 2.0, 1.25)
    forced = friedman(scores, force=True)
    assert (forced.reason, forced.chi_squared) == (
        "",
        pytest.approx(stats.friedmanchisquare(*np.transpose(scores)).statistic),
    )
    assert nemenyi_distance(3, 3).reason == "not computed: 3 datasets, too few for ranks (5 at least)"
    assert nemenyi_distance(3, 3, force=True).value > 0


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([[1.0, 2.0]] * 6, "not testable: fewer than three methods"),
        ([[5.0, 5.0, 5.0]] * 6, "not testable: zero variance"),
        ([[1.0, 2.0, 3.0]], "not computed: 1 dataset, too few for ranks (5 at least)"),
        (np.zeros((0, 3)), "not computed: 0 datasets, too few for ranks (5 at least)"),
    ],
)
def test_friedman_that_cannot_be_done(scores, reason):
    result = friedman(scores)
    assert (result.p, result.f, result.reason) == (None, None, reason)


def test_one_dataset_has_no_f_even_when_forced():
    result = friedman([[1.0, 2.0, 3.0]], force=True)
    assert (result.p, result.reason) == (None, "not testable: one dataset")


def test_scores_of_another_shape_are_an_error():
    with pytest.raises(ValueError, match=r"\(datasets, methods\)"):
        friedman([1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        friedman([[1.0, math.nan, 2.0]] * 5)
    assert nemenyi_distance(1, 6).reason == "not testable: fewer than two methods"
    assert nemenyi_distance(3, 0).reason == "not testable: no dataset"


@pytest.mark.parametrize("methods", [2, 3, 6, 15])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_nemenyi_distance_uses_the_studentised_range(methods, alpha):
    quantile = stats.studentized_range.ppf(1 - alpha, methods, np.inf)
    expected = quantile / math.sqrt(2) * math.sqrt(methods * (methods + 1) / (6 * 8))
    assert nemenyi_distance(methods, 8, alpha).value == pytest.approx(expected, rel=1e-5)

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.proportions import clopper_pearson


def test_none_of_five_leaves_half_possible():
    share = clopper_pearson(0, 5)
    assert (share.hits, share.n, share.low) == (0, 5, 0.0)
    # Five runs without a hit have a chance of 2.5 % there.
    assert (1 - share.high) ** 5 == pytest.approx(0.025)
    assert round(share.high, 2) == 0.52


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.3))
def test_the_interval_is_scipys(run, alpha):
    hits, n = run
    share = clopper_pearson(hits, n, alpha)
    theirs = stats.binomtest(hits, n).proportion_ci(1 - alpha, method="exact")
    assert (share.low, share.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(hits, n):
    with pytest.raises(ValueError, match="none to all can be hits"):
        clopper_pearson(hits, n)

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.corrections import one_sided, partial_conjunction, stouffer

probabilities = st.lists(st.floats(1e-6, 1 - 1e-6), min_size=2, max_size=6)


@given(probabilities)
def test_stouffer_equals_scipy(p_values):
    theirs = stats.combine_pvalues(p_values, method="stouffer")
    result = stouffer(p_values)
    assert (result.z, result.p) == pytest.approx((theirs.statistic, theirs.pvalue), abs=1e-9)


def test_weighted_stouffer_equals_scipy():
    theirs = stats.combine_pvalues([0.02, 0.3, 0.1], method="stouffer", weights=[3, 1, 2])
    result = stouffer([0.02, 0.3, 0.1], [3, 1, 2])
    assert (result.z, result.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    with pytest.raises(ValueError, match="one positive weight"):
        stouffer([0.02, 0.3], [1, 0])


@pytest.mark.parametrize("p_values", [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
def test_stouffer_stays_finite_where_p_does_not_inform(p_values):
    result = stouffer(p_values)
    assert math.isfinite(result.z)
    assert 0 < result.p <= 1


def test_one_sided_p_speaks_of_one_direction():
    assert one_sided(0.04, 1.5) == 0.02
    assert one_sided(0.04, -1.5) == 0.98
    assert one_sided(1.0, 0.0) == 0.5


def test_partial_conjunction_by_hand():
    p_values = [0.04, 0.001, 0.2]
    found = [partial_conjunction(p_values, k).p for k in (1, 2, 3)]
    assert found == pytest.approx([3 * 0.001, 2 * 0.04, 0.2])
    found = [partial_conjunction(p_values, k, "simes").p for k in (1, 2, 3)]
    assert found == pytest.approx([min(0.003, 0.06, 0.2), min(0.08, 0.2), 0.2])
    of_two = stats.norm.sf(stats.norm.isf([0.04, 0.2]).sum() / math.sqrt(2))
    found = [partial_conjunction(p_values, k, "stouffer").p for k in (1, 2, 3)]
    assert found == pytest.approx([stouffer(p_values).p, of_two, 0.2])
    # Twice the second is below three times the first: better on two is better on one as well.
    found = [partial_conjunction([0.03, 0.2, 0.04], k).p for k in (1, 2, 3)]
    assert found == pytest.approx([3 * 0.03, 3 * 0.03, 0.2])


@given(probabilities, st.sampled_from(["bonferroni", "simes", "stouffer"]))
def test_partial_conjunction_asks_for_more_with_more_datasets(p_values, combination):
    found = [partial_conjunction(p_values, k, combination).p for k in range(1, len(p_values) + 1)]
    assert found == sorted(found)
    assert found[-1] >= max(p_values)
    assert all(0 < p <= 1 for p in found)
    if combination == "simes":
        assert found[0] == pytest.approx(stats.false_discovery_control(p_values).min())


@given(probabilities, st.randoms(use_true_random=False))
def test_datasets_have_no_order(p_values, random):
    shuffled = list(p_values)
    random.shuffle(shuffled)
    assert stouffer(shuffled).p == pytest.approx(stouffer(p_values).p)
    assert partial_conjunction(shuffled, 2).p == partial_conjunction(p_values, 2).p


def test_partial_conjunction_holds_its_level_where_one_dataset_is_strong():
    # Better on one of three only: "at least 2 of 3" is false, however strong that one is.
    rng = np.random.default_rng(0)
    p_values = np.column_stack([np.full(4000, 1e-12), rng.random((4000, 2))])
    for combination in ("bonferroni", "simes", "stouffer"):
        rejected = np.mean([partial_conjunction(row, 2, combination).p <= 0.05 for row in p_values])
        assert rejected <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_claims_over_datasets_that_cannot_be_tested():
    assert stouffer([0.01]).reason == "not testable: one dataset"
    assert stouffer([]).reason == "not testable: no dataset"
    assert partial_conjunction([0.01], 1).reason == "not testable: one dataset"
    for wrong, k in itertools.product([[0.1, 1.2], [float("nan"), 0.1]], (1,)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            partial_conjunction(wrong, k)
    for k in (0, 3):
        with pytest.raises(ValueError, match="at_least must lie between 1 and 2"):
            partial_conjunction([0.1, 0.2], k)

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.corrections import CORRECTIONS, benjamini_hochberg, bonferroni, hochberg, holm

probabilities = st.lists(st.floats(1e-6, 1), min_size=1, max_size=12)
every = pytest.mark.parametrize("correct", CORRECTIONS.values(), ids=CORRECTIONS)


def test_corrections_on_a_worked_example():
    p_values = [0.01, 0.04, 0.03, 0.005]
    assert holm(p_values) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert hochberg(p_values) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert benjamini_hochberg(p_values) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert bonferroni(p_values) == pytest.approx([0.04, 0.16, 0.12, 0.02])


@every
def test_no_test_no_correction(correct):
    assert correct([]) == []
    assert correct([0.03]) == [0.03]


@every
@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")]])
def test_what_is_no_probability_is_an_error(correct, wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        correct(wrong)


@every
@given(probabilities)
def test_adjusted_values_keep_the_order_and_lie_between_raw_and_bonferroni(correct, p_values):
    adjusted = correct(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw * (1 - 1e-12) <= value <= min(1.0, raw * len(p_values)) * (1 + 1e-12)
    ranked = sorted(zip(p_values, adjusted, strict=True))
    assert [value for _, value in ranked] == sorted(adjusted)


@given(probabilities)
def test_corrections_from_strict_to_lenient(p_values):
    rows = zip(*(correct(p_values) for correct in (bonferroni, holm, hochberg, benjamini_hochberg)), strict=True)
    for row in rows:
        assert all(strict >= lenient * (1 - 1e-12) for strict, lenient in itertools.pairwise(row))


@given(probabilities, st.floats(0.01, 0.2))
def test_holm_rejects_what_the_stepwise_rule_rejects(p_values, alpha):
    rejected = 0
    for position, p in enumerate(sorted(p_values)):
        if p * (len(p_values) - position) > alpha:
            break
        rejected += 1
    assert sum(value <= alpha for value in holm(p_values)) == rejected


@given(probabilities, st.floats(0.01, 0.2))
def test_hochberg_rejects_what_the_stepwise_rule_rejects(p_values, alpha):
    ordered = sorted(p_values)
    passing = [k + 1 for k, p in enumerate(ordered) if p * (len(ordered) - k) <= alpha]
    assert sum(value <= alpha for value in hochberg(p_values)) == max(passing, default=0)


@given(probabilities)
def test_benjamini_hochberg_equals_scipy(p_values):
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))

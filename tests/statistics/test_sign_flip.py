import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from erc_bench.statistics.seeds import sign_flip

points = st.floats(0, 100).map(lambda value: round(value, 2))
paired = st.lists(st.tuples(points, points), min_size=2, max_size=10).map(lambda rows: tuple(zip(*rows, strict=True)))


def enumerated(differences):
    observed = abs(sum(differences))
    signs = itertools.product((1, -1), repeat=len(differences))
    sums = [sum(s * d for s, d in zip(choice, differences, strict=True)) for choice in signs]
    return sum(abs(total) >= observed - 1e-9 for total in sums) / len(sums)


def test_all_32_sign_choices_of_five_seeds():
    # Of the 32 sums only those of 3 + 2 + 2 - 1 = ±6 or more are as far out: 4 choices.
    assert sign_flip([53.0, 52.0, 52.0, 51.0, 50.0], [50.0, 50.0, 50.0, 52.0, 50.0]).p == 0.25
    assert enumerated([3.0, 2.0, 2.0, -1.0, 0.0]) == 0.25


@given(paired)
def test_sign_flip_equals_enumeration(scores):
    assert sign_flip(*scores).p == pytest.approx(enumerated(np.subtract(*scores).tolist()))


@given(paired)
def test_sign_flip_is_symmetric(scores):
    first, second = scores
    assert sign_flip(first, second).p == sign_flip(second, first).p


def test_sign_flip_of_five_seeds_cannot_reach_the_usual_level():
    result = sign_flip([51, 52, 53, 54, 55], [50, 50, 50, 50, 50])
    assert (result.p, result.smallest_p, result.draws) == (0.0625, 0.0625, None)
    assert not result.can_reach(0.05)
    assert result.reason == "cannot reach 0.05 with 5 seeds: smallest p is 0.0625"
    assert sign_flip([51, 52, 53, 54], [50] * 4).reason == "cannot reach 0.05 with 4 seeds: smallest p is 0.125"
    assert sign_flip([51, 52, 53, 54], [50] * 4, alpha=0.2).reason == ""
    assert sign_flip([1] * 6, [0] * 6).can_reach(0.05)
    assert sign_flip([1] * 6, [0] * 6).reason == ""


def test_sign_flip_with_many_seeds_is_exact():
    differences = np.random.default_rng(3).normal(0.5, 1, 20)
    exact = sign_flip(differences, np.zeros(20))
    draws = np.random.default_rng(4).choice([-1, 1], (40_000, 20)) @ differences
    assert exact.p == pytest.approx((np.abs(draws) >= abs(differences.sum())).mean(), abs=0.01)
    assert exact.draws is None


def test_sign_flip_with_very_many_seeds_is_drawn_and_says_so():
    differences = np.random.default_rng(3).normal(0.2, 1, 41)
    drawn = sign_flip(differences, np.zeros(41), draws=20_000, seed=5)
    # The normal approximation is close with so many.
    z = abs(differences.sum()) / np.sqrt((differences**2).sum())
    assert drawn.p == pytest.approx(2 * special.ndtr(-z), abs=0.015)
    assert (drawn.draws, drawn.smallest_p) == (20_000, 1 / 20_001)
    assert drawn == sign_flip(differences, np.zeros(41), draws=20_000, seed=5)
    assert sign_flip(np.ones(60), np.zeros(60), draws=99).p == 0.01


def test_sign_flip_that_cannot_be_done():
    assert sign_flip([], []).reason == "not testable: no shared seed"
    assert sign_flip([2], [1]).reason == "not testable: one seed"
    with pytest.raises(ValueError, match="must be paired"):
        sign_flip([1, 2], [1])

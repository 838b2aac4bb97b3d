"""Chains of claims, against the procedure carried out step by step at one level."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.statistics.corrections import holm, holm_chains

p_values = st.floats(0, 1).map(lambda p: round(p, 3))
chains = st.lists(st.lists(p_values, min_size=1, max_size=4), min_size=1, max_size=5)


def accepted(chains, alpha):
    """Walk: each row that still tests has an equal share of alpha for its next claim."""
    made = [0] * len(chains)
    while True:
        testing = [row for row, chain in enumerate(chains) if made[row] < len(chain)]
        going = [row for row in testing if chains[row][made[row]] * len(testing) <= alpha]
        if not going:
            return made
        made[going[0]] += 1


@given(chains, st.sampled_from([0.01, 0.05, 0.2, 0.5]))
def test_claims_are_those_of_the_walk_at_the_level(chains, alpha):
    adjusted = holm_chains(chains)
    # At the level itself rounding would decide.
    if all(abs(p - alpha) > 1e-9 for chain in adjusted for p in chain):
        assert [sum(p <= alpha for p in chain) for chain in adjusted] == accepted(chains, alpha)


@given(st.lists(p_values, min_size=1, max_size=6))
def test_one_claim_a_row_is_holms_correction(values):
    assert [p for (p,) in holm_chains([[value] for value in values])] == pytest.approx(holm(values))


def test_a_later_claim_never_comes_before_an_earlier_one():
    assert holm_chains([[0.03, 0.001], [0.6]]) == [[0.06, 0.06], [0.6]]


def test_no_row_claims_too_much_more_often_than_alpha():
    # Row k is truly better on k datasets of three: its claims up to k hold, and its p-values are tiny.
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(4000):
        chains = [[1e-9] * true + list(rng.random(3 - true)) for true in (0, 1, 2)]
        made = [sum(p <= 0.05 for p in chain) for chain in holm_chains(chains)]
        wrong += any(claims > true for true, claims in enumerate(made))
    assert wrong / 4000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)


def test_what_is_no_chain_is_refused():
    assert holm_chains([]) == []
    for bad in ([[]], [[0.1, 1.2]]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            holm_chains(bad)

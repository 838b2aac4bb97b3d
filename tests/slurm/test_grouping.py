"""Which cells share a job, and which jobs wait for which."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.slurm.grouping import waves
from erc_bench.store.layout import CellAddress


@dataclass(frozen=True)
class Cell:
    """What of a plan the grouping reads."""

    address: CellAddress
    upstream: "Cell | None" = None


def cell(seed, backbone="minilm", upstream=None, method="ce"):
    return Cell(CellAddress("meld", method, backbone, "0" * 12, seed), upstream)


def grouped(cells, minutes=10, most=30):
    return [
        [[each.address.seed for each in group] for group in wave.groups]
        for wave in waves(cells, lambda _: minutes, most)
    ]


def test_short_cells_share_a_job():
    assert grouped([cell(seed) for seed in range(1, 8)]) == [[[1, 2, 3], [4, 5, 6], [7]]]


def test_long_cells_have_one_each():
    assert grouped([cell(1), cell(2)], minutes=45) == [[[1], [2]]]


def test_cells_of_another_backbone_are_in_another_job():
    assert grouped([cell(1), cell(2, "simcse"), cell(3, "simcse")]) == [[[1], [2, 3]]]


def test_who_shares_an_upstream_waits_for_the_first_that_trains_it():
    first, second = cell(1, method="utterance-ce"), cell(2, method="utterance-ce")
    cells = [cell(1, upstream=first), cell(2, upstream=second), cell(1, upstream=first, method="sacl"), cell(9)]
    found = waves(cells, lambda _: 10, 30)
    told = [([[each.address.method for each in group] for group in wave.groups], wave.after) for wave in found]
    assert told == [([["ce"]], None), ([["sacl"]], 0), ([["ce"]], None), ([["ce"]], None)]
    assert found[2].groups[0][0].upstream is second


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab"), st.sampled_from([None, 1, 2])), max_size=20))
def test_every_cell_is_in_one_job_and_none_waits_for_itself(drawn):
    cells = [
        Cell(CellAddress("meld", f"m{place}", backbone, "0" * 12, seed), upstream and cell(upstream, method="up"))
        for place, (seed, backbone, upstream) in enumerate(drawn)
    ]
    found = waves(cells, lambda each: each.address.seed * 7.0, 20)
    flat = [each for wave in found for group in wave.groups for each in group]
    assert sorted(flat, key=lambda each: each.address.method) == sorted(cells, key=lambda each: each.address.method)
    for place, wave in enumerate(found):
        assert wave.after is None or wave.after < place
        assert all(wave.groups)
        for group in wave.groups:
            assert len(group) == 1 or sum(each.address.seed * 7 for each in group) <= 20


@pytest.mark.parametrize("most", [0, 5])
def test_a_bound_below_a_cell_leaves_it_alone(most):
    assert grouped([cell(1), cell(2)], most=most) == [[[1], [2]]]

"""How far an axis goes, against what it must and must not hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.output.figures.figure_data import axis_range

points = st.lists(st.floats(-100, 100), min_size=1, max_size=8)


@given(points, st.lists(st.none() | st.floats(-1e6, 1e6), max_size=8), st.lists(st.none() | st.floats(-1e6, 1e6)))
def test_every_point_is_held_and_no_interval_takes_more_than_two_thirds(values, ends, perhaps):
    axis = axis_range(values, ends, perhaps)
    assert all(axis.holds(value) for value in values)
    span = max(max(values) - min(values), 1.0)
    assert axis.high - axis.low <= 3 * span * 1.5 + 0.1 * span + 1e-6


def test_an_interval_is_held_as_far_as_it_does_not_dwarf_the_points():
    axis = axis_range([10.0, 14.0], [9.0, 15.0, None])
    assert (axis.low, axis.high) == pytest.approx((8.8, 15.2))
    cut = axis_range([10.0, 14.0], [-90.0, 114.0])
    assert (cut.low, cut.high) == pytest.approx((5.8, 18.2))


def test_what_is_near_is_held_and_what_is_far_is_not():
    assert axis_range([10.0, 14.0], perhaps=[9.5]).low == pytest.approx(9.3)
    assert axis_range([10.0, 14.0], perhaps=[8.5, None]) == axis_range([10.0, 14.0])


def test_one_point_has_an_axis_that_it_can_be_read_on():
    axis = axis_range([50.0])
    assert axis.low < 50.0 < axis.high

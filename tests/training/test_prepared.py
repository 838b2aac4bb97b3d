"""Picked items are what a list of them would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.training.prepared import Picked

_ITEMS = st.lists(st.text(max_size=3), min_size=1, max_size=8)


@given(items=_ITEMS, data=st.data())
def test_it_reads_like_a_list(items, data):
    positions = data.draw(st.lists(st.integers(0, len(items) - 1), max_size=10))
    cut = data.draw(st.slices(len(positions)))
    copied = [items[position] for position in positions]
    picked = Picked(items, positions)
    assert list(picked) == copied
    assert picked == copied
    assert picked == Picked(copied, range(len(copied)))
    assert picked != [*copied, "more"]
    assert len(picked) == len(copied)
    assert [picked[i] for i in range(-len(copied), len(copied))] == [*copied, *copied]
    assert list(picked[cut]) == copied[cut]
    assert list(reversed(picked)) == copied[::-1]
    assert all(item in picked for item in copied)


def test_it_ends_where_a_list_would():
    with pytest.raises(IndexError):
        Picked("ab", [0, 1])[2]


def test_it_copies_nothing_before_it_is_asked():
    class Counting(list):
        asked = 0

        def __getitem__(self, index):
            self.asked += 1
            return super().__getitem__(index)

    items = Counting("abc")
    picked = Picked(items, [2, 0])
    assert items.asked == 0
    assert picked[0] == "c"
    assert items.asked == 1

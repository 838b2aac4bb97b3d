"""The search for unreachable objects stops for a while, and goes on as it was before."""

import gc

import pytest

from erc_bench.store.collection import without_collection


@pytest.fixture(params=[True, False])
def searching(request):
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_it_stops_within_and_is_afterwards_what_it_was(searching):
    with without_collection(), without_collection():
        assert not gc.isenabled()
    assert gc.isenabled() == searching


def test_it_goes_on_after_an_error(searching):
    @without_collection()
    def broken():
        assert not gc.isenabled()
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError, match=r"^$"):
            broken()
        assert gc.isenabled() == searching

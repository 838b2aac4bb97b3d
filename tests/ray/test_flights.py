"""Weights that cells share, as long as one of them is still to come."""

import pytest

from erc_bench.ray.flights import Upstreams

DOWNSTREAM = ("upstream=utterance-ce", "encoder.trainable=none")


@pytest.fixture
def plans(grid):
    """Two seeds of two methods on one upstream, the same in folds, and one that stands alone."""
    shared = grid.plans(("ce", "supcon"), seeds=(1, 2), settings=DOWNSTREAM)
    return (
        shared,
        grid.plans(("ce",), seeds=(1,), settings=(*DOWNSTREAM, "upstream.folds=2")),
        grid.plans(("majority",)),
    )


def test_cells_of_one_seed_share_weights_and_others_do_not(plans):
    shared, folds, alone = plans
    upstreams = Upstreams([*shared, *folds, *alone])
    of = {(plan.address.method, plan.seed): upstreams.of(plan, "digest") for plan in shared}
    assert of["ce", 1] is of["supcon", 1]
    assert of["ce", 2] is of["supcon", 2]
    assert of["ce", 1] is not of["ce", 2]
    assert upstreams.of(folds[0], "digest") not in of.values()
    assert upstreams.of(shared[0], "other splits") not in of.values()
    assert upstreams.of(alone[0], "digest") is None


def test_weights_are_let_go_of_after_the_last_cell(plans):
    shared, *_ = plans
    upstreams = Upstreams(shared)
    first, second = (plan for plan in shared if plan.seed == 1)
    weights = upstreams.of(first, "digest")
    upstreams.settled(first)
    assert upstreams.of(second, "digest") is weights
    upstreams.settled(second)
    assert upstreams._weights == {}

"""How long cells will take, judged by recorded ones."""

import pytest

from erc_bench.planning.estimate import Records, estimate
from erc_bench.store.index.all_cells import read_cells


@pytest.fixture
def record(store):
    """Return a function that stores a cell of the invented corpus that took so many seconds."""

    def record(seconds, seed=1, method="ce", **changes):
        timings = {"prepare": seconds / 4, "train": 3 * seconds / 4}
        facts = {"dataset": "corpus", "backbone": "large", "regime": "large", "timings": timings, **changes}
        store.add(method, seed, **facts)

    return record


@pytest.fixture
def judge(store):
    """Return a function that judges plans by what is stored."""
    return lambda plans: estimate(plans, Records(read_cells(store.runs)))


def test_the_median_of_recorded_cells_counts_for_each_cell(plan, record, judge):
    for seed, seconds in enumerate((10, 12, 100), start=1):
        record(seconds, seed)
    judged = judge(plan("ce", seeds=[1, 2, 3, 4, 5]))
    assert judged.seconds == pytest.approx(5 * 12)
    assert (judged.judged, judged.records, judged.without_record) == (5, 3, ())
    assert judged.machines == ("Some CPU, 2 threads",)


def test_cells_with_the_same_settings_are_preferred(plan, record, judge):
    (one,) = plan("ce")
    record(10, 1)
    assert judge([one]).seconds == pytest.approx(10)
    record(40, 2, settings_hash=one.address.settings_hash)
    judged = judge([one])
    assert (judged.seconds, judged.records) == (pytest.approx(40), 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "contrast"},
        {"dataset": "frozen-corpus"},
        {"backbone": "small"},
        {"regime": "frozen"},
        {"limit": 3},
        {"timings": {}},
    ],
)
def test_cells_of_another_kind_say_nothing(plan, record, judge, changes):
    record(10, **changes)
    (one,) = plan("ce")
    judged = judge([one])
    assert (judged.judged, judged.seconds, judged.without_record) == (0, 0, (one,))


def test_cells_that_failed_say_nothing(plan, store, judge):
    store.fail("ce", 1, "it broke", dataset="corpus")
    assert judge(plan("ce")).judged == 0


def test_what_can_and_what_cannot_be_judged(plan, record, judge):
    record(10)
    judged = judge(plan("ce", "contrast", seeds=[1, 2]))
    assert (judged.judged, judged.seconds) == (2, pytest.approx(20))
    assert [one.address.method for one in judged.without_record] == ["contrast", "contrast"]

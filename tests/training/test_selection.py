"""The choice of an epoch, against obvious loops."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.training.selection import Selector, average

SCORES = st.lists(st.sampled_from([0.0, 10.0, 20.0, 30.0]), min_size=1, max_size=12)


def state(epoch):
    return {"weight": torch.tensor([float(epoch), 1.0]), "steps": torch.tensor(epoch), "extra": f"epoch {epoch}"}


def offered(rule, scores, last_k=1):
    selector = Selector(rule, last_k)
    for epoch, score in enumerate(scores):
        selector.offer(epoch, score, lambda epoch=epoch: state(epoch))
    return selector


@given(SCORES)
def test_dev_keeps_the_earliest_of_the_best(scores):
    best = 0
    for epoch, score in enumerate(scores):
        if score > scores[best]:
            best = epoch
    selector = offered("dev", scores)
    assert selector.chosen_epoch() == best
    assert selector.chosen_state()["extra"] == f"epoch {best}"
    assert selector.record() == {"rule": "dev", "epoch": best + 1, "best_dev_epoch": best + 1}


@given(SCORES)
def test_last_keeps_nothing_but_the_present_state(scores):
    selector = Selector("last")
    for epoch, score in enumerate(scores):
        selector.offer(epoch, score, lambda: pytest.fail("a state was copied that nobody wants"))
    assert selector.chosen_epoch() == len(scores) - 1
    assert selector.chosen_state() is None
    assert selector.record()["epoch"] == len(scores)


@given(SCORES, st.integers(1, 5))
def test_average_is_over_the_last_epochs(scores, last_k):
    chosen = offered("average-last-k", scores, last_k).chosen_state()
    members = list(range(len(scores)))[-last_k:]
    assert chosen["weight"].tolist() == pytest.approx([sum(members) / len(members), 1.0])
    assert chosen["steps"].item() == len(scores) - 1
    assert chosen["extra"] == f"epoch {len(scores) - 1}"


def test_average_says_over_how_many():
    record = offered("average-last-k", [1, 3, 2], last_k=2).record()
    assert record == {"rule": "average-last-k", "epoch": 3, "best_dev_epoch": 2, "last_k": 2}


def test_average_leaves_the_states_as_they_are():
    states = [state(1), state(3)]
    assert average(states)["weight"].tolist() == [2.0, 1.0]
    assert [one["weight"].tolist() for one in states] == [[1.0, 1.0], [3.0, 1.0]]


@given(SCORES)
def test_epochs_without_gain_count_from_the_earliest_best(scores):
    selector = Selector("last")
    for epoch, score in enumerate(scores):
        selector.offer(epoch, score, dict)
        assert selector.epochs_without_gain() == epoch - scores.index(max(scores[: epoch + 1]))

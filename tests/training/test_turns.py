"""Threads take turns with the process; a turn within a turn of the same thread changes nothing of the outer one."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
import torch

from erc_bench.testing.findings import Check, run_checks
from erc_bench.training import process_state
from erc_bench.training.process_state import alone, turn

CPU = torch.device("cpu")
PATIENCE = 60


def test_another_thread_waits_and_says_so():
    waits, inside = Event(), []

    def other():
        with turn(CPU, waits.set) as inner:
            inside.append(inner)

    with ThreadPoolExecutor(1) as pool:
        with turn(CPU):
            done = pool.submit(other)
            assert waits.wait(PATIENCE)
            assert inside == []
        done.result(PATIENCE)
    assert inside == [False]


def test_nobody_is_told_where_there_is_nothing_to_wait_for():
    told = []
    with turn(CPU, lambda: told.append("outer")) as outer, turn(CPU, lambda: told.append("inner")) as inner:
        assert (outer, inner) == (False, True)
    with alone(), turn(CPU) as alone_before:
        assert not alone_before
    assert told == []


def test_the_outer_turn_goes_on_as_if_there_had_been_no_inner_one():
    with turn(CPU):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        expected = [random.random(), np.random.rand(), torch.rand(1).item()]
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        threads = torch.get_num_threads()
        with turn(CPU):
            torch.manual_seed(7)
            np.random.rand(3)
            random.random()
            torch.set_num_threads(threads + 1)
        assert [random.random(), np.random.rand(), torch.rand(1).item()] == expected
        assert torch.get_num_threads() == threads


def test_checks_have_the_process_to_themselves():
    with ThreadPoolExecutor(1) as pool:
        check = Check("taken", "", "", lambda subject: str(pool.submit(process_state._taken).result()))
        (finding,) = run_checks([check], None)
        assert (finding.outcome, finding.measured) == ("passed", "True")
        assert not pool.submit(process_state._taken).result()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_stops_a_turn_leaves_the_process_to_others(error):
    with pytest.raises(error), turn(CPU), turn(CPU):
        raise error

    def other():
        with turn(CPU) as inner:
            return inner

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(other).result(PATIENCE) is False

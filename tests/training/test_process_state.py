"""What of the process is put back after a stranger's code had a turn."""

import os
import random
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from erc_bench.training.process_state import ProcessState, seed_generators, stream, stream_seed

CPU = torch.device("cpu")
CHANGES = {
    "whether torch keeps gradients": lambda _: torch.set_grad_enabled(False),
    "the default type of torch": lambda _: torch.set_default_dtype(torch.float64),
    "the default device of torch": lambda _: torch.set_default_device("meta"),
    "the number of threads of torch": lambda _: torch.set_num_threads(torch.get_num_threads() + 1),
    "the precision of matrix products": lambda _: torch.set_float32_matmul_precision("medium"),
    "whether torch is deterministic": lambda _: torch.use_deterministic_algorithms(True),
    "the working directory": os.chdir,
}


@pytest.fixture(autouse=True)
def unharmed():
    before = ProcessState(CPU)
    yield
    before.restore()


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_that_was_changed_is_named_and_put_back(name, tmp_path):
    before = ProcessState(CPU)
    CHANGES[name](tmp_path)
    assert before.changed() == [name]
    before.restore()
    assert before.changed() == []


def test_a_default_device_that_nobody_named_is_not_named_afterwards():
    ProcessState(CPU).restore()
    before = ProcessState(CPU)
    torch.set_default_device("meta")
    before.restore()
    assert torch.ones(1).device == CPU
    assert torch.overrides._get_current_function_mode_stack() == []


def test_the_generators_go_on_from_where_they_stood():
    before = ProcessState(CPU)
    drawn = random.random(), np.random.rand(), torch.rand(1).item()
    assert before.changed() == []
    before.restore()
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == drawn


def test_a_working_directory_that_is_gone_harms_nothing(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    before = ProcessState(CPU)
    os.chdir(tmp_path)
    before.restore()
    assert Path.cwd() == tmp_path


PURPOSES = ("data order", "initialisation", "dropout", "sampling", "augmentation")


def test_values_are_pinned():
    # Another value here would change every result that was ever stored.
    assert stream_seed(1, "data order") == 4614070761638225413
    assert stream_seed(1, "data order", 0) == 3589797270741836493
    assert stream_seed(1, "dropout") == 1103483478693192707
    order = list(range(8))
    stream(1, "data order", 0).shuffle(order)
    assert order == [0, 6, 1, 7, 5, 2, 3, 4]


def test_no_two_streams_are_the_same():
    positions = ((), (0,), (1,), (1, 0), (0, 1), (10,), (11,))
    seeds = [stream_seed(seed, purpose, *place) for seed, purpose, place in product((1, 2, 11), PURPOSES, positions)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_drawing_on_one_stream_leaves_the_others():
    expected = stream(3, "sampling").random()
    for purpose in PURPOSES:
        stream(3, purpose).random()
    random.seed(0)
    assert stream(3, "sampling").random() == expected


def test_global_generators_are_seeded_together():
    def draw():
        return random.random(), np.random.rand(), torch.rand(()).item()

    seed_generators(5, "dropout")
    first = draw()
    draw()
    seed_generators(5, "dropout")
    assert draw() == first
    seed_generators(6, "dropout")
    assert all(one != other for one, other in zip(draw(), first, strict=True))

"""Frozen states on disk: what is found, what is not, and what happens to damaged files."""

import logging
import os
import threading
from datetime import datetime

import pytest
import torch

import erc_bench.api as erc
from erc_bench.store.feature_files import feature_files, remove
from erc_bench.training import features
from erc_bench.training.features import FeatureCache

CPU = torch.device("cpu")
ROWS = [erc.TokenRow([1, 5, 2], (0,)), erc.TokenRow([1, 6, 7, 2], (1, 2))]
STATES = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))


def cache(folder, backbone="a backbone", precision=torch.float32):
    return FeatureCache(backbone, precision, CPU, folder)


class Computing:
    """Counts how often it had to compute."""

    def __init__(self, states=STATES):
        self.states = states
        self.calls = 0

    def __call__(self, rows):
        self.calls += 1
        return self.states[: len(rows)]


def fail(_rows):
    pytest.fail("computed what lies on disk")


def test_the_second_time_the_same_states_come_from_disk(tmp_path):
    first = cache(tmp_path).states(ROWS, Computing())
    second = cache(tmp_path).states(ROWS, fail)
    assert torch.equal(first, STATES)
    assert torch.equal(second, STATES)
    assert second.dtype == torch.float32


@pytest.mark.parametrize(
    "rows",
    [
        [erc.TokenRow([1, 5, 3], (0,)), ROWS[1]],  # another id
        [erc.TokenRow([1, 5, 2], (1,)), ROWS[1]],  # another position
        [ROWS[0], erc.TokenRow([1, 6, 7, 2], (1,))],  # fewer positions
        [ROWS[1], ROWS[0]],  # another order
        [erc.TokenRow([1, 5], (0,)), ROWS[1]],  # shorter
    ],
)
def test_other_rows_are_other_states(tmp_path, rows):
    cache(tmp_path).states(ROWS, Computing())
    computing = Computing()
    cache(tmp_path).states(rows, computing)
    assert computing.calls == 1


def test_where_one_row_ends_and_the_next_begins_is_part_of_the_key(tmp_path):
    one = [erc.TokenRow([3, 3], (0,)), erc.TokenRow([1, 1, 0, 0], (1,))]
    other = [erc.TokenRow([3, 3], (0, 1, 1)), erc.TokenRow([1, 0, 0], (1,))]
    assert cache(tmp_path).key(one) != cache(tmp_path).key(other)


@pytest.mark.parametrize("changed", [{"backbone": "another"}, {"precision": torch.bfloat16}])
def test_another_backbone_or_precision_has_states_of_its_own(tmp_path, changed):
    cache(tmp_path).states(ROWS, Computing())
    computing = Computing()
    cache(tmp_path, **changed).states(ROWS, computing)
    assert computing.calls == 1


def test_another_version_of_a_library_has_states_of_its_own(tmp_path, monkeypatch):
    cache(tmp_path).states(ROWS, Computing())
    monkeypatch.setattr(features, "versions", lambda: {"torch": "99", "transformers": "5"})
    computing = Computing()
    cache(tmp_path).states(ROWS, computing)
    assert computing.calls == 1


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[: len(content) // 2], lambda _content: b"", lambda _content: b"<html>no</html>" * 20],
    ids=["truncated", "empty", "another format"],
)
def test_a_damaged_file_is_computed_again_and_mended(tmp_path, damage):
    cache(tmp_path).states(ROWS, Computing())
    (file,) = (tmp_path / "features").iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert torch.equal(cache(tmp_path).states(ROWS, Computing()), STATES)
    assert torch.equal(cache(tmp_path).states(ROWS, fail), STATES)


def test_states_of_another_number_of_rows_are_not_taken(tmp_path):
    cache(tmp_path).states(ROWS, Computing(STATES[:1]))
    assert len(cache(tmp_path).states(ROWS, Computing())) == 2


def test_of_two_at_once_one_computes_and_the_other_waits(tmp_path):
    begun, may_end = threading.Event(), threading.Event()
    found, computing = [], []

    def work():
        def compute(_rows):
            computing.append(1)
            begun.set()
            assert may_end.wait(20)
            return STATES

        found.append(cache(tmp_path).states(ROWS, compute))

    first, second = threading.Thread(target=work), threading.Thread(target=work)
    first.start()
    assert begun.wait(20)
    second.start()
    may_end.set()
    for thread in (first, second):
        thread.join()
    assert all(torch.equal(states, STATES) for states in found)
    assert (len(found), len(computing)) == (2, 1)
    (file,) = (tmp_path / "features").iterdir()
    assert file.suffix == ".safetensors"


def test_where_no_lock_can_be_had_the_states_are_computed_all_the_same(tmp_path):
    (tmp_path / "locks").write_text("a file where a folder should be")
    assert torch.equal(cache(tmp_path).states(ROWS, Computing()), STATES)
    cache(tmp_path).states(ROWS, fail)


def test_a_disk_that_cannot_be_written_costs_no_states(tmp_path, caplog):
    (tmp_path / "features").write_text("a file where a folder should be")
    with caplog.at_level(logging.WARNING, logger="erc_bench"):
        assert torch.equal(cache(tmp_path).states(ROWS, Computing()), STATES)
    assert "cannot be kept" in caplog.text


def test_a_full_disk_costs_no_states(tmp_path, monkeypatch, caplog):
    def full(_tensors, _path, _description):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(features, "save_file", full)
    with caplog.at_level(logging.WARNING, logger="erc_bench"):
        assert torch.equal(cache(tmp_path).states(ROWS, Computing()), STATES)
    assert "No space left" in caplog.text
    assert not list((tmp_path / "features").iterdir())


def test_an_entry_says_what_it_is_and_when_it_was_used(tmp_path):
    described = {"backbone": "tiny", "dataset": "demo"}
    tiny = FeatureCache("a backbone", torch.bfloat16, CPU, tmp_path, described)
    tiny.states(ROWS, Computing())
    (file,) = feature_files(tmp_path / "features")
    facts = dict(file.description)
    assert datetime.fromisoformat(facts.pop("made")).tzinfo
    assert facts == described | {"precision": "bfloat16", "device": "cpu", "rows": "2", "dim": "3"}
    os.utime(file.path, (1, 1))
    tiny.states(ROWS, fail)
    assert file.path.stat().st_mtime > 1


def test_what_an_entry_says_decides_nothing(tmp_path):
    FeatureCache("a backbone", torch.float32, CPU, tmp_path, {"dataset": "demo"}).states(ROWS, Computing())
    FeatureCache("a backbone", torch.float32, CPU, tmp_path, {"dataset": "meld"}).states(ROWS, fail)


def test_an_entry_that_another_process_deletes_is_computed_again(tmp_path, monkeypatch):
    cache(tmp_path).states(ROWS, Computing())
    load = features.load_file

    def deleted_first(path):
        path.unlink()
        return load(path)

    monkeypatch.setattr(features, "load_file", deleted_first)
    computing = Computing()
    assert torch.equal(cache(tmp_path).states(ROWS, computing), STATES)
    assert computing.calls == 1


def test_states_in_use_survive_that_their_entry_is_deleted(tmp_path):
    cache(tmp_path).states(ROWS, Computing())
    states = cache(tmp_path).states(ROWS, fail)
    (file,) = feature_files(tmp_path / "features")
    assert remove(file) == ""
    assert torch.equal(states, STATES)


def test_the_folder_is_the_environment_s(tmp_path, monkeypatch):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path))
    assert FeatureCache("a backbone", torch.float32, CPU).folder == tmp_path / "features"

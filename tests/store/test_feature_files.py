"""The feature cache as files: which entries go, which stay, and what is left of processes that ended."""

import os

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from erc_bench.store.feature_files import (
    DAY,
    FeatureFile,
    beyond,
    describe,
    feature_files,
    leftovers,
    lock_of,
    mark_used,
    remove,
    remove_leftover,
    unused_since,
)

NOW = 1_000_000_000.0


@pytest.fixture
def features(tmp_path):
    folder = tmp_path / "features"
    folder.mkdir()
    return folder


def add(features, name, days=0.0, description=None):
    path = features / f"{name}.safetensors"
    save_file({"states": np.zeros((4, 2), np.float32)}, path, description)
    os.utime(path, (NOW, NOW - days * DAY))
    return path


def of(path):
    return next(file for file in feature_files(path.parent) if file.path == path)


def test_entries_come_with_what_they_say_of_themselves_the_longest_unused_first(features):
    facts = describe(4, 2, {"backbone": "minilm"})
    new, old = add(features, "a", 1, facts), add(features, "b", 9)
    files = feature_files(features)
    assert [file.path for file in files] == [old, new]
    assert [file.last_used for file in files] == [NOW - 9 * DAY, NOW - DAY]
    assert files[0].description == {}
    assert files[1].description == facts
    assert facts.items() > {"backbone": "minilm", "rows": "4", "dim": "2"}.items()
    assert files[1].size == new.stat().st_size


def test_a_cache_that_is_not_there_is_empty(tmp_path):
    assert feature_files(tmp_path / "features") == []
    assert leftovers(tmp_path / "features", NOW) == []


def test_a_damaged_entry_is_listed_all_the_same(features):
    (features / "damaged.safetensors").write_bytes(b"<html>")
    (file,) = feature_files(features)
    assert (file.size, file.description) == (6, {})


def test_use_is_remembered_and_an_entry_that_is_gone_is_no_error(features):
    path = add(features, "a", 9)
    mark_used(path)
    assert of(path).last_used > NOW
    mark_used(features / "gone.safetensors")


def test_unused_since_is_before_the_moment(features):
    add(features, "a", 3)
    old = add(features, "b", 5)
    assert [file.path for file in unused_since(feature_files(features), NOW - 3 * DAY)] == [old]


@given(sizes=st.lists(st.integers(0, 100)), room=st.integers(0, 500))
def test_the_fewest_of_the_longest_unused_go_until_the_rest_fits(sizes, room):
    files = [FeatureFile(f"{number}", size, number) for number, size in enumerate(sizes)]
    going = beyond(files, room)
    assert going == files[: len(going)]
    assert sum(sizes[len(going) :]) <= room
    assert not going or sum(sizes[len(going) - 1 :]) > room


def test_an_entry_goes_with_its_lock(features):
    path = add(features, "a")
    lock = lock_of(path)
    lock.parent.mkdir()
    lock.touch()
    assert remove(of(path)) == ""
    assert not path.exists()
    assert not lock.exists()


def test_an_entry_whose_lock_is_held_stays(features):
    path = add(features, "a")
    file = of(path)
    lock_of(path).parent.mkdir()
    with FileLock(lock_of(path)):
        assert remove(file) == "another process holds its lock"
    assert path.exists()
    assert remove(file) == ""


def test_an_entry_that_was_used_since_it_was_listed_stays(features):
    path = add(features, "a", 9)
    file = of(path)
    mark_used(path)
    assert remove(file) == "it was used in the meantime"
    assert path.exists()


def test_an_entry_that_another_process_deleted_is_no_error(features):
    path = add(features, "a")
    file = of(path)
    path.unlink()
    assert remove(file) == ""


def test_where_no_lock_can_be_had_an_entry_goes(features):
    path = add(features, "a")
    lock_of(path).parent.write_text("a file where a folder should be")
    assert remove(of(path)) == ""
    assert not path.exists()


def test_half_written_files_and_locks_are_left_behind_after_a_while(features):
    lock = lock_of(features / "a.safetensors")
    lock.parent.mkdir()
    old, new = features / "old.part", features / "new.part"
    for path, days in ((old, 2), (new, 0.5), (lock, 2)):
        path.touch()
        os.utime(path, (NOW, NOW - days * DAY))
    left = leftovers(features, NOW - DAY)
    assert left == [old, lock]
    with FileLock(lock):
        assert remove_leftover(lock) == "another process holds it"
    assert [remove_leftover(path) for path in left] == ["", ""]
    assert [path.exists() for path in (old, new, lock)] == [False, True, False]
    assert remove_leftover(old) == ""

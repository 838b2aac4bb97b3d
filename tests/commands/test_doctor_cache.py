"""``erc-bench doctor --cache``: shown first, deleted when it is confirmed."""

import os
import sys
import time

import numpy as np
import pytest
from filelock import FileLock
from safetensors.numpy import save_file

from erc_bench.store.feature_files import DAY, lock_of

FACTS = {"backbone": "minilm", "identity": "sha256:0123456789abcdef", "precision": "bfloat16", "dataset": "meld"}
HALF_A_MEBIBYTE = np.zeros((512, 256), np.float32)


@pytest.fixture
def features(tmp_path, monkeypatch):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path))
    return tmp_path / "features"


def add(features, name, days, facts=None):
    features.mkdir(exist_ok=True)
    path = features / f"{name}.safetensors"
    save_file({"states": HALF_A_MEBIBYTE}, path, facts)
    os.utime(path, (0, time.time() - days * DAY))
    return path


def test_an_empty_cache(command, features):
    assert command("doctor", "--cache").out == f"{features}: 0 entries, 0.0 MiB\n"
    assert command("doctor", "--prune", 0, "--yes").out.endswith("Nothing to delete.\n")


def test_entries_are_shown_by_backbone_precision_and_dataset(command, features):
    made = "2020-01-01T00:00:00+00:00"
    add(features, "a", 3, FACTS | {"made": made})
    add(features, "b", 5, FACTS | {"made": made})
    add(features, "c", 0, {"backbone": "roberta", "identity": "org/roberta@fedcba9876543210", "precision": "float32"})
    add(features, "d", 9)
    outcome = command("doctor", "--cache")
    assert outcome.code == 0
    title, header, *rows = outcome.out.splitlines()
    assert title == f"{features}: 4 entries, 2.0 MiB"
    assert header.split() == ["backbone", "precision", "dataset", "entries", "MiB", "made", "last", "used"]
    cells = [" ".join(row.split()) for row in rows]
    assert cells[0].startswith("minilm (01234567) bfloat16 meld 2 1.0 ")
    assert cells[0].endswith(" days ago 3 days ago")
    assert cells[1:] == [
        "roberta (fedcba98) float32 unknown 1 0.5 just now just now",
        "unknown unknown unknown 1 0.5 9 days ago 9 days ago",
    ]


def test_nothing_is_deleted_without_a_yes(command, features):
    path = add(features, "a", 9)
    outcome = command("doctor", "--cache", "--prune", 7)
    assert outcome.code == 2
    assert "To delete: 1 entry, 0.5 MiB" in outcome.out
    assert "--yes" in outcome.err
    assert path.exists()


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("", True), ("y", False)])
def test_at_a_terminal_the_answer_decides(command, features, monkeypatch, answer, stays):
    path = add(features, "a", 9)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: answer)
    assert command("doctor", "--prune", 7).code == (130 if stays else 0)
    assert path.exists() == stays


def test_what_was_not_used_for_days_goes(command, features):
    old, new = add(features, "old", 9), add(features, "new", 2)
    outcome = command("doctor", "--cache", "--prune", 7, "--yes")
    assert outcome.out.splitlines()[-1] == "Deleted: 1 entry, 0.5 MiB"
    assert (old.exists(), new.exists()) == (False, True)


def test_the_longest_unused_go_until_the_rest_fits(command, features):
    paths = [add(features, name, days) for name, days in (("a", 5), ("b", 1), ("c", 3))]
    assert command("doctor", "--keep", 0.8 / 1024, "--yes").code == 0
    assert [path.exists() for path in paths] == [False, True, False]


def test_both_limits_hold_together(command, features):
    paths = [add(features, name, days) for name, days in (("a", 9), ("b", 3), ("c", 1))]
    command("doctor", "--prune", 7, "--keep", 0.8 / 1024, "--yes")
    assert [path.exists() for path in paths] == [False, False, True]


def test_what_another_process_holds_is_left_and_named(command, features):
    held, free = add(features, "held", 9), add(features, "free", 9)
    lock_of(held).parent.mkdir()
    with FileLock(lock_of(held)):
        outcome = command("doctor", "--prune", 7, "--yes")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-2:] == [
        "Deleted: 1 entry, 0.5 MiB",
        "Left: held.safetensors, another process holds its lock",
    ]
    assert (held.exists(), free.exists()) == (True, False)


def test_what_processes_left_behind_is_told_and_goes_with_the_rest(command, features):
    add(features, "a", 0)
    part = features / "x.part"
    part.touch()
    os.utime(part, (0, 0))
    assert "Left behind by processes that have ended: 1 file" in command("doctor", "--cache").out
    assert part.exists()
    command("doctor", "--prune", 7, "--yes")
    assert not part.exists()

"""Output that nobody takes, disks that cannot be written and names that no disk holds: one sentence, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.fixture
def runs(store):
    store.add_seeds("ce", [0.5, 0.6])
    return store.runs


def erc_bench(*arguments, **streams):
    command = [sys.executable, "-m", "erc_bench", *map(str, arguments)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **streams)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is always full")
@pytest.mark.parametrize("form", ["rich", "json"])
def test_a_full_standard_output(runs, form):
    with FULL.open("w") as full:
        told = erc_bench("compare", "--runs", runs, "--format", form, stdout=full)
    assert told == (2, "Error: standard output cannot be used: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="streams are closed as on POSIX")
def test_a_closed_standard_output(runs):
    told = erc_bench("compare", "--runs", runs, preexec_fn=lambda: os.close(1))
    assert told == (0, "Note: standard output is closed, so what would stand there is not printed\n")


@pytest.mark.skipif(os.name != "posix", reason="pipes as on POSIX")
def test_a_reader_that_has_enough_is_told_nothing(runs):
    read, write = os.pipe()
    os.close(read)
    told = erc_bench("compare", "--runs", runs, "--format", "json", stdout=write)
    os.close(write)
    assert told == (1, "")


LONG = "x" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "--runs", LONG),
        ("predict", LONG, "chat.txt"),
        ("score", LONG, "--dataset", "demo"),
        ("rm", "--runs", LONG, "--state", "failed"),
        ("archive", "--restore", LONG),
        ("data", "status", "meld", "--data-dir", LONG),
        ("run", "--dataset", "demo", "--method", "majority", "--runs", LONG),
        ("run", "--dataset", "demo", "--method", "ce", "--plugin", f"{LONG}.py"),
    ],
    ids=" ".join,
)
def test_a_name_that_no_disk_holds(command, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.txt").write_text("Ann: Hello.\n", encoding="utf-8")
    told = command(*arguments)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("Error: ")
    assert "File name too long" in told.err


def test_an_archive_on_a_disk_that_is_read_only(command, runs, tmp_path, monkeypatch):
    def refuse(self, *given, **more):
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    real = Path.open

    def opened(self, *how, **more):
        return refuse(self) if how == ("wb",) else real(self, *how, **more)

    monkeypatch.setattr(Path, "open", opened)
    told = command("archive", "--runs", runs, "--output", tmp_path / "cells.tar.gz")
    assert told.code == 2
    assert told.err == f"Error: the archive {tmp_path / 'cells.tar.gz'} cannot be written: Read-only file system\n"


HOSTILE = "\x1b[2J\x1b]0;title\x07 e\u202eca\r9"


@pytest.mark.parametrize("form", ["rich", "markdown"])
def test_a_stored_run_steers_no_terminal(command, store, form):
    store.add_seeds("ce", [0.5, 0.6])
    store.fail("eacl", 4, f"out of {HOSTILE}")
    told = command("compare", "--runs", store.runs, "--format", form)
    assert told.code == 0
    assert "out of" in told.out
    if form == "rich":
        assert not set("\x1b\x07\u202e\r") & set(told.out)
    shown = command("rm", "--runs", store.runs, "--state", "failed", "--yes")
    assert not set("\x1b\x07\u202e\r") & set(shown.out + shown.err)


def test_a_plugin_steers_no_terminal(command, tmp_path):
    plugin = tmp_path / "talks.py"
    plugin.write_text(f"print({HOSTILE!r})\nraise ValueError({HOSTILE!r})\n", encoding="utf-8")
    told = command("run", "--method", "ce", "--dataset", "demo", "--plugin", plugin)
    assert told.code == 2
    assert "ValueError" in told.err
    assert not set("\x1b\x07\u202e\r") & set(told.out + told.err)

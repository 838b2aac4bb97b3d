"""Folders of runs with cells of every kind, and processes that hold or remove them."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.layout import LEDGER_FILE, LEDGER_LOCK_FILE

HOLDS = """
import sys
from pathlib import Path
from erc_bench.store.writing import CellWriter

with CellWriter(Path(sys.argv[1])).open():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def runs(store):
    """Six cells: three that are done, one of them partial, and one of each other status."""
    store.add("ce", 1)
    store.add("ce", 2, limit=10)
    store.add("eacl", 1, backbone="org/model", dataset="emorynlp")
    store.fail("ce", 3, "out of memory")
    store.fail("ce", 4, "stopped by the user", status="interrupted")
    half = store.add("ce", 5)
    (half / "status.json").unlink()
    damaged = store.add("ce", 6)
    (damaged / "record.json").write_text("{")
    return store.runs


@pytest.fixture
def cell_at(runs):
    """Look a cell up by method and seed."""

    def cell_at(method, seed, dataset="meld"):
        (cell,) = [c for c in find_cells(runs).cells if (c.parts[0], c.parts[1], c.seed) == (dataset, method, seed)]
        return cell

    return cell_at


def everything(folder):
    """Return all files below a folder with their bytes, and all links and folders, but for the ledger, which grows."""
    found = {}
    for directory, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(directory, name)
            inside = path.relative_to(folder).as_posix()
            if inside in (LEDGER_FILE, LEDGER_LOCK_FILE):
                continue
            if path.is_symlink():
                found[inside] = path.readlink()
            else:
                found[inside] = path.read_bytes() if path.is_file() else None
    return found


@pytest.fixture
def contents():
    return everything


@pytest.fixture
def hold():
    """Hold a cell from a process of its own, as one that runs it does."""
    started = []

    def hold(folder):
        command = [sys.executable, "-c", HOLDS, str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, **pipes)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.communicate()


@pytest.fixture
def killed_when(tmp_path):
    """Start ``erc-bench`` and kill it as soon as something is there; say whether it was still at work."""

    def killed_when(found, *arguments):
        command = [sys.executable, "-m", "erc_bench", *map(str, arguments)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, cwd=tmp_path, **pipes)
        deadline = time.monotonic() + 300
        pause = threading.Event()
        while not found():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            pause.wait(0.0005)
        process.kill()
        process.communicate()
        return process.returncode == -9

    return killed_when


@pytest.fixture
def command_line(tmp_path):
    """Run ``erc-bench`` in a process of its own, to its end."""

    def command_line(*arguments):
        command = [sys.executable, "-m", "erc_bench", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    return command_line

"""Folders of runs with cells of every kind, and processes that hold or remove them."""

import os
import subprocess
import sys
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


KILLED = """
import os, signal, sys
event, ending, times = sys.argv[1], sys.argv[2], int(sys.argv[3])

def kill(happened, arguments):
    global times
    if happened == event and str(arguments[0]).endswith(ending):
        times -= 1
        if not times:
            os.kill(os.getpid(), signal.SIGKILL)

from erc_bench.cli import main
sys.addaudithook(kill)
main(sys.argv[4:])
"""


@pytest.fixture
def killed_at(tmp_path):
    """Run ``erc-bench``, killed as it does something to a file for the n-th time; say whether that came to pass.

    ``event`` is one of Python's audit events, ``ending`` is how the name of the file ends. No clock has a say in it;
    ``benchmarks/kills.py`` kills at moments of chance.
    """

    def killed_at(event, ending, times, *arguments):
        command = [sys.executable, "-c", KILLED, event, ending, str(times), *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        return done.returncode == -9

    return killed_at


@pytest.fixture
def command_line(tmp_path):
    """Run ``erc-bench`` in a process of its own, to its end."""

    def command_line(*arguments):
        command = [sys.executable, "-m", "erc_bench", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    return command_line

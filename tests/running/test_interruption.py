"""Ctrl-C in every phase, by real processes: they end, nothing half-written counts, and how to go on is said.

A process that does not end is killed after minutes, and its exit code says so.
"""

import os
import signal
import textwrap
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from erc_bench.store.index.all_cells import read_cells

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
PLUGIN = """
    import ctypes
    import os
    import signal
    import threading
    from pathlib import Path

    import torch

    import erc_bench.api as erc

    SEEN = Path(os.environ["SEEN"])


    def seen(module, _inputs, _output):
        # Of a chunk that one of several cores computes for ever, as others do until the phase is over.
        if type(module).__name__ == "BertLayer" and os.environ.get("STAY") == "core":
            (SEEN / str(os.getpid())).touch()
            if threading.current_thread() is not threading.main_thread():
                stay()


    def stay():
        sleep = ctypes.CDLL(None).sleep
        while True:
            sleep(1000)


    torch.nn.modules.module.register_module_forward_hook(seen)


    class Stays(erc.Observer):
        name = "stays"
        source = "this test"

        def epoch_ended(self, run, epoch):
            call = os.environ.get("STAY") == "call"
            if call:
                # The signal comes to another thread, and this one is in one call of a library meanwhile.
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
            (SEEN / str(os.getpid())).touch()
            if call:
                stay()
"""
SLOW_TO_LOAD = """
    import multiprocessing
    import os
    import time
    from pathlib import Path

    import erc_bench.api as erc

    while multiprocessing.parent_process() is not None:
        Path(os.environ["SEEN"]).touch()
        time.sleep(1)

    mine = erc.Method("mine", source="this test", summary="Nothing.", choices={"objective": "ce"})
"""
ENDLESS = ("training.epochs=1000000",)
FROZEN = ("encoder.trainable=none",)
KEPT = "kept: the same command goes on from there."


@pytest.fixture
def endless(grid, tools, start, tmp_path):
    """Start a command whose cells never end, wait until as many processes are where they are to be stopped."""
    seen = tmp_path / "seen"
    seen.mkdir()
    plugin = tmp_path / "stays.py"
    plugin.write_text(textwrap.dedent(PLUGIN), encoding="utf-8")

    def endless(*command, settings=(), stay="", processes=1):
        environment = {"ERC_BENCH_CACHE": str(tmp_path / "cache"), "SEEN": str(seen), "STAY": stay}
        words = [word for each in (*tools.short, *ENDLESS, *settings) for word in ("--set", each)]
        places = ["--dataset", "meld", "--backbone", grid.backbone, "--data-dir", grid.data_dir, "--device", "cpu"]
        process = start(
            *command,
            *places,
            *words,
            *("--plugin", plugin),
            environment={**environment, "OMP_NUM_THREADS": "2"},
            own_group=True,
        )
        process.wait_for(lambda: len(list(seen.iterdir())) >= processes)
        return process

    return endless


def run(grid, *more):
    return ["run", "--method", "ce", "--seeds", "1,2", "--runs", grid.runs, "--observer", "stays", *more]


def alive_of(group):
    """Return the processes of a group that are more than an entry in a table."""
    alive = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, of, *_ = file.read_text().rpartition(")")[2].split()
            alive += [file] if int(of) == group and state != "Z" else []
    return alive


@pytest.fixture
def interrupt(patience):
    return partial(_interrupt, patience)


def _interrupt(patience, process, to):
    """Send what Ctrl-C sends, to the whole group as a terminal does or to the parent alone; nobody may be left."""
    (os.killpg if to == "group" else os.kill)(process.popen.pid, signal.SIGINT)
    code, _, errors = process.end()
    assert "Traceback" not in errors
    patience(lambda: not alive_of(process.popen.pid))
    return code, errors.splitlines()[-1]


@pytest.mark.parametrize(("to", "settings"), [("group", FROZEN), ("parent", FROZEN), ("group", ())])
def test_while_cores_encode(endless, interrupt, grid, to, settings):
    process = endless(*run(grid), settings=settings, stay="core")
    code, told = interrupt(process, "group")
    assert (code, told) == (130, f"Interrupted. What is done is {KEPT}")
    assert [cell.status for cell in read_cells(grid.runs)] == ["interrupted"]
    assert not list((grid.runs.parent / "cache").rglob("*.safetensors"))


def test_while_one_call_computes_for_ever(endless, interrupt, grid):
    code, told = interrupt(endless(*run(grid), settings=FROZEN, stay="call"), "parent")
    assert (code, told) == (130, f"Interrupted. What is done is {KEPT}")
    assert "done" not in {cell.status for cell in read_cells(grid.runs)}


@pytest.mark.parametrize(("to", "stay"), [("group", ""), ("parent", "call"), ("parent", "core")])
def test_with_several_processes(endless, interrupt, grid, to, stay):
    code, told = interrupt(endless(*run(grid, "--jobs", "2"), settings=FROZEN, stay=stay, processes=2), to)
    assert (code, told) == (130, f"Interrupted. What is done is {KEPT}")
    statuses = {cell.status for cell in read_cells(grid.runs)}
    assert "done" not in statuses
    assert stay == "call" or statuses == {"interrupted"}


def test_while_processes_start(start, interrupt, grid, tmp_path):
    seen = tmp_path / "seen"
    plugin = tmp_path / "slow.py"
    plugin.write_text(textwrap.dedent(SLOW_TO_LOAD), encoding="utf-8")
    words = ["run", "--method", "majority", "--dataset", "demo", "--seeds", "2", "--jobs", "2", "--runs", grid.runs]
    process = start(*words, "--plugin", plugin, environment={"SEEN": str(seen)}, own_group=True)
    process.wait_for(seen.exists)
    code, told = interrupt(process, "parent")
    assert (code, told) == (130, f"Interrupted. What is done is {KEPT}")


def test_while_settings_are_searched(endless, interrupt, tmp_path):
    pytest.importorskip("optuna")
    study = tmp_path / "study"
    code, told = interrupt(
        endless("tune", "--method", "ce", "--study", study, "--trials", "2", settings=FROZEN, stay="core"), "parent"
    )
    assert (code, told) == (130, f"Interrupted. Trials that are done are {KEPT}")
    assert {cell.status for cell in read_cells(study / "cells")} == {"interrupted"}
    assert not (study / "tuned.toml").exists()


def test_while_a_component_is_checked(start, interrupt, tmp_path):
    seen = tmp_path / "seen"
    component = tmp_path / "waits.py"
    component.write_text(textwrap.dedent(WAITS), encoding="utf-8")
    process = start("check", component, environment={"SEEN": str(seen)}, own_group=True)
    process.wait_for(seen.exists)
    code, told = interrupt(process, "group")
    assert (code, told) == (130, "Interrupted. A check keeps nothing: the same command begins anew.")


WAITS = '''
    import os
    import threading
    from pathlib import Path

    import erc_bench.api as erc


    class Waits(erc.System):
        """Waits."""

        name = "waits"
        source = "this test"

        def fit(self, train, dev, context):
            Path(os.environ["SEEN"]).touch()
            threading.Event().wait()

        def predict(self, dialogues):
            return {}


    method = erc.Method("waits", source="this test", summary="Waits.", system=Waits)
'''

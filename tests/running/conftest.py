"""Small corpora in MELD's format, grids within this process and in processes of their own."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.running.grid import GridRunner
from erc_bench.running.worker import GridTask
from erc_bench.training.events import Progress
from erc_bench_plugins.datasets.meld import Meld

PATIENCE = 300
"""Seconds until a test gives up waiting: what takes a few on an idle machine takes many more on a busy one."""
SHORT = ("training.epochs=1", "training.batch_size=8", "encoder.length=48", "encoder.window=2")
FROZEN = ("encoder.trainable=none",)
WORDS = ("happy", "angry", "phone", "home", "why", "came", "alone", "surprise", "leave", "fine")


def write_meld(root, dialogues=(6, 3, 4), turns=4, seed=0):
    """Write a corpus in MELD's format below a data directory; return the directory."""
    folder = Path(root, "meld")
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(seed)
    for split, count in zip(("train", "dev", "test"), dialogues, strict=True):
        with (folder / f"{split}_sent_emo.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["Sr No.", "Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID"])
            for dialogue in range(count):
                for turn in range(turns):
                    text = " ".join(rng.choices(WORDS, k=rng.randint(1, 6)))
                    writer.writerow([0, text, rng.choice(["Ann", "Bob"]), rng.choice(Meld.labels), dialogue, turn])
    return Path(root)


def rewrite(file, change):
    """Change the rows of a CSV file; ``change`` gets all rows, as dictionaries, and changes them in place."""
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows, columns = list(reader), reader.fieldnames
    change(rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


@dataclass
class Grid:
    """Runs grids below one folder of runs, each time as a new process would."""

    runs: Path
    data_dir: Path
    backbone: str
    plugins: tuple = ()

    def plans(self, methods=("ce",), seeds=(1,), settings=(), datasets=("meld",), **asked):
        catalogue = Catalogue()
        for plugin in self.plugins:
            catalogue.register(plugin, "this-test")
        trains = any(catalogue.get("method", method).system is None for method in methods)
        overrides = [parse_override(text) for text in (*(SHORT if trains else ()), *settings)]
        return plan_grid(Request(methods, datasets, (self.backbone,), seeds, overrides, **asked), catalogue)

    def runner(self, overwrite="missing", progress=None, runs=None):
        return GridRunner(GridTask(runs or self.runs, self.data_dir, "cpu", overwrite), progress or Progress())

    def run(self, *methods, overwrite="missing", progress=None, runs=None, **asked):
        return self.runner(overwrite, progress, runs).run(self.plans(methods, **asked))

    def folder(self, plan, runs=None):
        return plan.address.folder(runs or self.runs)

    def folders(self, runs=None):
        return sorted(folder for folder in (runs or self.runs).glob("*/*/*/*/seed-*"))


def content(folder, *names):
    """Return the bytes of the files of a cell (all but the lock), or of those named."""
    files = names or sorted(file.name for file in folder.iterdir() if file.name != ".lock")
    return {name: (folder / name).read_bytes() for name in files}


def record(folder):
    return json.loads((folder / "record.json").read_text())


def status(folder):
    return json.loads((folder / "status.json").read_text())


@pytest.fixture
def data_dir(tmp_path):
    """A data directory with a small corpus in MELD's format."""
    return write_meld(tmp_path / "data")


@pytest.fixture
def grid(tmp_path, data_dir, tiny_bert):
    """Runs grids of the small corpus with a tiny backbone."""
    return Grid(tmp_path / "runs", data_dir, str(tiny_bert))


@contextmanager
def hearing_ctrl_c():
    """Let what is started meanwhile hear Ctrl-C: a script's background jobs ignore it, and so would their children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def ran_once(tmp_path_factory, tiny_bert):
    """A grid of two frozen cells that are done; never changed."""
    folder = tmp_path_factory.mktemp("ran-once")
    grid = Grid(folder / "runs", write_meld(folder / "data"), str(tiny_bert))
    assert len(grid.run("ce", seeds=(1, 2), settings=FROZEN).ran) == 2
    return grid


@pytest.fixture
def done(ran_once, tmp_path):
    """A copy of that grid, to be damaged."""
    shutil.copytree(ran_once.runs, tmp_path / "runs")
    return replace(ran_once, runs=tmp_path / "runs")


class Process:
    """``python -m erc_bench`` in a process of its own, killed if it takes much longer than it may."""

    def __init__(self, *arguments, cwd, environment=None, own_group=False):
        command = [sys.executable, "-m", "erc_bench", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        with hearing_ctrl_c():
            self.popen = subprocess.Popen(
                command, cwd=cwd, env={**os.environ, **(environment or {})}, start_new_session=own_group, **pipes
            )
        self._watchdog = threading.Timer(PATIENCE, self.popen.kill)
        self._watchdog.start()

    def read_until(self, text):
        """Read lines of the output until one contains the text."""
        lines = []
        for line in self.popen.stdout:
            lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} never came: {''.join(lines)}{self.popen.stderr.read()}")

    def wait_for(self, found):
        """Look until something is there, as long as the process lives."""
        pause = threading.Event()
        while not (answer := found()):
            assert self.popen.poll() is None, self.popen.stderr.read()
            pause.wait(0.002)
        return answer

    def end(self):
        """Wait for its end; return exit code, the rest of its output, and its errors."""
        output, errors = self.popen.communicate()
        self._watchdog.cancel()
        return self.popen.returncode, output, errors

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.end()


@pytest.fixture
def start(tmp_path):
    """Start ``erc-bench`` in a process of its own, in an empty working directory."""
    started = []

    def start(*arguments, environment=None, own_group=False):
        started.append(Process(*arguments, cwd=tmp_path, environment=environment, own_group=own_group))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def patience():
    """Look until something is so, at most for some minutes."""

    def patience(found):
        pause = threading.Event()
        deadline = time.monotonic() + PATIENCE
        while not found():
            assert time.monotonic() < deadline, "it never came to be"
            pause.wait(0.01)

    return patience


@pytest.fixture
def tools():
    """Functions of this file that tests call."""
    return Tools


class Tools:
    write_meld = staticmethod(write_meld)
    rewrite = staticmethod(rewrite)
    content = staticmethod(content)
    record = staticmethod(record)
    status = staticmethod(status)
    short = SHORT
    frozen = FROZEN

"""Grids over several processes: the same results, and nothing left behind however they end."""

import os
import signal
import textwrap
from pathlib import Path

import pytest

from erc_bench.errors import python_words, speaking
from erc_bench.running.executors import JobsRunner
from erc_bench.running.worker import GridTask
from erc_bench.store.index.all_cells import read_cells
from erc_bench.training.events import CellEnded, InJob, Noted, Progress

METHODS = ("ce", "eacl")
SEEDS = (1, 2)
ENDLESS = ("encoder.trainable=none", "training.epochs=1000000")
linux_only = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds child processes in /proc")


class Told(Progress):
    """Keeps what it is told of cells, and of which job."""

    def __init__(self):
        self.cells, self.notes, self.jobs = [], [], set()

    def hear(self, event):
        match event:
            case InJob(job):
                self.jobs.add(job)
            case CellEnded(label, outcome):
                self.cells.append((label, outcome))
            case Noted(text):
                self.notes.append(text)


def in_jobs(grid, plans, jobs=2, overwrite="missing", runs=None):
    task = GridTask(runs or grid.runs, grid.data_dir, "cpu", overwrite)
    told = Told()
    return JobsRunner([task] * jobs, told).run(plans), told


def results(grid, tools, runs=None):
    names = ("predictions.csv", "arrays.safetensors")
    where = runs or grid.runs
    return {str(folder.relative_to(where)): tools.content(folder, *names) for folder in grid.folders(where)}


def test_the_results_are_those_of_one_process(grid, tools, tmp_path):
    frozen = {"settings": ("encoder.trainable=none", "training.epochs=2")}
    plans = grid.plans(METHODS, SEEDS, **frozen)
    outcome, told = in_jobs(grid, plans)
    assert [plan.address for plan in outcome.ran] != []
    assert {plan.address for plan in outcome.ran} == {plan.address for plan in plans}
    assert sorted(label for label, _ in told.cells) == sorted(plan.label() for plan in plans)
    assert told.jobs == {0, 1}
    serial = tmp_path / "serial"
    assert len(grid.run(*METHODS, seeds=SEEDS, runs=serial, **frozen).ran) == 4
    assert results(grid, tools) == results(grid, tools, serial)
    again, told = in_jobs(grid, plans)
    assert (len(again.ran), len(again.skipped)) == (0, 4)
    assert all(outcome.startswith("done: ") for _, outcome in told.cells)


def test_a_cell_that_fails_and_a_note_are_told_once(grid):
    plans = grid.plans(METHODS, SEEDS, settings=("training.encoder_lr=1e30", "training.epochs=3"))
    outcome, told = in_jobs(grid, plans)
    assert len(outcome.failed) == 4
    assert all("not finite" in reason for _, reason in outcome.failed)
    # The small corpus is not the published one: every process finds that out.
    assert len([note for note in told.notes if "published corpus" in note]) == 1
    # Each process names options as its caller does.
    with speaking(python_words):
        again, _ = in_jobs(grid, plans)
    assert all('(earlier; overwrite="failed" tries again)' in reason for _, reason in again.failed)
    typed, _ = in_jobs(grid, plans[:2])
    assert all("(earlier; --overwrite failed tries again)" in reason for _, reason in typed.failed)


def command(grid, tools, *more):
    methods = [word for method in METHODS for word in ("--method", method)]
    changed = [word for setting in (*tools.short, *ENDLESS) for word in ("--set", setting)]
    places = ["--backbone", grid.backbone, "--data-dir", grid.data_dir, "--runs", grid.runs, "--device", "cpu"]
    return ["run", *methods, "--dataset", "meld", "--seeds", "1", *places, *changed, "--jobs", "2", *more]


def children(process):
    """Return the processes that a process has started by multiprocessing, its workers."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in listed if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


TRAINS = """
    import os
    from pathlib import Path

    import erc_bench.api as erc

    class Trains(erc.Observer):
        name = "trains"
        source = "this test"

        def epoch_ended(self, run, epoch):
            Path(os.environ["TRAINS"], run.method).touch()
"""
"""Leaves a file for every cell of which an epoch has ended."""


@pytest.fixture
def endless(grid, tools, start, tmp_path):
    """A grid whose two cells never end, with both of them in their training, and its workers.

    That a cell has its lock says less: one that is stopped before it has begun leaves no status.
    """
    trains = tmp_path / "trains"
    trains.mkdir()
    observer = tmp_path / "trains.py"
    observer.write_text(textwrap.dedent(TRAINS), encoding="utf-8")
    environment = {"ERC_BENCH_CACHE": str(tmp_path / "cache"), "TRAINS": str(trains)}
    process = start(*command(grid, tools, "--plugin", observer, "--observer", "trains"), environment=environment)
    process.wait_for(lambda: {file.name for file in trains.iterdir()} == set(METHODS))
    return process, children(process.popen.pid)


def gone(start_of_wait, workers):
    """Wait until none of the workers is left."""
    start_of_wait(lambda: not any(map(is_alive, workers)))


@linux_only
def test_ctrl_c_closes_every_cell_and_leaves_no_process(endless, grid, tools):
    process, workers = endless
    assert len(workers) == 2
    process.popen.send_signal(signal.SIGINT)
    code, _, errors = process.end()
    assert code == 130, errors
    assert errors.splitlines()[-1].startswith("Interrupted. What is done is kept: ")
    assert "Traceback" not in errors
    assert not any(map(is_alive, workers))
    assert {tools.status(folder)["status"] for folder in grid.folders()} == {"interrupted"}


@linux_only
def test_a_killed_parent_leaves_no_process(endless, patience):
    process, workers = endless
    process.popen.kill()
    process.end()
    gone(patience, workers)


@linux_only
def test_a_process_that_dies_costs_its_cell_alone(endless, grid):
    process, workers = endless
    os.kill(workers[0], signal.SIGKILL)
    line = process.read_until("its process ended")
    assert "killed by signal 9" in line
    process.popen.send_signal(signal.SIGINT)
    assert process.end()[0] == 130
    assert sorted(cell.status for cell in read_cells(grid.runs)) == ["half-written", "interrupted"]

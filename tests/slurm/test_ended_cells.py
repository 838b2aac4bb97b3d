"""A status says something of a job only where it was written since the job was ordered."""

import json
import os

import pytest

from erc_bench.running.worker import GridTask
from erc_bench.slurm import executor, overview, queue
from erc_bench.slurm.ended_cells import ended_since
from erc_bench.slurm.executor import SlurmRunner
from erc_bench.slurm.options import SlurmOptions
from erc_bench.slurm.submission import Submission
from erc_bench.store.layout import CellAddress

ADDRESS = CellAddress("meld", "ce", "minilm", "0" * 12, 1)
ORDERED = 1_000_000


@pytest.fixture
def write(tmp_path):
    """Write the status of the cell as of a moment."""

    def write(status, at):
        folder = ADDRESS.folder(tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "status.json"
        file.write_text(json.dumps({"status": status, "error": "burnt"}))
        os.utime(file, (at, at))

    return write


@pytest.fixture
def submitted(tmp_path):
    """A submission of the cell as job 5_0."""
    folder = tmp_path / ".submissions" / "a"
    folder.mkdir(parents=True)
    submission = Submission("5", "now", str(folder), ((ADDRESS,),))
    (folder / "submitted.json").write_text(json.dumps({**vars(submission), "groups": [[vars(ADDRESS)]]}))
    (folder / "orders.json").write_text("{}")
    os.utime(folder / "orders.json", (ORDERED, ORDERED))
    return submission


@pytest.mark.parametrize(
    ("status", "later", "ended"), [("failed", 1, True), ("failed", -1, False), ("interrupted", 1, False)]
)
def test_only_a_later_end_is_one(write, tmp_path, status, later, ended):
    write(status, ORDERED + later)
    assert (ended_since(ORDERED, ADDRESS.folder(tmp_path)) is not None) == ended


def test_a_cell_that_nothing_is_known_of_has_not_ended(tmp_path):
    assert ended_since(ORDERED, ADDRESS.folder(tmp_path)) is None
    assert ended_since(float("nan"), ADDRESS.folder(tmp_path)) is None


@pytest.mark.parametrize(("later", "state"), [(-1, "waiting"), (1, "failed")])
def test_what_failed_before_it_was_submitted_again_waits(write, submitted, tmp_path, monkeypatch, later, state):
    monkeypatch.setattr(queue, "look", lambda jobs: {"5_0": queue.Job("PENDING")})
    write("failed", ORDERED + later)
    (cell,) = overview.overview(tmp_path).cells
    assert cell.state == state


class Heard:
    def __init__(self):
        self.events = []

    def hear(self, event):
        self.events.append(event)


class Planned:
    """As much of a plan as is asked for."""

    address = ADDRESS

    def label(self):
        return "the cell"


@pytest.fixture
def runner(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "check_slurm", lambda: None)
    return SlurmRunner(GridTask(tmp_path, None, "auto"), 1, SlurmOptions(poll=1e-9), Heard())


def test_a_cell_that_ended_before_it_was_first_looked_at_is_not_lost(write, submitted, runner, monkeypatch):
    monkeypatch.setattr(queue, "look", lambda jobs: {})
    monkeypatch.setattr(queue, "why_ended", lambda job: "")
    write("failed", ORDERED + 1)
    outcome = executor.GridOutcome()
    runner._wait_for([executor._waiting(Planned(), submitted, 0)], outcome)
    assert [reason for _, reason in outcome.failed] == ["burnt"]


def test_a_cell_that_ended_in_a_job_that_goes_on_is_not_under_way(write, submitted, runner, monkeypatch):
    monkeypatch.setattr(queue, "look", lambda jobs: {"5_0": queue.Job("RUNNING")})
    write("failed", ORDERED - 1)
    assert set(runner._under_way()) == {ADDRESS}
    write("failed", ORDERED + 1)
    assert runner._under_way() == {}

"""How far submitted cells are, by what lies in their folders and what Slurm says of their jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from erc_bench.slurm import queue
from erc_bench.slurm.ended_cells import ended_since
from erc_bench.slurm.submission import Submission, submissions
from erc_bench.store.layout import CellAddress

State = Literal["done", "running", "waiting", "failed"]
_STATES: tuple[State, ...] = ("done", "running", "waiting", "failed")


@dataclass(frozen=True)
class CellUnderWay:
    """One submitted cell; ``node`` and ``since`` say where it runs, ``reason`` why it failed."""

    address: CellAddress
    job: str
    state: State
    node: str = ""
    since: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Overview:
    """All submitted cells of a folder of runs, each once."""

    cells: tuple[CellUnderWay, ...]

    def of(self, state: State) -> list[CellUnderWay]:
        """Return the cells in a state."""
        return [cell for cell in self.cells if cell.state == state]

    def states(self) -> list[State]:
        """Return the states that there are."""
        return [state for state in _STATES if self.of(state)]


def overview(runs: Path) -> Overview:
    """Look at every cell that was ever submitted; raise :class:`ErcBenchError` where the queue cannot be asked."""
    known = submissions(runs)
    alive = queue.look([each.job for each in known])
    found: dict[CellAddress, CellUnderWay] = {}
    for each in known:
        for place in range(len(each.groups)):
            for cell in _in_job(runs, each, place, alive.get(each.job_of(place))):
                found[cell.address] = cell
    return Overview(tuple(found.values()))


def stop(runs: Path) -> list[str]:
    """End all jobs that were submitted from a folder of runs; return their names."""
    known = submissions(runs)
    alive = queue.look([each.job for each in known])
    queue.cancel(_arrays(known, alive))
    return sorted(alive)


def _arrays(known: list[Submission], alive: dict[str, queue.Job]) -> list[str]:
    return [each.job for each in known if any(each.job_of(place) in alive for place in range(len(each.groups)))]


def _in_job(runs: Path, submission: Submission, place: int, job: queue.Job | None) -> list[CellUnderWay]:
    """Return the cells of a job in its order: of those that have not ended the first runs, while the job does."""
    name, log, ordered = submission.job_of(place), submission.log_of(place), submission.ordered()
    found: list[CellUnderWay] = []
    runs_now = job is not None and bool(job.node)
    for address in submission.groups[place]:
        stored = ended_since(ordered, address.folder(runs))
        if stored is not None:
            found.append(
                CellUnderWay(address, name, "done" if stored.status == "done" else "failed", reason=stored.error)
            )
        elif job is None:
            found.append(CellUnderWay(address, name, "failed", reason=f"job {name} ended without it; its log: {log}"))
        elif runs_now:
            found.append(CellUnderWay(address, name, "running", job.node, job.since))
            runs_now = False
        else:
            found.append(CellUnderWay(address, name, "waiting"))
    return found

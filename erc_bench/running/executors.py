"""Where cells run: in this process, or in several of this machine; one interface for all of them."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from erc_bench.errors import words_spoken
from erc_bench.interruption import ignored_by_children
from erc_bench.planning.plan import Plan, to_json
from erc_bench.running.grid import GridRunner
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.worker import GridTask, work
from erc_bench.store.layout import CellAddress
from erc_bench.training.events import CellEnded, Event, GridStarted, InJob, Logged, Noted, Progress


class Executor(Protocol):
    """Runs plans, in whatever order and place; what is done stays done."""

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Run what has to run, and say what became of every plan."""


@dataclass(frozen=True)
class Resources:
    """What a grid may use: so many processes, and devices that these take in turn."""

    jobs: int
    devices: tuple[str, ...]


EXECUTORS: Mapping[str, Callable[[GridTask, Resources, Progress], Executor]] = {
    "here": lambda task, _resources, progress: GridRunner(task, progress),
    "processes": lambda task, resources, progress: JobsRunner(spread(task, resources), progress),
}


def executor(name: str, task: GridTask, resources: Resources, progress: Progress) -> Executor:
    """Return an executor of this machine by its name.

    ``auto`` is what suits the resources: several processes where more than one job or device was asked for.
    """
    several = resources.jobs > 1 or len(resources.devices) > 1
    return EXECUTORS[("processes" if several else "here") if name == "auto" else name](task, resources, progress)


_log = logging.getLogger("erc_bench")
_PATIENCE = 30.0
"""Seconds that a process without a cell has to end."""
_STOPPED_PATIENCE = 3.0
"""Seconds that all of them have together to close their cells when the grid is stopped."""


class _Worker:
    """One process, its pipe, and the cell that it runs."""

    def __init__(self, task: GridTask) -> None:
        context = get_context("spawn")
        self.task = task
        self.plan: Plan | None = None
        self.waits = False
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=work, args=(theirs, task, words_spoken()), daemon=True)
        with ignored_by_children():
            self.process.start()
        # With this end closed here, the end of the process is the end of the pipe.
        theirs.close()

    def start(self, plan: Plan, waits: bool) -> None:
        self.plan, self.waits = plan, waits
        self.connection.send((to_json(plan), waits))

    def join(self, patience: float = _PATIENCE) -> None:
        """Wait for the end of the process, which is made to end where it does not."""
        self.process.join(max(0.0, patience))
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()


class JobsRunner:
    """Runs plans in several processes, one for each task; a process that dies costs its cell alone."""

    def __init__(self, tasks: Sequence[GridTask], progress: Progress) -> None:
        self.tasks = tasks
        self.progress = progress
        self.outcome = GridOutcome()
        self._told: set[str] = set()
        self._trained: set[CellAddress] = set()
        self._workers: list[_Worker] = []
        self._busy: list[Plan] = []

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Run what has to run. Cells that another grid is running are waited for at the end."""
        self.progress.hear(GridStarted(len(plans)))
        try:
            self._workers = [_Worker(task) for task in self.tasks[: len(plans)]]
            self._run_all(deque(plans), waits=False)
            self._run_all(deque(self._busy), waits=True)
        except BaseException:
            self._stop()
            raise
        self._end()
        return self.outcome

    def _run_all(self, left: deque[Plan], waits: bool) -> None:
        while left or any(worker.plan for worker in self._workers):
            for worker in self._workers:
                if worker.plan is None and (plan := self._ready(left)):
                    worker.start(plan, waits)
            by_connection = {worker.connection: worker for worker in self._workers if worker.plan}
            for connection in wait(list(by_connection)):
                assert isinstance(connection, Connection)
                self._hear(by_connection[connection])

    def _ready(self, left: deque[Plan]) -> Plan | None:
        """Take the first cell whose upstream no process is training at this moment: it would only wait for it."""
        busy = {worker.plan.upstream.address for worker in self._workers if worker.plan and worker.plan.upstream}
        for position, plan in enumerate(left):
            if plan.upstream is None or plan.upstream.address not in busy - self._trained:
                del left[position]
                return plan
        return None

    def _hear(self, worker: _Worker) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return
        if isinstance(message, Event):
            self._show(self._workers.index(worker), message)
            return
        ended, outcome = message
        assert worker.plan is not None
        if not ended:
            self.progress.hear(Noted(f"waiting for another process to finish {worker.plan.label()}"))
            self._busy.append(worker.plan)
        self.outcome.add(outcome.of(worker.plan))
        if worker.plan.upstream is not None:
            self._trained.add(worker.plan.upstream.address)
        worker.plan = None

    def _show(self, job: int, event: Event) -> None:
        if not isinstance(event, (Noted, Logged)):
            self.progress.hear(InJob(job))
            self.progress.hear(event)
        elif event.text not in self._told:
            # Every process says it, and it is true of all.
            self._told.add(event.text)
            if isinstance(event, Logged):
                _log.log(event.level, "%s", event.text)
            else:
                self.progress.hear(event)

    def _replace(self, worker: _Worker) -> None:
        """Put a new process in the place of one that died, and name the cell that died with it."""
        worker.join()
        plan = worker.plan
        assert plan is not None
        reason = f"its process ended ({_ending(worker.process.exitcode)})"
        self.outcome.failed.append((plan, reason))
        self.progress.hear(InJob(self._workers.index(worker)))
        self.progress.hear(CellEnded(plan.label(), f"failed: {reason}", 0.0))
        self._workers[self._workers.index(worker)] = _Worker(worker.task)

    def _end(self) -> None:
        for worker in self._workers:
            with suppress(OSError):  # it may have ended already
                worker.connection.send(None)
        for worker in self._workers:
            worker.join()

    def _stop(self) -> None:
        for worker in self._workers:
            worker.process.terminate()  # which closes its cell
        deadline = time.monotonic() + _STOPPED_PATIENCE
        for worker in self._workers:
            worker.join(deadline - time.monotonic())


def _ending(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"killed by signal {-exit_code}; there may not have been enough memory: ask for fewer jobs"
    return f"exit code {exit_code}"


def spread(task: GridTask, resources: Resources) -> list[GridTask]:
    """Return a task for each process, the devices taking turns."""
    jobs, devices = resources.jobs, resources.devices
    return [replace(task, device=devices[job % len(devices)]) for job in range(max(jobs, len(devices)))]

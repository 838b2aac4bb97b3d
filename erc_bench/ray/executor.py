"""Runs a grid on a Ray cluster: hands out sealed cells, hears of them, scores and writes what comes back."""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.plan import Plan
from erc_bench.ray.cluster import check_ray, connected, nodes
from erc_bench.ray.options import RayOptions
from erc_bench.ray.tasks import cell_task, upstream_task
from erc_bench.running.failures import reason_of
from erc_bench.running.keeper import Keeper, OpenCell
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.shipped.assignment import pack_assignment
from erc_bench.running.shipped.cell_data import pack_data
from erc_bench.running.shipped.cell_result import unpack_result
from erc_bench.running.shipped.messages import Failed, Happened, Message, Scored, Trained, Weights, event_of, unpack
from erc_bench.running.state import inputs
from erc_bench.running.worker import GridTask
from erc_bench.statistics.results import counted
from erc_bench.store.layout import CellAddress
from erc_bench.store.reading import one_line
from erc_bench.store.writing import CellBusyError
from erc_bench.training.events import GridStarted, InJob, Logged, Noted, Progress
from erc_bench.training.process_state import turn

_log = logging.getLogger("erc_bench")
_Key = tuple[CellAddress, str]
"""An upstream: its cell, and a digest of the splits that it learns from."""


@dataclass(eq=False)
class _Flight:
    """A cell that is on its way, or waits for the weights that it reads through.

    ``messages`` are those of the task that runs now: of the cell, or of its upstream.
    """

    cell: OpenCell
    assignment: bytes
    data: Any
    upstream: _Key | None
    slot: int
    messages: Any = None
    is_upstream: bool = False
    losses: int = 0


@dataclass
class _Weights:
    """The weights of one upstream: in training for the cells that wait, or there (``entries``, an object of Ray)."""

    entries: Any = None
    waiting: list[_Flight] = field(default_factory=list)


class RayRunner:
    """Runs plans as tasks of a cluster, ``jobs`` at a time, or as many as it has room for.

    Test labels, scores and folders stay in this process.
    """

    def __init__(self, task: GridTask, jobs: int | None, options: RayOptions, progress: Progress) -> None:
        check_ray()
        self.task, self.jobs, self.options, self.progress = task, jobs, options, progress
        self.keeper = Keeper(replace(task, device="cpu"), progress)
        self._data: dict[str, Any] = {}
        self._weights: dict[_Key, _Weights] = {}
        self._flights: list[_Flight] = []
        self._logged: set[str] = set()

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Run what has to run. Cells that another grid is running are waited for at the end."""
        _check_can_travel(plans)
        self.progress.hear(GridStarted(len(plans)))
        for plan in plans:
            # Looked at now, when the code was imported: its files may change while the grid runs.
            inputs(plan, None, None)
        with turn(torch.device("cpu"), self.keeper.tell_waiting), connected(self.options):
            try:
                busy = self._run_all(deque(plans), wait=False)
                for plan in busy:
                    self.keeper.note(f"waiting for another process to finish {plan.label()}")
                self._run_all(deque(busy), wait=True)
            except BaseException:
                for flight in self._flights:
                    self.keeper.interrupt(flight.cell)
                    flight.cell.writer.close()
                raise
        return self.keeper.outcome

    def _run_all(self, left: deque[Plan], wait: bool) -> list[Plan]:
        """Return the plans whose cells other processes are running."""
        busy = []
        while left or self._flights:
            while left and len(self._flights) < self._room():
                plan = left.popleft()
                if not self._begin(plan, wait):
                    busy.append(plan)
            if self._flights:
                self._hear(self._next())
        return busy

    def _room(self) -> int:
        """Return how many cells may be on their way; nodes come and go."""
        return self.jobs or max(1, self.options.room(nodes()))

    def _begin(self, plan: Plan, wait: bool) -> bool:
        """Open a cell and send it off; return whether it is this process that has it, or it is settled."""
        slot = min({*range(len(self._flights) + 1)} - {flight.slot for flight in self._flights})
        self.progress.hear(InJob(slot))
        try:
            cell = self.keeper.begin(plan, wait)
        except CellBusyError:
            return False
        if cell is None:
            return True
        try:
            flight = self._packed(cell, slot)
        except (Exception, SystemExit) as error:
            self.keeper.fail(cell, reason_of(plan, error), traceback.format_exc())
            cell.writer.close()
            return True
        self._flights.append(flight)
        self._send(flight)
        return True

    def _packed(self, cell: OpenCell, slot: int) -> _Flight:
        import ray

        plan, fingerprint = cell.plan, cell.corpus.fingerprint
        data = pack_data(self.keeper.start(cell))
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._data:
            self._data[digest] = ray.put(data)
        device = "cuda" if self.options.gpus else "cpu"
        assignment = pack_assignment(plan, fingerprint, device, self.task.micro_batch, self.task.plugins)
        upstream = None if plan.upstream is None else (plan.upstream.address, digest)
        return _Flight(cell, assignment, self._data[digest], upstream, slot)

    def _send(self, flight: _Flight) -> None:
        """Start the task of a cell, or first that of its upstream, for which others may wait already."""
        weights = None if flight.upstream is None else self._weights.get(flight.upstream)
        flight.messages, flight.is_upstream = None, False
        if flight.upstream is None:
            flight.messages = self._task(cell_task)(flight.assignment, flight.data, {})
        elif weights is None:
            self._weights[flight.upstream] = _Weights()
            flight.messages, flight.is_upstream = self._task(upstream_task)(flight.assignment, flight.data), True
        elif weights.entries is None:
            weights.waiting.append(flight)
        else:
            flight.messages = self._task(cell_task)(flight.assignment, flight.data, weights.entries)

    def _task(self, function: Callable[..., Iterator[bytes]]) -> Callable[..., Any]:
        import ray

        started: Callable[..., Any] = ray.remote(**self.options.of_task())(function).remote
        return started

    def _next(self) -> _Flight:
        """Wait until something happened to one of the cells."""
        import ray

        flying = [flight for flight in self._flights if flight.messages is not None]
        (ready, *_), _ = ray.wait([flight.messages for flight in flying], num_returns=1)
        return next(flight for flight in flying if flight.messages is ready)

    def _hear(self, flight: _Flight) -> None:
        import ray

        self.progress.hear(InJob(flight.slot))
        try:
            message = unpack(ray.get(next(flight.messages)))
        except (ray.exceptions.RayTaskError, ValueError, StopIteration) as error:
            self._failed(flight, f"the task ended without an answer: {type(error).__name__}: {error}")
        except ray.exceptions.RayError as error:
            self._lost(flight, error)
        else:
            self._told(flight, message)

    def _told(self, flight: _Flight, message: Message) -> None:
        if isinstance(message, Failed):
            self._failed(flight, message.reason, message.trace)
        elif isinstance(message, Weights):
            self._there(flight, message)
        elif isinstance(message, Trained):
            self._store(flight, message)
        else:
            self._happened(flight, message)

    def _happened(self, flight: _Flight, message: Happened | Scored) -> None:
        event = event_of(message)
        if isinstance(event, Noted):
            self.keeper.tell_once(event.text)
        elif isinstance(event, Logged):
            if event.text not in self._logged:
                self._logged.add(event.text)
                _log.log(event.level, "%s", event.text)
        else:
            assert flight.cell.audit is not None
            flight.cell.audit.hear(event)

    def _store(self, flight: _Flight, message: Trained) -> None:
        try:
            self.keeper.store(flight.cell, unpack_result(message.result), message.machine)
        except (Exception, SystemExit) as error:
            self._failed(flight, reason_of(flight.cell.plan, error), traceback.format_exc())
        else:
            self._end(flight)

    def _there(self, flight: _Flight, message: Weights) -> None:
        """Send off all cells that waited for these weights."""
        import ray

        assert flight.upstream is not None
        weights = self._weights[flight.upstream]
        weights.entries = ray.put(message.entries)
        for each in (flight, *weights.waiting):
            self._send(each)
        weights.waiting.clear()

    def _lost(self, flight: _Flight, error: Exception) -> None:
        flight.losses += 1
        said = one_line(error).partition(". ")[0]
        if flight.losses > self.options.retries:
            self._failed(flight, f"its node was lost {counted(flight.losses, 'time')}: {said}")
            return
        self.keeper.note(f"{flight.cell.plan.label()} begins again: its node was lost ({said})")
        self.keeper.listen(flight.cell)
        if flight.is_upstream:
            assert flight.upstream is not None
            flight.messages = self._task(upstream_task)(flight.assignment, flight.data)
        else:
            self._send(flight)

    def _failed(self, flight: _Flight, reason: str, trace: str = "") -> None:
        self.keeper.fail(flight.cell, reason, trace)
        waiting = []
        if flight.is_upstream and flight.upstream is not None:
            waiting = self._weights.pop(flight.upstream).waiting
        self._end(flight)
        for each in waiting:
            self._send(each)

    def _end(self, flight: _Flight) -> None:
        flight.cell.writer.close()
        self._flights.remove(flight)


def _check_can_travel(plans: Sequence[Plan]) -> None:
    """Raise :class:`ErcBenchError` for cells that want something of this machine."""
    if any(plan.save_model for plan in plans):
        raise ErcBenchError(
            "models are not saved from a Ray cluster", f"Leave {OptionName('save_model')}, or run these cells here."
        )
    asking = next((plan.method.name for plan in plans if plan.sends_text), None)
    if asking is not None:
        raise ErcBenchError(
            f"{asking} asks an endpoint and keeps its answers beside the runs", f"Add {OptionName('executor'):here}."
        )

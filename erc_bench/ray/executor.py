"""Runs a grid on a Ray cluster: hands out sealed cells, hears of them, scores and writes what comes back."""

from __future__ import annotations

import hashlib
import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.plan import Plan
from erc_bench.ray.cluster import check_ray, connected, nodes
from erc_bench.ray.flights import Flight, Upstreams
from erc_bench.ray.options import RayOptions
from erc_bench.ray.tasks import cell_task, upstream_task
from erc_bench.running.failures import reason_of
from erc_bench.running.keeper import Keeper
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.record import other_weights
from erc_bench.running.shipped.assignment import pack_assignment, ship_plugins
from erc_bench.running.shipped.cell_data import pack_data
from erc_bench.running.shipped.cell_result import unpack_result
from erc_bench.running.shipped.messages import Failed, Happened, Message, Scored, Trained, Weights, event_of, unpack
from erc_bench.running.state import inputs
from erc_bench.running.worker import GridTask
from erc_bench.statistics.results import counted
from erc_bench.store.reading import one_line
from erc_bench.store.writing import CellBusyError
from erc_bench.training.events import GridStarted, InJob, Logged, Noted, Progress
from erc_bench.training.process_state import turn

_log = logging.getLogger("erc_bench")
_PATIENCE = 1.0
"""Seconds between two looks at cells that other processes are running."""
_WITHIN = "another run has this cell, and a run within a run cannot wait for it"


class RayRunner:
    """Runs plans as tasks of a cluster, ``jobs`` at a time, or as many as it has room for.

    Test labels, scores and folders stay in this process.
    """

    def __init__(self, task: GridTask, jobs: int | None, options: RayOptions, progress: Progress) -> None:
        check_ray()
        self.task, self.jobs, self.options, self.progress = task, jobs, options, progress
        self.keeper = Keeper(replace(task, device="cpu"), progress)
        # What was imported here is what runs there, whatever becomes of the files meanwhile.
        self._plugins = ship_plugins(task.plugins)
        self._data: dict[str, Any] = {}
        self._upstreams = Upstreams(())
        self._flights: list[Flight] = []
        self._busy: set[int] = set()
        self._logged: set[str] = set()
        self._tasks: dict[Callable[..., Iterator[bytes]], Callable[..., Any]] = {}

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Run what has to run. Cells that another grid is running are looked at again until they are settled."""
        _check_can_travel(plans)
        self.progress.hear(GridStarted(len(plans)))
        for plan in plans:
            # Looked at now, when the code was imported: its files may change while the grid runs.
            inputs(plan, None, None)
        self._upstreams = Upstreams(plans)
        with turn(torch.device("cpu"), self.keeper.tell_waiting) as inner, connected(self.options):
            try:
                self._run_all(deque(plans), inner)
            except BaseException as error:
                self._stop(isinstance(error, KeyboardInterrupt))
                raise
        return self.keeper.outcome

    def _run_all(self, left: deque[Plan], inner: bool) -> None:
        while left or self._flights:
            self._fill(left, inner)
            flying = [flight for flight in self._flights if flight.messages is not None]
            if flying:
                self._hear_one_of(flying, _PATIENCE if left and len(flying) < self._room() else None)
            elif left:
                time.sleep(_PATIENCE)

    def _fill(self, left: deque[Plan], inner: bool) -> None:
        """Begin cells while there is room; those that another process is running go to the end."""
        for _ in range(len(left)):
            if sum(flight.messages is not None for flight in self._flights) >= self._room():
                return
            plan = left.popleft()
            if self._begin(plan):
                continue
            if inner:
                # The run around it would never let go of a cell of its own.
                self.keeper.failed(plan, _WITHIN, time.perf_counter())
                continue
            if id(plan) not in self._busy:
                self._busy.add(id(plan))
                self.keeper.note(f"waiting for another process to finish {plan.label()}")
            left.append(plan)

    def _room(self) -> int:
        """Return how many cells may be on their way; nodes come and go."""
        return self.jobs or max(1, self.options.room(nodes()))

    def _begin(self, plan: Plan) -> bool:
        """Open a cell and send it off; return whether it is this process that has it, or it is settled."""
        slot = min({*range(len(self._flights) + 1)} - {flight.slot for flight in self._flights})
        self.progress.hear(InJob(slot))
        try:
            cell = self.keeper.begin(plan)
        except CellBusyError:
            return False
        if cell is None:
            self._upstreams.settled(plan)
            return True
        flight = Flight(cell, slot)
        self._flights.append(flight)
        self._guarded(flight, lambda: self._pack_and_send(flight))
        return True

    def _guarded(self, flight: Flight, work: Callable[[], None]) -> None:
        """Do something for one cell: whatever it raises, the others go on."""
        try:
            work()
        except (Exception, SystemExit) as error:
            self._failed(flight, reason_of(flight.plan, error), traceback.format_exc())

    def _pack_and_send(self, flight: Flight) -> None:
        import ray

        data = self.keeper.start(flight.cell)
        packed = pack_data(data)
        digest = _digest(packed)
        if digest not in self._data:
            self._data[digest] = ray.put(packed)
        flight.data = self._data[digest]
        if flight.plan.upstream is not None:
            # Two cells that differ in test, or in what they alone read, share it.
            read = replace(data, sealed_test=None, features=data.features.chosen(flight.plan.upstream.features))
            flight.weights = self._upstreams.of(flight.plan, _digest(pack_data(read)))
        device = "cuda" if self.options.gpus else "cpu"
        cell, micro_batch = flight.cell, self.task.micro_batch
        flight.assignment = pack_assignment(
            cell.plan, cell.corpus.fingerprint, cell.present, device, micro_batch, self._plugins
        )
        self._send(flight)

    def _send(self, flight: Flight) -> None:
        """Start the task of a cell, or first that of its upstream, for which others may wait already."""
        weights = flight.weights
        flight.messages, flight.is_upstream = None, False
        if weights is None or weights.entries is not None:
            entries = {} if weights is None else weights.entries
            flight.messages = self._task(cell_task)(flight.assignment, flight.data, entries)
        elif weights.is_training:
            weights.waiting.append(flight)
        else:
            flight.messages = self._task(upstream_task)(flight.assignment, flight.data)
            flight.is_upstream = weights.is_training = True

    def _task(self, function: Callable[..., Iterator[bytes]]) -> Callable[..., Any]:
        import ray

        if function not in self._tasks:
            self._tasks[function] = ray.remote(**self.options.of_task())(function).remote
        return self._tasks[function]

    def _hear_one_of(self, flying: Sequence[Flight], seconds: float | None) -> None:
        """Wait until something happened to one of these cells, so long at most, and take it in."""
        import ray

        ready, _ = ray.wait([flight.messages for flight in flying], num_returns=1, timeout=seconds)
        if ready:
            flight = next(flight for flight in flying if flight.messages is ready[0])
            self._guarded(flight, lambda: self._hear(flight))

    def _hear(self, flight: Flight) -> None:
        import ray

        self.progress.hear(InJob(flight.slot))
        try:
            message = unpack(ray.get(next(flight.messages)))
        except (ray.exceptions.RayTaskError, ValueError, StopIteration) as error:
            self._failed(flight, f"the task ended without an answer: {type(error).__name__}: {one_line(error)}")
        except ray.exceptions.RayError as error:
            self._lost(flight, error)
        else:
            self._told(flight, message)

    def _told(self, flight: Flight, message: Message) -> None:
        if isinstance(message, Failed):
            self._failed(flight, message.reason, message.trace)
        elif isinstance(message, Weights):
            self._there(flight, message)
        elif isinstance(message, Trained):
            self._store(flight, message)
        else:
            self._happened(flight, message)

    def _happened(self, flight: Flight, message: Happened | Scored) -> None:
        event = event_of(message)
        if isinstance(event, Noted):
            self.keeper.tell_once(event.text)
        elif isinstance(event, Logged):
            if event.text not in self._logged:
                self._logged.add(event.text)
                _log.log(event.level, "%s", event.text)
        elif flight.is_upstream:
            self.progress.hear(event)
        else:
            assert flight.cell.audit is not None
            flight.cell.audit.hear(event)

    def _store(self, flight: Flight, message: Trained) -> None:
        result = unpack_result(message.result)
        if "upstream" in result.facts:
            for note in other_weights(self.task.runs, flight.plan.address, result.facts["upstream"]):
                self.keeper.tell_once(note)
        record = self.keeper.store(flight.cell, result, message.machine)
        self._end(flight)
        self.keeper.tell(flight.cell, record)

    def _there(self, flight: Flight, message: Weights) -> None:
        """Send off all cells that waited for these weights."""
        import ray

        weights = flight.weights
        assert weights is not None
        weights.entries, weights.is_training = ray.put(message.entries), False
        waiting, weights.waiting = weights.waiting, []
        for each in (flight, *waiting):
            self._guarded(each, lambda each=each: self._send(each))  # type: ignore[misc]

    def _lost(self, flight: Flight, error: Exception) -> None:
        flight.losses += 1
        said = one_line(error).partition(". ")[0]
        if flight.losses > self.options.retries:
            self._failed(flight, f"its node was lost {counted(flight.losses, 'time')}: {said}")
            return
        self.keeper.note(f"{flight.plan.label()} begins again: its node was lost ({said})")
        self.keeper.begin_again(flight.cell, f"its node was lost: {said}")
        if flight.is_upstream and flight.weights is not None:
            flight.weights.is_training = False
        self._send(flight)

    def _failed(self, flight: Flight, reason: str, trace: str = "") -> None:
        if flight not in self._flights:
            # It was written already, and what failed was to tell of it.
            _log.error("%s", reason)
            return
        self.keeper.fail(flight.cell, reason, trace)
        self._end(flight)
        if flight.is_upstream and flight.weights is not None:
            # The next one tries, and fails for its own reason.
            waiting, flight.weights.waiting, flight.weights.is_training = flight.weights.waiting, [], False
            for each in waiting:
                self._guarded(each, lambda each=each: self._send(each))  # type: ignore[misc]

    def _end(self, flight: Flight) -> None:
        flight.cell.writer.close()
        self._flights.remove(flight)
        self._upstreams.settled(flight.plan)

    def _stop(self, by_the_user: bool) -> None:
        import ray

        for flight in self._flights:
            if by_the_user:
                self.keeper.interrupt(flight.cell)
            flight.cell.writer.close()
        # Afterwards, for it may take longer than a user waits.
        for flight in self._flights:
            with suppress(Exception):  # the cluster may be gone
                if flight.messages is not None:
                    ray.cancel(flight.messages, force=True)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


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

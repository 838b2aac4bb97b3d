"""Where cells run: in this process, or in several of this machine; one interface for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from erc_bench.planning.plan import Plan
from erc_bench.running.grid import GridOutcome, GridRunner
from erc_bench.running.jobs import JobsRunner, spread
from erc_bench.running.task import GridTask
from erc_bench.training.events import Progress


class Executor(Protocol):
    """Runs plans, in whatever order and place; what is done stays done."""

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Run what has to run, and say what became of every plan."""


@dataclass(frozen=True)
class Resources:
    """What a grid may use: so many processes, and devices that these take in turn."""

    jobs: int
    devices: tuple[str, ...]


def _here(task: GridTask, _resources: Resources, progress: Progress) -> Executor:
    return GridRunner(task, progress)


def _processes(task: GridTask, resources: Resources, progress: Progress) -> Executor:
    jobs = max(resources.jobs, len(resources.devices))
    return JobsRunner(spread(jobs, task, resources.devices), progress)


EXECUTORS: Mapping[str, Callable[[GridTask, Resources, Progress], Executor]] = {
    "here": _here,
    "processes": _processes,
}


def executor(task: GridTask, resources: Resources, progress: Progress) -> Executor:
    """Return what suits the resources: several processes where more than one job or device was asked for."""
    several = resources.jobs > 1 or len(resources.devices) > 1
    return EXECUTORS["processes" if several else "here"](task, resources, progress)

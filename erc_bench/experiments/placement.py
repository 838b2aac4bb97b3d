"""Where the cells of a grid run: on this machine, or as jobs of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.running.executor_options import read_options

if TYPE_CHECKING:
    from erc_bench.planning.plan import Plan
    from erc_bench.running.executors import Executor
    from erc_bench.running.outcome import GridOutcome
    from erc_bench.running.worker import GridTask
    from erc_bench.training.events import Progress


def _options_of(executor: str) -> type[Any]:
    from erc_bench.ray.options import RayOptions
    from erc_bench.slurm.options import SlurmOptions

    return {"slurm": SlurmOptions, "ray": RayOptions}[executor]


def _slurm(asked: Placement, task: GridTask, jobs: int | None, progress: Progress) -> Executor:
    from erc_bench.slurm.executor import SlurmRunner
    from erc_bench.slurm.options import SlurmOptions

    return SlurmRunner(task, jobs, read_options(SlurmOptions, asked.options), progress, asked.detach)


def _ray(asked: Placement, task: GridTask, jobs: int | None, progress: Progress) -> Executor:
    from erc_bench.ray.executor import RayRunner
    from erc_bench.ray.options import RayOptions

    return RayRunner(task, jobs, read_options(RayOptions, asked.options), progress)


@dataclass(frozen=True)
class Placement:
    """An executor by name, its options as ``NAME=VALUE``, and whether it is left to itself.

    Raises :class:`ErcBenchError` for options that it does not have.
    """

    executor: str = "auto"
    options: tuple[str, ...] = ()
    detach: bool = False

    def __post_init__(self) -> None:
        if not self.is_elsewhere and self.options:
            raise ErcBenchError(
                f"{OptionName('executor_options')} is of slurm and ray, and cells run here",
                f"Add {OptionName('executor'):slurm}, or ray.",
            )
        if self.detach and self.executor != "slurm":
            here = "ends with this command" if self.is_elsewhere else "runs here"
            raise ErcBenchError(
                f"{OptionName('detach')} is of slurm, and what is asked for {here}",
                f"Add {OptionName('executor'):slurm}.",
            )
        if self.is_elsewhere:
            # Now, before anything is begun.
            read_options(_options_of(self.executor), self.options)

    @property
    def is_elsewhere(self) -> bool:
        """Whether cells run on other machines."""
        return self.executor in ("slurm", "ray")

    def run(self, plans: Sequence[Plan], task: GridTask, jobs: int | None, progress: Progress) -> GridOutcome:
        """Run the cells, and say what became of them; ``jobs`` at a time, without a number one here, all elsewhere."""
        if self.is_elsewhere:
            # What a node has is known there.
            return _ELSEWHERE[self.executor](self, task, jobs, progress).run(plans)
        from erc_bench.running.executors import Resources, executor
        from erc_bench.training.device import choose_device

        devices = tuple(str(choose_device(name)) for name in task.device.split(","))
        own = replace(task, device=devices[0])
        return executor(self.executor, own, Resources(jobs or 1, devices), progress).run(plans)


_ELSEWHERE: Mapping[str, Callable[[Placement, GridTask, int | None, Progress], Executor]] = {
    "slurm": _slurm,
    "ray": _ray,
}

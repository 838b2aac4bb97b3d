"""Where the cells of a grid run: on this machine, or as jobs of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from erc_bench.errors import ErcBenchError, OptionName

if TYPE_CHECKING:
    from erc_bench.planning.plan import Plan
    from erc_bench.running.outcome import GridOutcome
    from erc_bench.running.worker import GridTask
    from erc_bench.training.events import Progress


@dataclass(frozen=True)
class Placement:
    """An executor by name, its options as ``NAME=VALUE``, and whether it is left to itself.

    Raises :class:`ErcBenchError` for options that it does not have.
    """

    executor: str = "auto"
    options: tuple[str, ...] = ()
    detach: bool = False

    def __post_init__(self) -> None:
        if not self.is_elsewhere and (self.options or self.detach):
            asked = OptionName("executor_options") if self.options else OptionName("detach")
            raise ErcBenchError(f"{asked} is of slurm, and cells run here", f"Add {OptionName('executor'):slurm}.")

    @property
    def is_elsewhere(self) -> bool:
        """Whether cells run on other machines."""
        return self.executor == "slurm"

    def run(self, plans: Sequence[Plan], task: GridTask, jobs: int, progress: Progress) -> GridOutcome:
        """Run the cells, and say what became of them."""
        if self.is_elsewhere:
            from erc_bench.slurm.executor import SlurmRunner
            from erc_bench.slurm.options import read_options

            # What a node has is known there.
            return SlurmRunner(task, jobs, read_options(self.options), progress, self.detach).run(plans)
        from erc_bench.running.executors import Resources, executor
        from erc_bench.training.device import choose_device

        devices = tuple(str(choose_device(name)) for name in task.device.split(","))
        own = replace(task, device=devices[0])
        return executor(self.executor, own, Resources(jobs, devices), progress).run(plans)

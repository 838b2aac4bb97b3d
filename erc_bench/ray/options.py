"""What each cell asks of a Ray cluster: ``--executor-option NAME=VALUE``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from erc_bench.contracts.options import option
from erc_bench.errors import ErcBenchError, OptionName

_ROUNDING = 1e-9


@dataclass(frozen=True)
class RayOptions:
    """The cluster, and the share of a node that each cell takes."""

    address: str | None = option(None, "HOST:PORT of the head, or auto; none: $RAY_ADDRESS, else this machine alone.")
    cpus: float = option(1.0, "Cores that a cell takes.", at_least=0)
    gpus: float = option(0.0, "GPUs that a cell takes; 0.25: four cells share one.", at_least=0)
    memory_gb: float | None = option(None, "Memory of a node in GB that a cell takes.", above=0)
    retries: int = option(3, "How often a cell begins again whose node was lost.", at_least=0)

    def __post_init__(self) -> None:
        if self.gpus > 1 and self.gpus % 1:
            raise ErcBenchError(
                f"gpus={self.gpus:g}: a cell takes a part of one GPU, or several whole ones", "Ask for gpus=0.5, or 2."
            )

    def needs(self) -> dict[str, float]:
        """Return what a cell takes, by Ray's names of resources."""
        memory = {} if self.memory_gb is None else {"memory": self.memory_gb * 1e9}
        return {name: amount for name, amount in (("CPU", self.cpus), ("GPU", self.gpus), *memory.items()) if amount}

    def of_task(self) -> dict[str, Any]:
        """Return the same as options of a task. Ray tries nothing again: a cell begins anew, with all that it told."""
        memory = {} if self.memory_gb is None else {"memory": int(self.memory_gb * 1e9)}
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_retries": 0, "num_returns": "streaming", **memory}

    def room(self, nodes: list[dict[str, float]]) -> int:
        """Return how many cells the nodes can take at a time."""
        needs = self.needs() or {"CPU": 1.0}
        return sum(min(int(node.get(name, 0) / amount + _ROUNDING) for name, amount in needs.items()) for node in nodes)

    def check(self, nodes: list[dict[str, float]]) -> None:
        """Raise :class:`ErcBenchError` where no node could ever take a cell: it would wait for ever."""
        if self.room(nodes):
            return
        asked = ", ".join(f"{amount:g} {name}" for name, amount in self.needs().items())
        raise ErcBenchError(
            f"no node of the Ray cluster has {asked}",
            f"Ask for less ({OptionName('executor_options'):cpus=1}), or start a node that has it.",
        )

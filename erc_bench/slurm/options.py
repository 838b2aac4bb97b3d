"""What jobs ask of a cluster: ``--executor-option NAME=VALUE``."""

from __future__ import annotations

from dataclasses import dataclass, fields

from erc_bench.contracts.options import option

_LARGE = 200_000_000
"""Parameters from which on a model wants a GPU, and more of everything."""


@dataclass(frozen=True)
class SlurmOptions:
    """What each job asks for; what is left out follows from the size of its language model."""

    partition: str | None = option(None, "Where jobs run; none: the cluster's default.")
    account: str | None = option(None, "Whose budget they are on.")
    qos: str | None = option(None, "Their quality of service.")
    constraint: str | None = option(None, "Features that nodes must have.")
    minutes: int | None = option(None, "Time limit of a job, 240 or, with a large model, 1440.", at_least=1)
    gpus: int | None = option(None, "GPUs of a job: none, or 1 with a large model.", at_least=0)
    cpus: int | None = option(None, "Cores of a job, 2 or, with a large model, 8.", at_least=1)
    memory_gb: int | None = option(None, "Memory of a job in GB, 8 or, with a large model, 64.", at_least=1)
    group_minutes: float = option(30.0, "Short cells share a job until they take so long together.", at_least=0)
    cell_minutes: float = option(10.0, "What a cell is taken to need that no stored run tells of.", above=0)
    restarts: int = option(3, "How often a job that ran out of time, or was pre-empted, begins again.", at_least=0)
    grace: int = option(90, "Seconds before its end at which a job is told to put itself back.", at_least=5)
    setup: str | None = option(None, "A line of shell before each job, such as a module to load.")
    poll: float = option(5.0, "Seconds between two looks at the queue.", above=0)


@dataclass(frozen=True)
class Needs:
    """What one job asks for."""

    minutes: int
    gpus: int
    cpus: int
    memory_gb: int


def needs(options: SlurmOptions, parameters: int | None) -> Needs:
    """Return what a job with a language model of so many parameters asks for; ``None``: it has none."""
    large = parameters is not None and parameters >= _LARGE
    usual = Needs(1440, 1, 8, 64) if large else Needs(240, 0, 2, 8)
    asked = {each.name: getattr(options, each.name) for each in fields(Needs)}
    return Needs(**{name: getattr(usual, name) if value is None else value for name, value in asked.items()})

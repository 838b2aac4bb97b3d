"""What happens while cells run, as values: training tells of it, and progress, observers, audit and log hear it.

Nobody who hears gives anything back, so that no choice can hang on it. Values pass from one process to another, all
but test scores, which the audit alone is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from erc_bench.contracts.observer import ObservedStage, ObservedStatus
from erc_bench.contracts.types import UtteranceKey


@dataclass(frozen=True)
class GridStarted:
    """So many cells are about to run."""

    cells: int


@dataclass(frozen=True)
class InJob:
    """What follows concerns the cell that this one of several processes runs."""

    job: int


@dataclass(frozen=True)
class CellStarted:
    """A cell starts."""

    label: str


@dataclass(frozen=True)
class CellEnded:
    """A cell ended; ``outcome`` is one line.

    One that ran has a ``status``, its ``metrics`` on dev and test where it is done, else an ``error``.
    """

    label: str
    outcome: str
    seconds: float
    status: ObservedStatus | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class PhaseStarted:
    """A part of a cell starts, with so many steps."""

    name: str
    steps: int


@dataclass(frozen=True)
class StepDone:
    """One step of the phase is done."""

    loss: float | None = None


@dataclass(frozen=True)
class EpochEnded:
    """An epoch of a stage ended, with the fields of :class:`ObservedEpoch` and the headline score on dev, in points."""

    stage: ObservedStage
    epoch: int
    epochs: int | None
    terms: Mapping[str, float]
    dev: Mapping[str, Any]
    headline: float
    seconds: float
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    classifier: str = ""


@dataclass(frozen=True)
class ScoredOnTest:
    """Test would have these scores (n, classes) after one more epoch of a stage; for the audit alone."""

    stage: ObservedStage
    keys: Sequence[UtteranceKey]
    scores: np.ndarray


@dataclass(frozen=True)
class Noted:
    """Something worth a line, whichever cell it is of."""

    text: str


@dataclass(frozen=True)
class Logged:
    """A line of the log, with its level."""

    level: int
    text: str


Event = (
    GridStarted | InJob | CellStarted | CellEnded | PhaseStarted | StepDone | EpochEnded | ScoredOnTest | Noted | Logged
)
Hear = Callable[[Event], None]
"""Hears of everything that happens, and gives nothing back."""


def unheard(_event: Event) -> None:
    """Hear nothing."""


class Progress:
    """Hears of a run and shows nothing; the base of what shows it on a terminal or in a log."""

    def hear(self, event: Event) -> None:
        """Hear of anything that happens."""

    def close(self) -> None:
        """Nothing more will come."""

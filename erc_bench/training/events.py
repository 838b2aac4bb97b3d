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


class Progress:
    """Hears of a run and says nothing; the base of what shows it on a terminal or in a log."""

    def hear(self, event: Event) -> None:
        """Hear of anything: each kind of event comes to the method of its own."""
        event.tell(self)

    def grid_started(self, cells: int) -> None:
        """``cells`` cells are about to run."""

    def in_job(self, job: int) -> None:
        """All messages from here on concern the cell that this one of several processes runs."""

    def cell_started(self, label: str) -> None:
        """A cell starts."""

    def cell_ended(self, label: str, outcome: str, seconds: float) -> None:
        """A cell ended; ``outcome`` is one line (a score, why it was skipped, how it failed)."""

    def note(self, text: str) -> None:
        """Something worth a line."""

    def phase(self, name: str, steps: int) -> None:
        """A part of a cell starts (encoding, an epoch), with so many steps."""

    def step(self, loss: float | None = None) -> None:
        """One step of the phase is done."""

    def epoch_ended(self, epoch: int, epochs: int, terms: Mapping[str, float], dev: float) -> None:
        """An epoch ended with these mean loss terms and this dev score, in points."""

    def close(self) -> None:
        """Nothing more will come."""


class _Event:
    def tell(self, progress: Progress) -> None:
        """Pass it on to the method that takes it, if progress shows it."""


@dataclass(frozen=True)
class GridStarted(_Event):
    """So many cells are about to run."""

    cells: int

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.grid_started(self.cells)


@dataclass(frozen=True)
class CellStarted(_Event):
    """A cell starts."""

    label: str

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.cell_started(self.label)


@dataclass(frozen=True)
class CellEnded(_Event):
    """A cell ended; ``outcome`` is one line.

    One that ran has a ``status``, its ``metrics`` on dev and test where it is done, else an ``error``.
    """

    label: str
    outcome: str
    seconds: float
    status: ObservedStatus | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.cell_ended(self.label, self.outcome, self.seconds)


@dataclass(frozen=True)
class PhaseStarted(_Event):
    """A part of a cell starts, with so many steps."""

    name: str
    steps: int

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.phase(self.name, self.steps)


@dataclass(frozen=True)
class StepDone(_Event):
    """One step of the phase is done."""

    loss: float | None = None

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.step(self.loss)


@dataclass(frozen=True)
class EpochEnded(_Event):
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

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        if self.epochs is not None:
            progress.epoch_ended(self.epoch, self.epochs, self.terms, self.headline)


@dataclass(frozen=True)
class ScoredOnTest(_Event):
    """Test would have these scores (n, classes) after one more epoch of a stage; for the audit alone."""

    stage: ObservedStage
    keys: Sequence[UtteranceKey]
    scores: np.ndarray


@dataclass(frozen=True)
class Noted(_Event):
    """Something worth a line, whichever cell it is of."""

    text: str

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.note(self.text)


@dataclass(frozen=True)
class Logged(_Event):
    """A line of the log, with its level."""

    level: int
    text: str


Event = GridStarted | CellStarted | CellEnded | PhaseStarted | StepDone | EpochEnded | ScoredOnTest | Noted | Logged
Hear = Callable[[Event], None]
"""Hears of everything that happens, and gives nothing back."""


def unheard(_event: Event) -> None:
    """Hear nothing."""

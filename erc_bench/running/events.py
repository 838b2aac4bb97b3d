"""What happens while cells run, as values that pass from one process to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from erc_bench.training.progress import Progress


@dataclass(frozen=True)
class CellStarted:
    """A cell starts."""

    label: str

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.cell_started(self.label)


@dataclass(frozen=True)
class CellEnded:
    """A cell ended; ``outcome`` is one line."""

    label: str
    outcome: str
    seconds: float

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.cell_ended(self.label, self.outcome, self.seconds)


@dataclass(frozen=True)
class PhaseStarted:
    """A part of a cell starts, with so many steps."""

    name: str
    steps: int

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.phase(self.name, self.steps)


@dataclass(frozen=True)
class EpochEnded:
    """An epoch ended with these mean loss terms and this dev score, in points."""

    epoch: int
    epochs: int
    terms: Mapping[str, float]
    dev: float

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        progress.epoch_ended(self.epoch, self.epochs, self.terms, self.dev)


@dataclass(frozen=True)
class Noted:
    """Something worth a line, whichever cell it is of."""

    text: str


@dataclass(frozen=True)
class Logged:
    """A line of the log, with its level."""

    level: int
    text: str


OfCell = CellStarted | CellEnded | PhaseStarted | EpochEnded
Event = OfCell | Noted | Logged

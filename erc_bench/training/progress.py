"""Progress of a run: shown on a terminal, in a log, or not at all."""

from __future__ import annotations

from collections.abc import Mapping


class Progress:
    """Hears of a run and says nothing; the base of the others."""

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

"""The cells of many trials told as one grid."""

from __future__ import annotations

from collections.abc import Mapping

from erc_bench.training.progress import Progress


class OneGrid(Progress):
    """Passes on what it hears, but that a grid started: it said so itself, of all ``cells``."""

    def __init__(self, inner: Progress, cells: int) -> None:
        self._inner = inner
        inner.grid_started(cells)

    def cell_started(self, label: str) -> None:
        self._inner.cell_started(label)

    def cell_ended(self, label: str, outcome: str, seconds: float) -> None:
        self._inner.cell_ended(label, outcome, seconds)

    def note(self, text: str) -> None:
        self._inner.note(text)

    def phase(self, name: str, steps: int) -> None:
        self._inner.phase(name, steps)

    def step(self, loss: float | None = None) -> None:
        self._inner.step(loss)

    def epoch_ended(self, epoch: int, epochs: int, terms: Mapping[str, float], dev: float) -> None:
        self._inner.epoch_ended(epoch, epochs, terms, dev)

    def close(self) -> None:
        self._inner.close()

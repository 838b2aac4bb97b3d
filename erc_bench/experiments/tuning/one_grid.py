"""The cells of many trials told as one grid."""

from __future__ import annotations

from erc_bench.training.events import Event, GridStarted, Progress


class OneGrid(Progress):
    """Passes on what it hears, but that a grid started: it said so itself, of all ``cells``."""

    def __init__(self, inner: Progress, cells: int) -> None:
        self._inner = inner
        inner.hear(GridStarted(cells))

    def hear(self, event: Event) -> None:
        if not isinstance(event, GridStarted):
            self._inner.hear(event)

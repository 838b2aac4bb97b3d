"""What runs on the nodes of a cluster: one task for a cell, one for what cells read through. Messages come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from threading import Thread

from erc_bench.running.shipped.work import Send, run_shipped, train_upstream


def cell_task(assignment: bytes, data: bytes, weights: Mapping[str, bytes]) -> Iterator[bytes]:
    """Train one cell."""
    yield from _told(lambda send: run_shipped(assignment, data, weights, send))


def upstream_task(assignment: bytes, data: bytes) -> Iterator[bytes]:
    """Train the upstream of a cell."""
    yield from _told(lambda send: train_upstream(assignment, data, send))


def _told(work: Callable[[Send], None]) -> Iterator[bytes]:
    """Yield what a piece of work sends, while it works."""
    messages: SimpleQueue[bytes | None] = SimpleQueue()

    def run() -> None:
        try:
            work(messages.put)
        finally:
            messages.put(None)

    Thread(target=run, daemon=True).start()
    while (message := messages.get()) is not None:
        yield message

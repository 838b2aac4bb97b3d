"""One thread at a time: what trains a cell, checks a component or answers by a model has the process to itself.

The global generators, the number of threads of torch, the working directory belong to the process: two
threads that train at once draw on the same generators, and each gets numbers that no serial run gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_LOCK = RLock()
_turns: list[torch.device] = []
"""The turn that is taken, and those within it; only their thread looks here."""


def _nothing() -> None:
    """Tell nobody."""


@contextmanager
def alone(waits: Callable[[], None] = _nothing) -> Iterator[None]:
    """Have the process to oneself; wait for another thread that has, after calling ``waits``."""
    if _taken():
        waits()
    with _LOCK:
        yield


@contextmanager
def turn(device: torch.device, waits: Callable[[], None] = _nothing) -> Iterator[bool]:
    """Have the process to oneself; give whether this is a turn within a turn of the same thread.

    At the end of such a one, of a component that trains or predicts by itself, the generators stand where they
    stood before: the outer turn goes on as if alone.
    """
    from erc_bench.training.process_state import ProcessState

    with alone(waits):
        before = ProcessState(device) if _turns else None
        _turns.append(device)
        try:
            yield before is not None
        finally:
            _turns.pop()
            if before is not None:
                before.restore()


def _taken() -> bool:
    """Whether another thread has its turn at this moment."""
    if not _LOCK.acquire(blocking=False):
        return True
    _LOCK.release()
    return False

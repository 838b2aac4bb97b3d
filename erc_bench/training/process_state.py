"""Keep and restore the state of the process that a component may change: generators, settings, the directory."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from threading import RLock
from typing import Any, Literal

import numpy as np
import torch


class RandomState:
    """The state of every global generator on which a component may draw: Python's, numpy's, torch's, the device's."""

    def __init__(self, device: torch.device) -> None:
        self._states: list[tuple[Callable[[Any], Any], Any]] = [
            (random.setstate, random.getstate()),
            (np.random.set_state, np.random.get_state()),
            (torch.set_rng_state, torch.get_rng_state()),
        ]
        if device.type == "cuda":
            self._states.append((partial(torch.cuda.set_rng_state, device=device), torch.cuda.get_rng_state(device)))
        if device.type == "mps":
            self._states.append((torch.mps.set_rng_state, torch.mps.get_rng_state()))

    def restore(self) -> None:
        """Let all of them go on from there; may be called again."""
        for write, state in self._states:
            write(state)


_Setting = tuple[str, Callable[[], Any], Callable[[Any], Any]]
"""A setting of the process: its name, its reader and its writer."""


def _directory() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # somebody removed it
        return None


def _enter(directory: Path | None) -> None:
    if directory is not None:
        os.chdir(directory)


def _set_default_device(device: torch.device) -> None:
    # Naming the device that is the default anyway would slow down every call from there on.
    torch.set_default_device(None if device == torch.device("cpu") else device)


_SETTINGS: tuple[_Setting, ...] = (
    ("whether torch keeps gradients", torch.is_grad_enabled, torch.set_grad_enabled),
    ("the default type of torch", torch.get_default_dtype, torch.set_default_dtype),
    ("the default device of torch", torch.get_default_device, _set_default_device),
    ("the number of threads of torch", torch.get_num_threads, torch.set_num_threads),
    ("the precision of matrix products", torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    ("whether torch is deterministic", torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    ("the working directory", _directory, _enter),
)


class ProcessState:
    """Where the global generators stand, and the settings of the process on which a run relies."""

    def __init__(self, device: torch.device) -> None:
        self._random = RandomState(device)
        self._settings = [(name, read, write, read()) for name, read, write in _SETTINGS]

    def changed(self) -> list[str]:
        """Name the settings that have changed; generators are there to be drawn on."""
        return [name for name, read, _, before in self._settings if read() != before]

    def restore(self) -> None:
        """Put all of it back; may be called again."""
        for _, read, write, before in self._settings:
            if read() != before:
                write(before)
        self._random.restore()


Purpose = Literal["data order", "initialisation", "dropout", "sampling", "augmentation"]


def stream_seed(seed: int, purpose: Purpose, *position: int) -> int:
    """Return the 63-bit seed of a purpose, for one position (an epoch, say) of a run's seed."""
    text = "/".join(map(str, (seed, purpose, *position)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(seed: int, purpose: Purpose, *position: int) -> Random:
    """Return the random stream of a purpose."""
    return Random(stream_seed(seed, purpose, *position))


def seed_generators(seed: int, purpose: Purpose, *position: int) -> None:
    """Seed the global generators of Python, numpy and torch, on which a component's own code may draw."""
    value = stream_seed(seed, purpose, *position)
    random.seed(value)
    np.random.seed(value % 2**32)
    torch.manual_seed(value)


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

"""What a component may change for the whole process, kept and put back: generators, settings, the directory."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from erc_bench.training.random_state import RandomState


@dataclass(frozen=True)
class _Setting:
    """A setting of the process: what it is called, how it is read and how it is set."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]


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


_SETTINGS = (
    _Setting("whether torch keeps gradients", torch.is_grad_enabled, torch.set_grad_enabled),
    _Setting("the default type of torch", torch.get_default_dtype, torch.set_default_dtype),
    _Setting("the default device of torch", torch.get_default_device, _set_default_device),
    _Setting("the number of threads of torch", torch.get_num_threads, torch.set_num_threads),
    _Setting(
        "the precision of matrix products", torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
    ),
    _Setting("whether torch is deterministic", torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    _Setting("the working directory", _directory, _enter),
)


class ProcessState:
    """Where the global generators stand, and the settings of the process on which a run relies."""

    def __init__(self, device: torch.device) -> None:
        self._random = RandomState(device)
        self._settings = [(setting, setting.read()) for setting in _SETTINGS]

    def changed(self) -> list[str]:
        """Name the settings that are no longer what they were; generators are there to be drawn on."""
        return [setting.name for setting, before in self._settings if setting.read() != before]

    def restore(self) -> None:
        """Put all of it back; may be called again."""
        for setting, before in self._settings:
            if setting.read() != before:
                setting.write(before)
        self._random.restore()

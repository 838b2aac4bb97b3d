"""Where the global generators stand, so that a pass can be repeated with the same dropout."""

from __future__ import annotations

import random

import numpy as np
import torch


class RandomState:
    """The state of every global generator on which a component may draw: Python's, numpy's, torch's, the device's."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._python = random.getstate()
        self._numpy = np.random.get_state()
        self._torch = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
        self._mps = torch.mps.get_rng_state() if device.type == "mps" else None

    def restore(self) -> None:
        """Let all of them go on from there; may be called again."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        torch.set_rng_state(self._torch)
        if self._cuda is not None:
            torch.cuda.set_rng_state(self._cuda, self._device)
        if self._mps is not None:
            torch.mps.set_rng_state(self._mps)

"""The most that a device computes in dense matrix products, measured now: what every share of a peak is a share of."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class _Shape:
    """(rows, inner) times (inner, columns)."""

    rows: int
    inner: int
    columns: int

    @property
    def flops(self) -> int:
        """Two for each multiplication: it is also added."""
        return 2 * self.rows * self.inner * self.columns


# Squares of several sizes, and the shape of a language model's layer: which is fastest depends on the machine.
_CPU = (*(_Shape(n, n, n) for n in (512, 768, 1024, 2048)), _Shape(1024, 384, 1536))
_GPU = (*(_Shape(n, n, n) for n in (4096, 8192, 12_288)), _Shape(16_384, 1024, 4096), _Shape(32_768, 4096, 4096))
_QUEUED = 8
"""Products between two looks at the clock on a device that works through a queue."""


def matrix_peak(device: torch.device, dtype: torch.dtype, seconds: float = 2.0) -> float:
    """Return the largest FLOP/s of several matrix products, each repeated, for about ``seconds`` in all.

    Both layouts of the second factor are tried. The fastest repetition counts: others of the same
    machine can only slow one down.
    """
    shapes = _CPU if device.type == "cpu" else _GPU
    products = [(shape, product) for shape in shapes for product in _products(shape, device, dtype)]
    best = 0.0
    for _, product in products:
        product()  # the first one chooses an algorithm and packs
    until = time.perf_counter() + seconds
    for number, (shape, product) in enumerate(cycle(products)):
        if number >= len(products) and time.perf_counter() > until:
            break
        best = max(best, shape.flops / _seconds(product, device))
    return best


def _products(shape: _Shape, device: torch.device, dtype: torch.dtype) -> Sequence[Callable[[], Tensor]]:
    left = torch.randn(shape.rows, shape.inner, device=device).to(dtype)
    right = torch.randn(shape.inner, shape.columns, device=device).to(dtype)
    turned = right.T.contiguous()
    return (lambda: left @ right), (lambda: F.linear(left, turned))


@torch.inference_mode()
def _seconds(product: Callable[[], Tensor], device: torch.device) -> float:
    """Return the seconds of one product."""
    times = 1 if device.type == "cpu" else _QUEUED
    wait_for(device)
    started = time.perf_counter()
    for _ in range(times):
        product()
    wait_for(device)
    return (time.perf_counter() - started) / times


def wait_for(device: torch.device) -> None:
    """Wait until a device that works through a queue has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)

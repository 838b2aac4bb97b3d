"""Dropout that a CPU draws quickly: four decisions from every 64 random bits.

``torch.bernoulli_`` draws a double for every element on one core, which in fine-tuning a small model takes
as long as a third of all matrix products. Here an element is dropped where 16 random bits are below p·2¹⁶:
p is met to within 1/131072, and the scale is that of the probability which is met. The bits are
NumPy's, whose generators fill an array several times as fast as torch's; each array's seed comes from
torch's generator, so that a seed decides them as before.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.random import SFC64
from torch import Tensor, nn

_VALUES = 2**16
_own = threading.local()


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Draw from a generator of this thread's own for a while, and not from the one that all threads share."""
    _own.generator = torch.Generator().manual_seed(seed)
    try:
        yield
    finally:
        _own.generator = None


def keep_scale(shape: Sequence[int], p: float, dtype: torch.dtype) -> Tensor:
    """Return a CPU tensor of ``shape`` that holds 0 with probability p and elsewhere 1/(1 − p)."""
    dropped = min(round(p * _VALUES), _VALUES - 1)
    count = math.prod(shape)
    seed = torch.empty((), dtype=torch.int64).random_(generator=getattr(_own, "generator", None))
    words = SFC64(int(seed)).random_raw(-(-count // 4))
    # Signed 16-bit numbers begin at -2^15; in place, a comparison writes 0 and 1.
    kept = torch.from_numpy(words.view(np.int16))[:count].ge_(dropped - _VALUES // 2)
    scale = torch.tensor(_VALUES / (_VALUES - dropped), dtype=dtype)
    if dtype.itemsize == 2:
        # The bits of the scale, or none: a whole product cheaper than converting.
        return kept.mul_(scale.view(torch.int16)).view(dtype).view(*shape)
    return kept.to(dtype).mul_(scale).view(*shape)


class BitDropout(nn.Dropout):
    """``nn.Dropout`` that draws as described above where its input is on the CPU."""

    def forward(self, values: Tensor) -> Tensor:
        """values: any shape → the same shape."""
        quick = values.is_cpu and values.is_floating_point() and not self.inplace and 0 < self.p < 1
        if not quick or not self.training:
            return super().forward(values)
        return values * keep_scale(values.shape, self.p, values.dtype)


def quicken_dropout(model: nn.Module) -> int:
    """Let all plain dropout of a model draw quickly, in place; returns how many modules changed."""
    plain = [module for module in model.modules() if type(module) is nn.Dropout]
    for module in plain:
        # A class, not a new module: names, hooks and copies of the model stay as they are.
        module.__class__ = BitDropout
    return len(plain)

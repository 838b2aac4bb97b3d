"""Named random streams: every use of chance draws on a stream of its own.

Two methods with one seed thereby see the same batches, whatever else they draw.
"""

from __future__ import annotations

import hashlib
import random
from random import Random
from typing import Literal

import numpy as np
import torch

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

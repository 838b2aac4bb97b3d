"""The global generators during a check: seeded for it, and afterwards as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from erc_bench.training.process_state import RandomState

_CPU = torch.device("cpu")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of Python, numpy and torch for a while."""
    before = RandomState(torch.device("cuda") if torch.cuda.is_available() else _CPU)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    try:
        yield
    finally:
        before.restore()

"""Computing in float64 as if float32 did not exist.

Rounding decides the last digits of float32, and it differs between processors. In float64 the same training agrees to
eight digits everywhere, so that a change of meaning can be told from another machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import torch


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Compute in ``float64`` or ``float32``, on one thread, for a while."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if precision == "float64":
            with _float64():
                yield
        else:
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        # Components and core ask for float32 by name, or by Tensor.float: both mean float64 here.
        with patch.object(torch, "float32", torch.float64), patch.object(torch.Tensor, "float", torch.Tensor.double):
            yield
    finally:
        torch.set_default_dtype(before)

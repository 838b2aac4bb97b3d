"""Devices and precisions that a check tries, and how far two results may lie apart."""

from __future__ import annotations

import torch
from torch import Tensor

from erc_bench.testing.findings import NotApplicableError

CPU = torch.device("cpu")


def cuda() -> torch.device:
    """Return the CUDA device; raise :class:`NotApplicableError` where there is none."""
    if not torch.cuda.is_available():
        raise NotApplicableError("this machine has no CUDA device")
    return torch.device("cuda")


def distance(one: Tensor, other: Tensor) -> float:
    """Return the largest difference relative to the largest component, in float32 on the CPU."""
    one, other = one.detach().float().cpu(), other.detach().float().cpu()
    if not one.numel():
        return 0.0
    return float((one - other).abs().max() / one.abs().max().clamp(min=1e-6))

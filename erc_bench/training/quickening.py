"""What a device lets a language model do more quickly, with the same result."""

from __future__ import annotations

import torch
from torch import nn

from erc_bench.pretrained.kernels.attention import quicken_attention
from erc_bench.pretrained.kernels.dropout import quicken_dropout
from erc_bench.pretrained.kernels.last_layer import quicken_last_layer


def quicken(model: nn.Module, device: torch.device) -> None:
    """Change a model in place, so that it computes nothing that is not read and draws quickly.

    What comes out in evaluation stays the same but for rounding; in training on a CPU other
    elements are dropped, as with another seed.
    """
    if device.type == "cpu":
        quicken_attention(model)
    quicken_draws(model, device)
    quicken_last_layer(model)


def quicken_draws(module: nn.Module, device: torch.device) -> None:
    """Change a module in place, so that its dropout draws quickly on a CPU."""
    if device.type == "cpu":
        quicken_dropout(module)

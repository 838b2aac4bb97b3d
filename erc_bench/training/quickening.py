"""What a device lets a language model do more quickly, with the same result."""

from __future__ import annotations

import torch
from torch import nn

from erc_bench.pretrained.attention import quicken_attention
from erc_bench.pretrained.dropout import quicken_dropout
from erc_bench.pretrained.last_layer import quicken_last_layer


def quicken(model: nn.Module, device: torch.device) -> None:
    """Change a model in place, so that it computes nothing that is not read and draws quickly.

    What comes out in evaluation stays the same but for rounding; in training on a CPU other
    elements are dropped, as with another seed.
    """
    if device.type == "cpu":
        quicken_attention(model)
        quicken_dropout(model)
    quicken_last_layer(model)

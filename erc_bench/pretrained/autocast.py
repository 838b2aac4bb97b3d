"""A cast that lets attention modules with bias parameters of their own run under autocast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

_BIASES = ("q_bias", "v_bias")


def cast_attention_biases(model: nn.Module) -> int:
    """Make attention modules read their ``q_bias`` and ``v_bias`` in the type of autocast.

    DeBERTa v1 in transformers (5.17 to 5.23) adds a float32 bias to its bfloat16 queries, which makes
    them float32 again, while their product with the keys is bfloat16. It then hides padding with
    the smallest number of the *queries'* type, which bfloat16 scores cannot hold: ``value cannot be
    converted to type BFloat16 without overflow``. With the bias in the type of autocast, queries
    and scores have one type. Parameters, their names and the state dict stay as they are, in
    float32, and gradients reach them; outside autocast nothing changes.

    Returns how many modules were changed.
    """
    classes: dict[type, type] = {}
    changed = 0
    for module in model.modules():
        architecture = type(module)
        biases = [name for name in _BIASES if name in module._parameters]
        if not biases or isinstance(getattr(architecture, biases[0], None), property):
            continue
        if architecture not in classes:
            readers = {name: property(_reader(name)) for name in biases}
            classes[architecture] = type(architecture.__name__, (architecture,), readers)
        # A class, not a wrapped forward: copies of the model keep reading their own parameters.
        module.__class__ = classes[architecture]
        changed += 1
    return changed


def _reader(name: str) -> Callable[[Any], Tensor]:
    import torch

    def read(module: Any) -> Tensor:
        parameter: Tensor = module._parameters[name]
        device = parameter.device.type
        if not torch.is_autocast_enabled(device):
            return parameter
        return parameter.to(torch.get_autocast_dtype(device))

    return read

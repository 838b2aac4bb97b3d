"""Low-rank adapters (LoRA, by peft) in a language model: they train, the model stands still.

A model keeps its class, and its adapted layers their names, so that whatever runs the model runs it with adapters.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from erc_bench.contracts.adapters import AdaptedLayers
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from torch import Tensor

_ATTENTION = frozenset(
    {
        *("q_proj", "k_proj", "v_proj", "query", "key", "value", "query_proj", "key_proj", "value_proj"),
        *("c_attn", "query_key_value", "qkv_proj", "in_proj", "q_lin", "k_lin", "v_lin", "q", "k", "v"),
    }
)
"""Names of the layers that make queries, keys and values, in the architectures that are common."""
_UNREAD = "pooler"
"""What stands behind the states of tokens, which alone are read."""
_NAME = ".default."
"""What peft puts into the names of weights, and leaves out where it writes them."""
_PREFIX = "base_model.model."
"""What peft writes before the names of weights: files of adapters are as it writes them."""
_BASE = ".base_layer."
_HALF = 2
"""Bytes of a number of half precision, in which a small step is lost."""


def check_installed() -> None:
    """Raise ``ErcBenchError`` where the library of adapters is not installed."""
    if find_spec("peft") is None:
        raise ErcBenchError("adapters need peft, which is not installed", "pip install 'erc-bench[llm]'")


def add_adapters(model: Any, rank: int, alpha: int, dropout: float, layers: AdaptedLayers) -> None:
    """Put adapters in float32 into a model, which alone train; they change nothing before they have.

    Their weights are drawn from torch's generator. Raises ``ErcBenchError`` where the model has no layer of that kind.
    """
    check_installed()
    from peft import LoraConfig, inject_adapter_in_model

    names = list(_adapted(model, layers))
    if not names:
        raise ErcBenchError(
            f"the language model takes no adapters: no layer of the kind {layers!r} is known in {type(model).__name__}",
            "Give adapters to all linear layers (all-linear).",
        )
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=names)
    model.requires_grad_(False)
    try:
        with warnings.catch_warnings():
            # Of names that the library will no longer have, and of layers whose weights it turns as it must.
            warnings.simplefilter("ignore")
            inject_adapter_in_model(config, model)
    except ValueError as error:
        raise ErcBenchError(f"the language model takes no adapters: {error}", "Choose another one.") from error
    for name, weight in model.named_parameters():
        if is_adapter(name) and weight.dtype.itemsize == _HALF:
            weight.data = weight.data.float()
    # As it was: the library puts what it adds into training mode.
    model.train(model.training)


def adapter_state(model: Any) -> dict[str, Tensor]:
    """Return the adapters' weights by the names that peft writes, copies on the CPU; none where there are none."""
    return {name: weight.detach().cpu().clone().contiguous() for name, weight in _weights(model)}


def load_adapters(model: Any, state: Mapping[str, Tensor]) -> None:
    """Give the adapters these weights; raises ``ErcBenchError`` where they are those of another model."""
    own = dict(_weights(model))
    wrong = sorted(own.keys() ^ state.keys()) or [
        name for name, weight in own.items() if weight.shape != state[name].shape
    ]
    if wrong:
        said = f"the saved adapters are not those of this language model: {wrong[0]}"
        raise ErcBenchError(said, "Use the model that they were trained on.")
    for name, weight in own.items():
        weight.data.copy_(state[name])


def without_adapters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state of a model as it was before it got adapters: its own weights by their former names."""
    return {name.replace(_BASE, "."): tensor for name, tensor in state.items() if not is_adapter(name)}


def merge_adapters(model: Any) -> None:
    """Add the adapters to the weights that they stand beside, in place; nothing of them is left in the model."""
    adapted = [name for name, module in model.named_modules() if hasattr(module, "base_layer")]
    for name in adapted:
        path, _, own = name.rpartition(".")
        layer = model.get_submodule(name)
        layer.merge()
        setattr(model.get_submodule(path), own, layer.get_base_layer())


def is_adapter(name: str) -> bool:
    """Return whether a weight of a model with adapters is one of theirs, by its name."""
    return ".lora_" in name


def _weights(model: Any) -> Iterator[tuple[str, Any]]:
    for name, weight in model.named_parameters():
        if is_adapter(name):
            yield f"{_PREFIX}{name.replace(_NAME, '.')}", weight


def _adapted(model: Any, layers: AdaptedLayers) -> Iterator[str]:
    """Yield the names of the layers that get adapters, in the order in which they stand in the model."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    written = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    for name, module in model.named_modules():
        parts = name.split(".")
        known = layers == "all-linear" or parts[-1] in _ATTENTION
        if known and isinstance(module, (nn.Linear, Conv1D)) and module is not written and _UNREAD not in parts:
            yield name

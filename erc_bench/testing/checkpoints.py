"""A module's state written as safetensors and JSON, and read back: anything outside it is lost."""

from __future__ import annotations

import json
from typing import Any

from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.modules.module import _EXTRA_STATE_KEY_SUFFIX

State = dict[str, Any]


def written_and_read(module: nn.Module, name: str) -> State:
    """Return a module's state after a way through bytes that hold no pickle.

    Tensors go through safetensors; extra state (``get_extra_state``) is a tensor or goes through JSON.
    Raises ``AssertionError`` naming a value that can be neither.
    """
    tensors, texts = {}, {}
    for key, value in module.state_dict().items():
        if isinstance(value, Tensor):
            # Tensors that share memory are two tensors in a file.
            tensors[key] = value.detach().cpu().contiguous().clone()
        else:
            texts[key] = _as_json(value, f"{name}: its state {key!r}")
    return {**load(save(tensors)), **{key: json.loads(text) for key, text in texts.items()}}


def take_over(module: nn.Module, state: State) -> None:
    """Load a state into a fresh module, including entries that the fresh one does not have yet.

    A buffer or parameter that is ``None`` until a fit, or that a fit makes larger, takes the stored value.
    """
    for key, value in state.items():
        if isinstance(value, Tensor) and not key.endswith(_EXTRA_STATE_KEY_SUFFIX):
            _make_room(module, key, value)
    module.load_state_dict(state)


def size_of(state: State) -> str:
    """Say how much a state holds."""
    tensors = [value for value in state.values() if isinstance(value, Tensor)]
    others = len(state) - len(tensors)
    numbers = sum(tensor.numel() for tensor in tensors)
    return f"{len(tensors)} tensor(s) of {numbers} number(s)" + (f" and {others} other value(s)" if others else "")


def _as_json(value: Any, what: str) -> str:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what} is a {type(value).__name__}, which only a pickle could hold ({error})") from error
    assert json.loads(text) == value, f"{what} does not come back from JSON as it was"
    return text


def _make_room(module: nn.Module, key: str, value: Tensor) -> None:
    path, _, name = key.rpartition(".")
    owner = module.get_submodule(path)
    if name in owner._parameters and _differs(owner._parameters[name], value):
        owner._parameters[name] = nn.Parameter(value.clone())
    if name in owner._buffers and _differs(owner._buffers[name], value):
        owner._buffers[name] = value.clone()


def _differs(present: Tensor | None, value: Tensor) -> bool:
    return present is None or present.shape != value.shape

"""The state of a module as tensors and JSON, and the way back into a module that was built anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.losses import RandomStream
from erc_bench.errors import ErcBenchError

_SHOWN = 3


def taken_apart(
    module: nn.Module, what: str, leave_out: tuple[str, ...] = ()
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors of a module's state, and its extra state by name; none whose name begins as ``leave_out``.

    Raises :class:`ErcBenchError` for extra state that JSON cannot hold as it is.
    """
    state = _answering_state(module)
    kept = {name: value for name, value in state.items() if not name.startswith(leave_out)}
    tensors = {name: value for name, value in kept.items() if isinstance(value, Tensor)}
    extra = {name: _as_json(value, name, what) for name, value in kept.items() if name not in tensors}
    return _stored_apart(tensors), extra


def _answering_state(module: nn.Module) -> dict[str, Any]:
    """Return a module's state but for streams of chance, which belong to a training and not to its model."""
    streams = tuple(f"{name}." for name, part in module.named_modules() if isinstance(part, RandomStream))
    return {name: value for name, value in module.state_dict().items() if not name.startswith(streams)}


def _as_json(value: Any, name: str, what: str) -> Any:
    try:
        again = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        again = None
    # A tuple comes back as a list, a number as the name of a member: no longer the state of the module.
    if value is not None and (again != value or type(again) is not type(value)):
        raise ErcBenchError(
            f"{what} cannot be saved: its extra state {name!r} is not JSON ({type(value).__name__})",
            "get_extra_state must return objects, lists, texts and finite numbers, or a tensor.",
        )
    return again


def _stored_apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors on the CPU, none of which shares memory with another, as safetensors wants them."""
    seen: set[int] = set()
    apart = {}
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        storage = plain.untyped_storage().data_ptr()
        # A view of a larger storage would be written whole.
        part = storage in seen or plain.untyped_storage().nbytes() != plain.numel() * plain.element_size()
        apart[name] = plain.clone() if part else plain
        seen.add(storage)
    return apart


def put_back(
    module: nn.Module, tensors: Mapping[str, Tensor], extra: Mapping[str, Any], what: str, grows: bool = False
) -> None:
    """Give a module that was built anew the state that :func:`taken_apart` returned.

    ``grows``: a tensor that is not there yet is made where its owner is; a classifier has none before it is fitted.
    Raises :class:`ErcBenchError` for a name or a shape that does not fit.
    """
    if grows:
        for name in tensors.keys() - module.state_dict().keys():
            _make_room(module, name, tensors[name], what)
    expected = _answering_state(module)
    given = {**tensors, **extra}
    _refuse(what, "lacks", expected.keys() - given.keys())
    _refuse(what, "has no place for", given.keys() - expected.keys())
    for name, tensor in tensors.items():
        own = expected[name]
        if isinstance(own, Tensor) and own.shape != tensor.shape:
            raise ErcBenchError(
                f"{what} does not fit: {name} is {tuple(tensor.shape)} as saved and {tuple(own.shape)} here"
            )
    try:
        # Names were compared above: a stream of chance goes on as the fresh module has it.
        module.load_state_dict(given, strict=False)
    except Exception as error:  # a component may do anything with its extra state
        reason = " ".join(str(error).split())[:200]
        raise ErcBenchError(f"{what} cannot take its saved state: {reason}") from error


def _make_room(module: nn.Module, name: str, tensor: Tensor, what: str) -> None:
    path, _, own = name.rpartition(".")
    try:
        owner = module.get_submodule(path)
    except AttributeError:
        _refuse(what, "has no place for", [name])
        return
    if own in owner._parameters:
        owner.register_parameter(own, nn.Parameter(torch.empty_like(tensor, device=_device(module)), False))
        return
    if own in vars(owner) and vars(owner)[own] is None:
        delattr(owner, own)
    if own not in owner._buffers and hasattr(owner, own):
        _refuse(what, "has no place for", [name])
    owner.register_buffer(own, torch.empty_like(tensor, device=_device(module)))


def _device(module: nn.Module) -> torch.device:
    return next((tensor.device for tensor in module.state_dict().values() if isinstance(tensor, Tensor)), _CPU)


_CPU = torch.device("cpu")


def _refuse(what: str, verb: str, names: Iterable[str]) -> None:
    wrong = sorted(names)
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ErcBenchError(
            f"{what} does not fit what was saved: it {verb} {', '.join(wrong[:_SHOWN])}{more}",
            "State that a component gains while it trains must be parameters or buffers of its own; "
            "submodules are built in __init__ or start.",
        )

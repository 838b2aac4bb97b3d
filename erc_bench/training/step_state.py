"""The state at the start of a step, so that it can begin again as if nothing had happened."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from erc_bench.contracts.objective import Objective
from erc_bench.training.composition import Composition
from erc_bench.training.process_state import RandomState

_Return = Callable[[], Any]
"""Gives a thing back as it was when it was looked at; may be called again."""


class StepState:
    """State that an abandoned step may have changed; taken before it, and put back when it is tried again.

    Chance, buffers and extra state; and plain attributes of objective and head, for a loss may
    note a batch until the step is made. Parameters are copied where the objective has a ``step`` of its
    own, which alone may move them. The language model changes in no pass.
    """

    def __init__(self, composition: Composition) -> None:
        self._random = RandomState(composition.row_encoder.device)
        noting = [*composition.objective.modules(), *composition.head.modules()]
        own = [*noting, *_beside_language_model(composition)]
        self._returns = [_buffers(module) for module in own]
        self._returns += [_attributes(module) for module in noting]
        self._returns += [_extra_state(module) for module in own if _has_extra_state(module)]
        if type(composition.objective).step is not Objective.step:
            trained = [parameter for parameter in composition.modules.parameters() if parameter.requires_grad]
            self._returns += [_tensor(parameter) for parameter in trained]

    def restore(self) -> None:
        """Put everything back."""
        with torch.no_grad():
            for give_back in self._returns:
                give_back()
        self._random.restore()


def _beside_language_model(composition: Composition) -> list[nn.Module]:
    inner = {id(module) for module in composition.encoder.language_model.modules()}
    return [module for module in composition.encoder.modules() if id(module) not in inner]


def _buffers(module: nn.Module) -> _Return:
    return _returns(module._buffers)


_OF_EVERY_MODULE = frozenset(nn.Module().__dict__)


def _attributes(module: nn.Module) -> _Return:
    own = {name: _returns(value) for name, value in module.__dict__.items() if name not in _OF_EVERY_MODULE}

    def give_back() -> None:
        for name in module.__dict__.keys() - _OF_EVERY_MODULE - own.keys():
            delattr(module, name)
        module.__dict__.update({name: give() for name, give in own.items()})

    return give_back


def _has_extra_state(module: nn.Module) -> bool:
    return type(module).get_extra_state is not nn.Module.get_extra_state


def _extra_state(module: nn.Module) -> _Return:
    state = deepcopy(module.get_extra_state())
    return lambda: module.set_extra_state(deepcopy(state))


def _returns(value: Any) -> _Return:
    """Return a function that restores a value's present content: the same object, changed in place."""
    for kind, look in _LOOKS.items():
        if isinstance(value, kind):
            return look(value)
    return lambda: value


def _tensor(tensor: Tensor) -> _Return:
    content = tensor.detach().clone()
    return lambda: tensor.copy_(content)


def _plain_tensor(tensor: Tensor) -> _Return:
    # A parameter is a tensor that trains, and nobody changes a tensor in place that has a graph.
    return (lambda: tensor) if tensor.requires_grad else _tensor(tensor)


def _sequence(items: list[Any] | deque[Any]) -> _Return:
    returns = [_returns(item) for item in items]

    def give_back() -> Any:
        items.clear()
        items.extend([give() for give in returns])
        return items

    return give_back


def _tuple(items: tuple[Any, ...]) -> _Return:
    returns = [_returns(item) for item in items]

    def give_back() -> Any:
        for give in returns:
            give()
        return items

    return give_back


def _mapping(items: dict[Any, Any]) -> _Return:
    returns = {key: _returns(item) for key, item in items.items()}

    def give_back() -> Any:
        items.clear()
        items.update({key: give() for key, give in returns.items()})
        return items

    return give_back


def _set(items: set[Any]) -> _Return:
    content = set(items)

    def give_back() -> Any:
        items.clear()
        items.update(content)
        return items

    return give_back


def _torch_generator(generator: torch.Generator) -> _Return:
    state = generator.get_state()
    return lambda: generator.set_state(state)


def _python_generator(generator: random.Random) -> _Return:
    state = generator.getstate()

    def give_back() -> random.Random:
        generator.setstate(state)
        return generator

    return give_back


def _numpy_generator(generator: np.random.Generator) -> _Return:
    state = deepcopy(generator.bit_generator.state)

    def give_back() -> np.random.Generator:
        generator.bit_generator.state = state
        return generator

    return give_back


_LOOKS: dict[type | tuple[type, ...], Callable[[Any], _Return]] = {
    Tensor: _plain_tensor,
    (list, deque): _sequence,
    tuple: _tuple,
    dict: _mapping,
    set: _set,
    torch.Generator: _torch_generator,
    random.Random: _python_generator,
    np.random.Generator: _numpy_generator,
}

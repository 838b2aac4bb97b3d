"""The state at the start of a step, so that it can begin again as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import nn

from erc_bench.contracts.objective import Objective
from erc_bench.training.composition import Composition
from erc_bench.training.process_state import RandomState


class StepState:
    """State that an abandoned step may have changed; taken before it, and put back when it is tried again.

    The process's chance, and buffers and extra state of what the step runs through. Parameters are copied
    where the objective has a ``step`` of its own, which alone may move them. The language model changes in no pass.
    """

    def __init__(self, composition: Composition) -> None:
        self._random = RandomState(composition.row_encoder.device)
        trained = [*composition.objective.modules(), *composition.head.modules()]
        self._modules = ModuleState([*trained, *_beside_language_model(composition)])
        moves = type(composition.objective).step is not Objective.step
        parameters = [p for p in composition.modules.parameters() if p.requires_grad] if moves else []
        self._parameters = [(parameter, parameter.detach().clone()) for parameter in parameters]

    @torch.no_grad()
    def restore(self) -> None:
        """Put everything back; may be called again."""
        for parameter, content in self._parameters:
            parameter.copy_(content)
        self._modules.restore()
        self._random.restore()


class ModuleState:
    """Buffers and extra state of modules: all that a pass may change in them. ``check`` refuses the rest."""

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        every = list(modules)
        self._buffers = [(module._buffers, dict(module._buffers)) for module in every]
        tensors = [buffer for _, buffers in self._buffers for buffer in buffers.values() if buffer is not None]
        self._contents = [(tensor, tensor.detach().clone()) for tensor in tensors]
        stateful = [module for module in every if type(module).get_extra_state is not nn.Module.get_extra_state]
        self._extra = [(module, deepcopy(module.get_extra_state())) for module in stateful]

    @torch.no_grad()
    def restore(self) -> None:
        """Put everything back, a buffer as the tensor that it was; may be called again."""
        for buffers, kept in self._buffers:
            buffers.clear()
            buffers.update(kept)
        for tensor, content in self._contents:
            tensor.copy_(content)
        for module, state in self._extra:
            module.set_extra_state(deepcopy(state))


def _beside_language_model(composition: Composition) -> list[nn.Module]:
    inner = {id(module) for model in composition.encoder.models().values() for module in model.modules()}
    return [module for module in composition.encoder.modules() if id(module) not in inner]

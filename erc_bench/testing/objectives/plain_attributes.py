"""The check that an objective and its head keep what changes in a step where the trainer can put it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from random import Random
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from erc_bench.testing.findings import Check
from erc_bench.testing.objectives.started_objective import (
    SEED,
    ObjectiveSubject,
    StartedObjective,
    ToyStep,
    begun,
    toy_encoder,
    train,
)
from erc_bench.testing.seeded_generators import seeded
from erc_bench.training.step_state import ModuleState

_STEPS = 2
_GENERATORS = (torch.Generator, Random, np.random.Generator, np.random.RandomState)
_CONTAINERS = (list, deque, dict, set, tuple)
_VALUES = (bool, int, float, complex, str, bytes, type(None))
_BY_NAME = (type, FunctionType, BuiltinFunctionType, ModuleType)
_OF_EVERY_MODULE = frozenset(nn.Module().__dict__)


def _plain_attributes(subject: ObjectiveSubject) -> str:
    # What a pass leaves behind may be gone after `after_step`: an abandoned step never gets so far.
    for run in (_pass, _steps):
        trial = begun(subject)
        before, state = _contents(trial), ModuleState([*trial.objective.modules(), *trial.head.modules()])
        run(trial)
        state.restore()
        after = _contents(trial)
        for name in after | before:
            assert after.get(name) == before.get(name), (
                f"a step changes the plain attribute {name}, which nobody puts back when a step that ran out of "
                f"memory is tried again: {_remedy(name, dict(_attributes(trial)).get(name))}"
            )
    return f"{len(before)} plain attributes are as before, once buffers and extra state are put back"


def _pass(trial: StartedObjective) -> None:
    with seeded(SEED):
        trial.objective.step(ToyStep(trial, toy_encoder(trial), Random(SEED)))


def _steps(trial: StartedObjective) -> None:
    train(trial, toy_encoder(trial), _STEPS)


def _attributes(trial: StartedObjective) -> Iterator[tuple[str, Any]]:
    """Yield the plain attributes of objective and head by name; of torch's own modules only torch knows them."""
    for owner, root in (("objective", trial.objective), ("head", trial.head)):
        for path, module in root.named_modules():
            if not type(module).__module__.startswith("torch."):
                for name, value in vars(module).items():
                    if name not in _OF_EVERY_MODULE:
                        yield ".".join(filter(None, (owner, path, name))), value


def _contents(trial: StartedObjective) -> dict[str, Any]:
    known: dict[int, tuple[Any, Any]] = {}
    for root in (trial.objective, trial.head):
        # What a module registers trains, or is compared elsewhere: a reference to it is no state.
        for registered in (*root.modules(), *root.parameters(), *root.buffers()):
            known[id(registered)] = registered, id(registered)
    return {name: _content(value, known) for name, value in _attributes(trial)}


def _content(value: Any, known: dict[int, tuple[Any, Any]]) -> Any:
    """Return something that is equal for equal content; ``known`` holds what was met, with its content."""
    if isinstance(value, _VALUES):
        return type(value), value
    if id(value) not in known:
        known[id(value)] = value, "met on the way to itself"
        known[id(value)] = value, (type(value), *_parts(value, known))
    return known[id(value)][1]


def _parts(value: Any, known: dict[int, tuple[Any, Any]]) -> Iterable[Any]:
    if isinstance(value, _BY_NAME):
        return [id(value)]
    if isinstance(value, Tensor):
        plain = value.detach().cpu().contiguous().view(-1)
        return [value.dtype, tuple(value.shape), plain.view(torch.uint8).numpy().tobytes() if len(plain) else b""]
    if type(value) is dict:
        return [(_content(key, known), _content(item, known)) for key, item in value.items()]
    if type(value) in (list, tuple):
        return [_content(item, known) for item in value]
    try:
        # As it is pickled or copied: generators, arrays, counters and objects of a component's own alike.
        reduced = value.__reduce_ex__(4)
    except Exception:  # foreign code, or nothing that can be copied
        return [repr(value)]
    iterators = [] if isinstance(reduced, str) else [list(each) for each in reduced[3:5] if each is not None]
    return [_content(reduced if isinstance(reduced, str) else tuple(reduced[:3]), known), _content(iterators, known)]


def _remedy(name: str, value: Any) -> str:
    own = name.rpartition(".")[2]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, _CONTAINERS) else [value]
    if any(isinstance(item, _GENERATORS) for item in items):
        return "draw on the generator of an erc.RandomStream, a module that keeps its position"
    if isinstance(value, _CONTAINERS):
        return "what waits for after_step belongs in erc.PendingBatches, what stays in a buffer or get_extra_state"
    return f"keep it in a buffer (self.register_buffer({own!r}, torch.tensor(...))) or in get_extra_state"


PLAIN_ATTRIBUTE_CHECKS: tuple[Check[ObjectiveSubject], ...] = (
    Check(
        "plain attributes",
        f"A pass, and {_STEPS} steps, after which buffers and extra state of objective and head are put back; what "
        "else they hold is compared with what it was.",
        "A list, a counter or a generator in a plain attribute keeps what an abandoned step left in it: on a smaller "
        "GPU the same seed gives another number, and a chosen epoch is restored without it.",
        _plain_attributes,
    ),
)

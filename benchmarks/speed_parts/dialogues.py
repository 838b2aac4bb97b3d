"""What a network over dialogues costs: a batch side by side, one dialogue after the other, and the obvious loop.

The obvious loop is that of the tests, over dialogues and turns (``by_loop``), on a few dialogues. *Alone* is the
product's network on one dialogue after the other: it still takes all turns at once where it can.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch
from speed_parts.cells import Source, assembly, frozen_plan, read_data
from torch import Tensor

from erc_bench.contracts.dialogue_encoder import DialogueEncoder
from erc_bench.contracts.encoder import EncoderBatch, Example
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.training.workspace import Workspace

_TESTS = Path(__file__).parents[2] / "tests" / "plugins" / "encoders"
_REPEATS = 3
_LOOPED = 4
"""Dialogues that the obvious loop is tried on."""


@dataclass(frozen=True)
class DialogueCost:
    """Microseconds of forward and backward for each of the batch's ``turns``; medians, all in turn, on one thread."""

    method: str
    dialogues: int
    turns: int
    loop: float
    alone: float
    together: float
    loop_ratio: float
    alone_ratio: float


def dialogue_costs(quick: bool, source: Source) -> list[DialogueCost]:
    """Measure every method whose encoder reads whole dialogues, at its batch size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as frozen training does
    try:
        return [_cost(name, quick, source) for name in _methods()]
    finally:
        torch.set_num_threads(threads)


def _methods() -> list[str]:
    catalogue = Catalogue()
    encoders = {
        name: method.choices.get("encoder", "prompt")
        for name in catalogue.entries("method")
        if (method := catalogue.get("method", name)).system is None
    }
    read = {name: catalogue.get("encoder", encoder) for name, encoder in encoders.items()}
    return [name for name, component in read.items() if issubclass(component, DialogueEncoder)]


def _cost(method: str, quick: bool, source: Source) -> DialogueCost:
    plan = frozen_plan(source, method, ("upstream=none",))
    data = read_data(source)
    encoder, _ = assembly(plan, data, Workspace(source.device)).load()
    size = int(plan.resolved.values["training.batch_size"]) * int(plan.resolved.values["training.accumulation"])
    dialogues = data.train[:size]
    examples = [Example(dialogue, dialogue.targets()) for dialogue in dialogues]
    states = [torch.randn(len(each.utterances), encoder.state_dim, dtype=torch.float64) for each in dialogues]

    def together() -> Tensor:
        return _loss(encoder, examples, states)

    def alone() -> Tensor:
        losses = [_loss(encoder, [example], [own]) for example, own in zip(examples, states, strict=True)]
        return torch.stack(losses).sum()

    by_loop = _obvious_loop(plan.choices()["encoder"])

    def looped() -> Tensor:
        each = [by_loop(encoder, d, own) for d, own in zip(dialogues[:_LOOPED], states, strict=False)]
        return torch.cat(each).square().sum()

    turns, few = sum(map(len, states)), sum(map(len, states[:_LOOPED]))
    taken: dict[Callable[[], Tensor], list[float]] = {looped: [], alone: [], together: []}
    for _ in range(1 if quick else _REPEATS):
        for side, seconds in taken.items():
            seconds.append(1e6 * _seconds(encoder, side) / (few if side is looped else turns))
    loop, one, all_ = (statistics.median(seconds) for seconds in taken.values())
    return DialogueCost(method, len(dialogues), turns, loop, one, all_, loop / all_, one / all_)


def _obvious_loop(encoder: str) -> Any:
    path = _TESTS / f"test_{encoder.replace('-', '_')}.py"
    specification = spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.by_loop


def _loss(encoder: Any, examples: list[Example], states: list[Tensor]) -> Tensor:
    encoded = encoder(torch.cat(states), EncoderBatch(examples, [len(own) for own in states]))
    return encoded.z.square().sum()  # type: ignore[no-any-return]


def _seconds(encoder: Any, loss: Callable[[], Tensor]) -> float:
    encoder.zero_grad()
    started = time.perf_counter()
    loss().backward()  # type: ignore[no-untyped-call]
    return time.perf_counter() - started

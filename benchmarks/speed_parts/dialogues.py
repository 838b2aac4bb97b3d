"""What a network over dialogues costs: a batch side by side, one dialogue after the other, and the obvious loop.

The obvious loop is that of the tests, over dialogues and turns, on a few dialogues; the LSTMs of DialogueCRN and SACL
read a whole dialogue in one call of torch there, all others are loops over turns. *Alone* is the product's network on
one dialogue after the other: it still takes all turns at once where it can.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from speed_parts.cells import Source, assembly, frozen_plan, read_data
from speed_parts.obvious_loops import obvious_loop
from torch import Tensor

from erc_bench.contracts.dialogue_encoder import DialogueEncoder
from erc_bench.contracts.encoder import EncoderBatch, Example
from erc_bench.contracts.types import Dialogue
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.training.file_features import FileFeatures
from erc_bench.training.workspace import Workspace

_REPEATS = 5
_LOOPED = 4
"""Dialogues that the obvious loop is tried on."""
_WIDTHS = {"commonsense": 3840, "audio": 300, "visual": 342}
"""Numbers of a turn in each feature: COSMIC's, and those of MMGCN on MELD."""


@dataclass(frozen=True)
class DialogueCost:
    """Microseconds of forward and backward for each of the batch's ``turns``; medians, all in turn, on one thread.

    They are the processor's: what others do on the machine in between does not count.
    """

    method: str
    dialogues: int
    turns: int
    loop: float
    alone: float
    together: float
    loop_ratio: float
    alone_ratio: float


@dataclass(frozen=True)
class Read:
    """One dialogue as an encoder reads it: (turns, dim) states, and (turns, width) of each feature."""

    dialogue: Dialogue
    states: Tensor
    features: dict[str, Tensor]


def dialogue_costs(quick: bool, source: Source, methods: Sequence[str] = ()) -> list[DialogueCost]:
    """Measure every method whose encoder reads whole dialogues, or some of them, at its batch size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as frozen training does
    try:
        return [_cost(name, quick, source) for name in methods or _methods()]
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


def made(method: str, source: Source) -> tuple[Any, list[Read], str]:
    """Return the float64 encoder of a method, the dialogues of a batch of its size, and the name of the encoder."""
    plan = frozen_plan(source, method, ("upstream=none",))
    data = read_data(source)
    unread: dict[str, Any] = {name: {} for name in _WIDTHS}
    data = replace(data, features=FileFeatures(_WIDTHS, unread))
    encoder, _ = assembly(plan, data, Workspace(source.device)).load()
    size = int(plan.resolved.values["training.batch_size"]) * int(plan.resolved.values["training.accumulation"])
    read = [
        Read(
            dialogue,
            _noise(dialogue, encoder.state_dim),
            {n: _noise(dialogue, w) for n, w in encoder.feature_dims.items()},
        )
        for dialogue in data.train[:size]
    ]
    return encoder, read, plan.choices()["encoder"]


def represented(encoder: Any, read: Sequence[Read]) -> Tensor:
    """Return (turns, dim), the representations of dialogues side by side, behind them the encoder's own logits."""
    examples = [Example(each.dialogue, tuple(range(len(each.states)))) for each in read]
    features = {name: [each.features[name] for each in read] for name in encoder.feature_dims}
    batch = EncoderBatch(examples, [len(each.states) for each in read], features=features)
    encoded = encoder(torch.cat([each.states for each in read]), batch)
    return encoded.z if encoded.logits is None else torch.cat([encoded.z, encoded.logits], -1)


def _cost(method: str, quick: bool, source: Source) -> DialogueCost:
    encoder, read, name = made(method, source)
    by_loop = obvious_loop(name)

    def together() -> Tensor:
        return represented(encoder, read).square().sum()

    def alone() -> Tensor:
        return torch.stack([represented(encoder, [each]).square().sum() for each in read]).sum()

    few = read[: 1 if quick else _LOOPED]

    def looped() -> Tensor:
        return torch.cat([by_loop(encoder, each.dialogue, each.states, each.features) for each in few]).square().sum()

    turns, fewer = (sum(len(each.states) for each in some) for some in (read, few))
    taken: dict[Callable[[], Tensor], list[float]] = {looped: [], alone: [], together: []}
    for _ in range(1 if quick else _REPEATS):
        for side, seconds in taken.items():
            seconds.append(1e6 * _seconds(encoder, side) / (fewer if side is looped else turns))
    loop, one, all_ = (statistics.median(seconds) for seconds in taken.values())
    return DialogueCost(method, len(read), turns, loop, one, all_, loop / all_, one / all_)


def _noise(dialogue: Dialogue, width: int) -> Tensor:
    return torch.randn(len(dialogue.utterances), width, dtype=torch.float64)


def _seconds(encoder: Any, loss: Callable[[], Tensor]) -> float:
    encoder.zero_grad()
    started = time.process_time()
    loss().backward()  # type: ignore[no-untyped-call]
    return time.process_time() - started

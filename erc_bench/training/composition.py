"""The standard system: encoder, objective and head, put together for one cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from erc_bench.contracts.encoder import Encoded, Encoder
from erc_bench.contracts.language_models import MAIN
from erc_bench.contracts.objective import Objective
from erc_bench.contracts.task import Outputs, View
from erc_bench.training.micro_batches import MicroBatches
from erc_bench.training.prepared import ModelRows, PreparedSplit
from erc_bench.training.row_states import RowEncoder, set_training


class MomentumEncoder:
    """A copy of an encoder that follows it without gradients of its own.

    Parts that do not train (a frozen backbone, its lower layers, the tokenizer) are shared, not copied.
    """

    def __init__(self, encoder: Encoder, row_encoder: RowEncoder, momentum: float) -> None:
        self.momentum = momentum
        self.encoder = _slow_copy(encoder)
        self.row_encoder = row_encoder.around(self.encoder.models())
        # Listed once: walking a language model takes longer than a step on frozen states.
        self._moving = _apart(self.encoder.parameters(), encoder.parameters())
        self._taken_over = _apart(self.encoder.buffers(), encoder.buffers())

    def take_mode(self, encoder: Encoder) -> None:
        """Be in training mode where the encoder is: its dropout makes a view of its own."""
        for slow, fast in zip(self.encoder.modules(), encoder.modules(), strict=True):
            slow.training = fast.training

    @torch.no_grad()
    def follow(self) -> None:
        """Move towards the encoder by one step: θ' ← m·θ' + (1 - m)·θ; buffers are taken over."""
        for slow, fast in self._moving:
            slow.lerp_(fast, 1 - self.momentum)
        for kept, current in self._taken_over:
            kept.copy_(current)


def _apart(copies: Iterable[Tensor], originals: Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Return the pairs that are not one and the same tensor."""
    return [pair for pair in zip(copies, originals, strict=True) if pair[0] is not pair[1]]


def _slow_copy(encoder: Encoder) -> Encoder:
    fixed: list[nn.Parameter] = [parameter for parameter in encoder.parameters() if not parameter.requires_grad]
    tokenizers = [further.tokenizer for further in encoder.further_backbones.values()]
    shared = {id(thing): thing for thing in (*fixed, encoder.tokenizer, *tokenizers)}
    copy = deepcopy(encoder, shared)
    for parameter in copy.parameters():
        # A shared parameter does not train either.
        parameter.requires_grad_(False)
    return copy


T = TypeVar("T")

EVALUATION_BATCH = 512
"""Examples that are encoded together when nothing trains; they only share their sorting by length."""


@dataclass(eq=False)
class Composition:
    """The modules of a cell and the one way in which a batch goes through them.

    ``outputs_of`` makes outputs of their fields, with what is the same for every batch.
    """

    encoder: Encoder
    objective: Objective
    head: nn.Module
    row_encoder: RowEncoder
    outputs_of: Callable[..., Outputs] = Outputs
    micro_batches: MicroBatches = field(default_factory=MicroBatches)
    precision: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        self.modules = nn.ModuleDict({"encoder": self.encoder, "objective": self.objective, "head": self.head})
        momentum = self.objective.momentum
        shared = {id(parameter) for module in (self.encoder, self.objective) for parameter in module.parameters()}
        self.own_head = [p for p in self.head.parameters() if p.requires_grad and id(p) not in shared]
        """The trained parameters of the head that are its alone: encoder and objective do not hold them as well."""
        self._slow = None if momentum is None else MomentumEncoder(self.encoder, self.row_encoder, momentum)

    def outputs(self, split: PreparedSplit, indices: Sequence[int], views: int = 1) -> Outputs:
        """Encode a batch of examples, as often as the objective wants views of it."""
        first = self._encode(split, indices)
        passes = [first, *(self._further_view(split, indices) for _ in range(views - 1))]
        projected, anchors = self.objective.project_with_anchors(first.z)
        projections = [projected, *(self.objective.project(encoded.z) for encoded in passes[1:])]
        return self.outputs_of(
            z=first.z,
            projected=projected,
            logits=self.head(first.z) if first.logits is None else first.logits,
            labels=split.batch_labels(indices),
            keys=split.keys(indices),
            head=self.head,
            anchors=anchors,
            views=tuple(View(e.z, projected) for e, projected in zip(passes, projections, strict=True)),
            extras=first.extras,
            encoded_terms=first.terms,
        )

    def represent(self, split: PreparedSplit, on_batch: Callable[[], None] = lambda: None) -> Outputs:
        """Encode a whole split in evaluation mode, without gradients."""
        self.set_training(False)
        with torch.no_grad():
            parts = []
            for indices in batches(range(len(split)), EVALUATION_BATCH):
                parts.append(self._encode(split, indices))
                on_batch()
            return self._joined(split, parts)

    def set_training(self, training: bool) -> None:
        """Put everything that trains into training mode, or all into evaluation mode."""
        self.modules.train(training)
        for model in self.encoder.models().values():
            set_training(model, training)
        if self._slow is not None:
            self._slow.take_mode(self.encoder)

    def after_step(self) -> None:
        """Let everything follow that follows the parameters."""
        if self._slow is not None:
            self._slow.follow()
        self.objective.after_step()

    def trainable_state(self) -> dict[str, Any]:
        """Return a copy, on the CPU, of all that training changes."""
        frozen = {name for name, parameter in self.modules.named_parameters() if not parameter.requires_grad}
        state = self.modules.state_dict()
        return {name: _copy(value) for name, value in state.items() if name not in frozen}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state that ``trainable_state`` gave."""
        self.modules.load_state_dict(state, strict=False)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Return all parameters, each once, by the learning rate that is theirs.

        Parameters of the encoder's group ``encoder`` are the backbone's; everything else is the head's.
        """
        backbone = {id(parameter) for parameter in self.encoder.parameter_groups()["encoder"]}
        groups: dict[str, list[nn.Parameter]] = {"encoder": [], "head": []}
        for parameter in self.modules.parameters():
            groups["encoder" if id(parameter) in backbone else "head"].append(parameter)
        return groups

    def _further_view(self, split: PreparedSplit, indices: Sequence[int]) -> Encoded:
        if self._slow is None:
            return self._encode(split, indices)
        with torch.no_grad():
            return self._encode(split, indices, self._slow)

    def _encode(
        self, split: PreparedSplit, indices: Sequence[int], by: Composition | MomentumEncoder | None = None
    ) -> Encoded:
        by = by or self
        states = {role: self._states(rows, indices, by.row_encoder.of(role)) for role, rows in split.by_model.items()}
        main = states.pop(MAIN)
        # Side by side with the encoder's own modules, whichever of the language models are frozen.
        further = {role: own.to(self.precision) for role, own in states.items()}
        main = main.to(self.precision) if further else main
        encoded: Encoded = by.encoder(main, split.batch(indices, further, main.dtype))
        return encoded

    def _states(self, rows: ModelRows, indices: Sequence[int], row_encoder: RowEncoder) -> Tensor:
        if rows.states is not None:
            return rows.frozen_states(indices).to(self.precision)
        return self.micro_batches.encode(row_encoder, rows.of(indices), len(indices))

    def _joined(self, split: PreparedSplit, parts: Sequence[Encoded]) -> Outputs:
        z = torch.cat([part.z for part in parts])
        logits = [part.logits for part in parts if part.logits is not None]
        projected = self.objective.project(z)
        return self.outputs_of(
            z=z,
            projected=projected,
            logits=torch.cat(logits) if logits else self.head(z),
            labels=split.labels,
            keys=split.keys(range(len(split))),
            head=self.head,
            anchors=self.objective.anchors(),
            views=(View(z, projected),),
            extras={name: torch.cat([part.extras[name] for part in parts]) for name in parts[0].extras},
        )


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into batches, the last one possibly smaller."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _copy(value: Any) -> Any:
    # A module's extra state is an object of its own making, which it may go on changing.
    return value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else deepcopy(value)

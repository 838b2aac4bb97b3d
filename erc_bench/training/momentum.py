"""The encoder's slow copy, from which an objective may want its further views."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn

from erc_bench.contracts.encoder import Encoder
from erc_bench.training.row_states import RowEncoder


class MomentumEncoder:
    """A copy of an encoder that follows it and has no gradients of its own.

    What does not train (a frozen backbone, its lower layers, the tokenizer) is shared, not copied.
    """

    def __init__(self, encoder: Encoder, row_encoder: RowEncoder, momentum: float) -> None:
        self.momentum = momentum
        self.encoder = _slow_copy(encoder)
        self.row_encoder = RowEncoder(
            self.encoder.language_model, row_encoder.pad_id, row_encoder.device, row_encoder.precision
        )
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
    shared = {id(thing): thing for thing in (*fixed, encoder.tokenizer)}
    copy = deepcopy(encoder, shared)
    for parameter in copy.parameters():
        # A shared parameter does not train either.
        parameter.requires_grad_(False)
    return copy

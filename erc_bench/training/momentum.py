"""The encoder's slow copy, from which an objective may want its further views."""

from __future__ import annotations

from copy import deepcopy

from torch import nn

from erc_bench.contracts.encoder import Encoder
from erc_bench.memory import follow
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

    def take_mode(self, encoder: Encoder) -> None:
        """Be in training mode where the encoder is: its dropout makes a view of its own."""
        for slow, fast in zip(self.encoder.modules(), encoder.modules(), strict=True):
            slow.training = fast.training

    def follow(self, encoder: Encoder) -> None:
        """Move towards the encoder by one step."""
        follow(self.encoder, encoder, self.momentum)


def _slow_copy(encoder: Encoder) -> Encoder:
    fixed: list[nn.Parameter] = [parameter for parameter in encoder.parameters() if not parameter.requires_grad]
    shared = {id(thing): thing for thing in (*fixed, encoder.tokenizer)}
    copy = deepcopy(encoder, shared)
    for parameter in copy.parameters():
        # A shared parameter does not train either.
        parameter.requires_grad_(False)
    return copy

"""The language model's work on a batch, a few examples at a time, with the gradients of the whole batch.

A contrastive loss compares all examples of a batch, so it cannot be summed over parts of it. GradCache (Gao
et al. 2021, arXiv:2101.06983) encodes the parts without keeping activations, computes the loss on
all representations, and encodes each part again, with its dropout, when the gradient of its representations
is known. Memory is that of one part; the price is a second forward pass.

Only the language model's work is taken apart, whose token rows know nothing of each other. The
encoder's own modules, the head and the loss see the whole batch: whatever mixes rows, examples or views
there, or averages over them, is exact without a rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.encoder import TokenRow
from erc_bench.errors import ErcBenchError
from erc_bench.training.process_state import RandomState
from erc_bench.training.row_order import in_order
from erc_bench.training.row_states import ChunkSize, RowEncoder, grouped_by_length

_ROUNDING = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""By how much, of the largest state, two passes may differ that ought to be the same."""


class MicroBatches:
    """Encodes the rows of a batch, ``size`` examples at once; all of them where it is ``None``."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size
        self._departures: list[tuple[Tensor, float]] = []

    def encode(self, row_encoder: RowEncoder, rows: Sequence[TokenRow], examples: int) -> Tensor:
        """Return the states of the rows that so many examples asked for, (states of all rows, dim)."""
        parts = self._parts(rows, examples, row_encoder)
        if len(parts) < 2:
            return row_encoder.encode(rows)
        trained = [parameter for parameter in row_encoder.model.parameters() if parameter.requires_grad]
        states = [self._encode_part(row_encoder, [rows[i] for i in part], trained) for part in parts]
        return in_order(torch.cat(states), parts, rows)

    def check(self) -> None:
        """Raise :class:`ErcBenchError` where a second pass since the last check was not the first one again."""
        departures, self._departures = self._departures, []
        if departures and bool(torch.stack([departure > most for departure, most in departures]).any()):
            raise ErcBenchError(
                "the language model gave other states when a micro-batch was encoded a second time for its gradients",
                "Either it draws on a generator of its own, or the objective moves parameters between outputs() and "
                "backward(); do without micro-batches and lower training.batch_size.",
            )

    def _parts(self, rows: Sequence[TokenRow], examples: int, row_encoder: RowEncoder) -> list[list[int]]:
        # Evaluation keeps nothing for gradients, and takes the larger chunks that this allows.
        if self.size is None or not row_encoder.model.training:
            return [list(range(len(rows)))]
        most = -(-self.size * len(rows) // examples)
        return list(whole_chunks(rows, row_encoder.chunk, most))

    def _encode_part(
        self, row_encoder: RowEncoder, rows: Sequence[TokenRow], trained: Sequence[nn.Parameter]
    ) -> Tensor:
        if not torch.is_grad_enabled():
            return row_encoder.encode(rows)
        states: Tensor = _TwoPasses.apply(_Part(row_encoder, rows, self._departures), *trained)  # type: ignore[no-untyped-call]
        return states


class _TwoPasses(torch.autograd.Function):
    """The states of a part as a function of the parameters that train, whose graph is there only while it is used.

    ``torch.utils.checkpoint`` does the like, but knows of torch's random states alone, sees nothing of what a
    model keeps in other threads, and does not compare the two passes.
    """

    @staticmethod
    def forward(ctx: Any, part: _Part, *trained: nn.Parameter) -> Tensor:
        ctx.part, ctx.trained = part, trained
        # As if for gradients: a model may compute and draw in another way without, and then it is another pass.
        with torch.enable_grad():
            return part.encode().detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise ErcBenchError(
                "the objective wants the gradient of a gradient of the language model, which micro-batches do not keep",
                "Do without micro-batches and lower training.batch_size.",
            )
        with torch.enable_grad():
            states = ctx.part.encode_again()
        if _adds_up():
            # Each gradient goes where it belongs at once: a copy of all of them is as large as the model.
            torch.autograd.backward(states, gradient)
            return None, *(None for _ in ctx.trained)
        return None, *torch.autograd.grad(states, ctx.trained, gradient, allow_unused=True)


def _adds_up() -> bool:
    """Whether autograd runs ``backward()`` on all parameters, and not ``grad()`` of some."""
    asked = getattr(torch.autograd, "_is_checkpoint_valid", None)
    return asked is not None and bool(asked())


class _Part:
    """One part's pass, and the same pass again under the random state of the first."""

    def __init__(
        self, row_encoder: RowEncoder, rows: Sequence[TokenRow], departures: list[tuple[Tensor, float]]
    ) -> None:
        self._row_encoder = row_encoder
        self._rows = rows
        self._departures = departures
        self._random = RandomState(row_encoder.device)

    def encode(self) -> Tensor:
        """Return the states, (rows, dim)."""
        before = _versions(self._row_encoder.model)
        states = self._row_encoder.encode(self._rows)
        after = _versions(self._row_encoder.model)
        changed = [name for name, version in after.items() if before.get(name) != version]
        if changed:
            raise ErcBenchError(
                f"the language model changes its buffer {changed[0]} in every pass, and a micro-batch takes two",
                "Do without micro-batches and lower training.batch_size: normalisation over a batch, or whatever "
                "counts there, would count every row twice.",
            )
        self._first = states.detach()
        return states

    def encode_again(self) -> Tensor:
        """Return the states with gradients; chance goes on afterwards as if nothing had been drawn."""
        now = RandomState(self._row_encoder.device)
        self._random.restore()
        try:
            states = self._row_encoder.encode(self._rows)
        finally:
            now.restore()
        departure = (states.detach() - self._first).abs().max() / self._first.abs().max().clamp(min=1e-6)
        self._departures.append((departure, _ROUNDING.get(self._row_encoder.precision, 1e-3)))
        return states


def whole_chunks(rows: Sequence[TokenRow], chunk: ChunkSize, most: int) -> Iterator[list[int]]:
    """Yield the positions of the rows in parts of at most so many, each one or several whole chunks.

    A chunk's dropout thereby stays that of the undivided batch. A chunk of more rows than that is cut,
    unless it is within the size that its device never cuts; its rows then draw other dropout.
    """
    chunk = replace(chunk, rows=min(chunk.rows, max(most, chunk.least)))
    part: list[int] = []
    for positions in grouped_by_length(rows, chunk):
        if part and len(part) + len(positions) > most:
            yield part
            part = []
        part += positions
    if part:
        yield part


def _versions(model: nn.Module) -> dict[str, tuple[int, int]]:
    return {name: (id(buffer), buffer._version) for name, buffer in model.named_buffers()}

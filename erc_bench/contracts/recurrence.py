"""Packed LSTMs and GRUs of torch on a CPU, their gradients written out: the same numbers in less time.

torch's own loop over packed steps takes a slice of the input gates at each of them, whose gradient is as large as all
steps together, and adds a whole gradient of the recurrent matrix for every step. Here each is computed once, of all
steps together.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

Step = tuple[int, int]
"""Where the rows of a step begin, and how many sequences have it."""


def run_packed(network: nn.RNNBase, packed: PackedSequence) -> PackedSequence:
    """packed: rows (N, dim) → rows (N, width) of an LSTM or GRU of torch, started from zeros.

    What is not a plain LSTM or GRU, and what is not on a CPU, torch runs itself.
    """
    cell = {"LSTM": _Lstm, "GRU": _Gru}.get(network.mode)
    if cell is None or packed.data.device.type != "cpu" or bool(network.proj_size) or not network.bias:
        return network(packed)[0]  # type: ignore[no-any-return]
    rows, steps = packed.data, _steps(packed.batch_sizes.tolist())
    for layer in range(network.num_layers):
        if layer and network.dropout:
            rows = F.dropout(rows, network.dropout, network.training)
        ends = ("", "_reverse") if network.bidirectional else ("",)
        rows = torch.cat([_run(cell, network, f"l{layer}{end}", rows, steps[:: -1 if end else 1]) for end in ends], -1)
    return PackedSequence(rows, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)


def _steps(alive: Sequence[int]) -> list[Step]:
    return list(zip(accumulate(alive, initial=0), alive, strict=False))


def _run(cell: Any, network: nn.RNNBase, name: str, rows: Tensor, steps: Sequence[Step]) -> Tensor:
    own = [getattr(network, f"{part}_{name}") for part in ("weight_ih", "bias_ih", "weight_hh", "bias_hh")]
    states: Tensor = cell.apply(F.linear(rows, own[0], own[1]), own[2], own[3], steps)
    return states


class _Lstm(torch.autograd.Function):
    """States (N, width) from input gates (N, 4·width), in the order enter, forget, new, leave."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, weight: Tensor, bias: Tensor, steps: Sequence[Step]) -> Tensor:
        """Run the steps in their order; a sequence that begins later begins from zeros."""
        width, most = weight.shape[1], max(alive for _, alive in steps)
        state, cell = (given.new_zeros(most, width) for _ in range(2))
        gates, states = torch.empty_like(given), given.new_empty(len(given), width)
        before, cells, cells_before = (torch.empty_like(states) for _ in range(3))
        for start, alive in steps:
            rows = slice(start, start + alive)
            before[rows], cells_before[rows] = state[:alive], cell[:alive]
            own = torch.addmm(bias, state[:alive], weight.t(), out=gates[rows]).add_(given[rows])
            enter, forget, new, leave = own.chunk(4, 1)
            own[:, : 2 * width].sigmoid_()
            new.tanh_()
            leave.sigmoid_()
            torch.add(forget * cell[:alive], enter * new, out=cells[rows])
            torch.mul(leave, cells[rows].tanh(), out=states[rows])
            state[:alive], cell[:alive] = states[rows], cells[rows]
        ctx.steps = steps
        ctx.save_for_backward(weight, gates, before, cells, cells_before)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Run the steps backwards."""
        weight, gates, before, cells, cells_before = ctx.saved_tensors
        enter, forget, new, leave = gates.chunk(4, 1)
        shown = cells.tanh()
        # All that hangs on the forward pass alone, for all steps at once.
        to_cell = leave * (1 - shown * shown)
        factors = torch.stack(
            [
                new * enter * (1 - enter),
                cells_before * forget * (1 - forget),
                enter * (1 - new * new),
                shown * leave * (1 - leave),
            ],
            1,
        )
        moved = torch.empty_like(gates)
        width, most = weight.shape[1], max(alive for _, alive in ctx.steps)
        state, cell = (gates.new_zeros(most, width) for _ in range(2))
        for start, alive in reversed(ctx.steps):
            rows = slice(start, start + alive)
            of_state = gradient[rows] + state[:alive]
            of_cell = torch.addcmul(cell[:alive], of_state, to_cell[rows])
            own = moved[rows].view(alive, 4, width)
            torch.mul(factors[rows, :3], of_cell.unsqueeze(1), out=own[:, :3])
            torch.mul(factors[rows, 3], of_state, out=own[:, 3])
            state[:alive] = moved[rows] @ weight
            cell[:alive] = of_cell * forget[rows]
        return moved, moved.t() @ before, moved.sum(0), None


class _Gru(torch.autograd.Function):
    """States (N, width) from input gates (N, 3·width), in the order reset, update, new."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, weight: Tensor, bias: Tensor, steps: Sequence[Step]) -> Tensor:
        """Run the steps in their order; a sequence that begins later begins from zeros."""
        width, most = weight.shape[1], max(alive for _, alive in steps)
        state = given.new_zeros(most, width)
        gates, states = torch.empty_like(given), given.new_empty(len(given), width)
        before, asked = (torch.empty_like(states) for _ in range(2))
        for start, alive in steps:
            rows = slice(start, start + alive)
            before[rows] = state[:alive]
            own = torch.addmm(bias, state[:alive], weight.t(), out=gates[rows])
            both, new = own[:, : 2 * width], own[:, 2 * width :]
            both.add_(given[rows, : 2 * width]).sigmoid_()
            reset, update = both.chunk(2, 1)
            asked[rows] = new
            new.mul_(reset).add_(given[rows, 2 * width :]).tanh_()
            torch.sub(state[:alive], new, out=states[rows]).mul_(update).add_(new)
            state[:alive] = states[rows]
        ctx.steps = steps
        ctx.save_for_backward(weight, gates, before, asked)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Run the steps backwards."""
        weight, gates, before, asked = ctx.saved_tensors
        reset, update, new = gates.chunk(3, 1)
        # All that hangs on the forward pass alone, for all steps at once.
        to_new = (1 - update) * (1 - new * new)
        factors = torch.stack(
            [to_new * asked * reset * (1 - reset), (before - new) * update * (1 - update), to_new * reset], 1
        )
        moved = torch.empty_like(gates)
        width, most = weight.shape[1], max(alive for _, alive in ctx.steps)
        state = gates.new_zeros(most, width)
        whole = torch.empty_like(gradient)
        for start, alive in reversed(ctx.steps):
            rows = slice(start, start + alive)
            of_state = torch.add(gradient[rows], state[:alive], out=whole[rows])
            torch.mul(factors[rows], of_state.unsqueeze(1), out=moved[rows].view(alive, 3, width))
            torch.addmm(of_state * update[rows], moved[rows], weight, out=state[:alive])
        of_input = torch.cat([moved[:, : 2 * width], whole * to_new], 1)
        return of_input, moved.t() @ before, moved.sum(0), None

"""From the hidden states of a chunk of token rows to what each row is read as."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from erc_bench.contracts.encoder import TokenRow
from erc_bench.errors import ErcBenchError

LAST = (-1,)
"""The last layer alone, whose states every model gives."""


def mixed(hidden: Sequence[Tensor], rows: Sequence[TokenRow]) -> Tensor:
    """hidden: of each layer a (rows, tokens, dim) tensor → (rows, tokens, dim), the mean of each row's layers."""
    count = len(hidden)
    wrong = [layer for row in rows for layer in row.layers if not -count <= layer < count]
    if wrong:
        raise ErcBenchError(
            f"a token row is read in layer {wrong[0]}, and the backbone has {count - 1} layers",
            f"Layers go from {-count} or 0, the embeddings, to {count - 1} or -1, the last one.",
        )
    mixes = {row.layers: torch.stack([hidden[layer].float() for layer in row.layers]).mean(0) for row in rows}
    if len(mixes) == 1:
        return next(iter(mixes.values()))
    return torch.stack([mixes[row.layers][place] for place, row in enumerate(rows)])


_POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda read: read.mean(0, keepdim=True),
    "max": lambda read: read.amax(0, keepdim=True),
    "each": lambda read: read,
}


def pool(states: Tensor, rows: Sequence[TokenRow]) -> Tensor:
    """states: (rows, tokens, dim) → (states of all rows, dim), what each row makes of the states at its positions."""
    if any(row.pool != "mean" for row in rows):
        places = [torch.tensor(row.positions, device=states.device) for row in rows]
        return torch.cat(
            [_POOLS[row.pool](states[i, at]) for i, (row, at) in enumerate(zip(rows, places, strict=True))]
        )
    return _means(states, rows)


def _means(states: Tensor, rows: Sequence[TokenRow]) -> Tensor:
    """states: (rows, tokens, dim) → (rows, dim), the mean over each row's positions."""
    counts = [len(row.positions) for row in rows]
    if max(counts) == 1:
        at = torch.tensor([row.positions[0] for row in rows], device=states.device)
        return states[torch.arange(len(rows), device=states.device), at]
    weights = torch.zeros(states.shape[:2])
    for i, row in enumerate(rows):
        weights[i, torch.tensor(row.positions)] = 1 / counts[i]
    return torch.einsum("rt,rtd->rd", weights.to(states.device), states)

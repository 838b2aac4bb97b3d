"""The states of token rows that were encoded in another order, or once for several alike, as they were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.encoder import TokenRow


def in_order(states: Tensor, groups: Iterable[Sequence[int]], rows: Sequence[TokenRow]) -> Tensor:
    """states: (states of all rows, dim), those of groups of row positions → the same in the order of the rows."""
    counts = [row.state_count for row in rows]
    starts = list(accumulate(counts, initial=0))
    order = torch.tensor([at for group in groups for i in group for at in range(starts[i], starts[i] + counts[i])])
    return states[order.argsort().to(states.device)]


def repeats(rows: Sequence[TokenRow]) -> list[int] | None:
    """Return where each row is first met, if every second one or more is a repetition; else ``None``.

    Other rows make other chunks, and these round in another way: less is not worth that.
    """
    first: dict[Any, int] = {}
    places = [first.setdefault(_content(row), place) for place, row in enumerate(rows)]
    return places if 2 * len(first) <= len(rows) else None


def distinct(rows: Sequence[TokenRow], places: Sequence[int]) -> list[TokenRow]:
    """Return the rows that are met first at ``places``, in order."""
    return [rows[place] for place in dict.fromkeys(places)]


def _content(row: TokenRow) -> tuple[Any, ...]:
    return tuple(row.ids), tuple(row.positions), row.layers, row.pool


def repeated(states: Tensor, rows: Sequence[TokenRow], places: Sequence[int]) -> Tensor:
    """states: (states of distinct rows, dim) → those of all rows, each of which is like the one at its place."""
    number = {place: own for own, place in enumerate(dict.fromkeys(places))}
    starts = list(accumulate((row.state_count for row in rows), initial=0))
    chosen = [at for place in places for at in range(starts[number[place]], starts[number[place] + 1])]
    return states[torch.tensor(chosen, device=states.device)]

"""Chunks of a batch on the cores of a CPU side by side, each core with chunks of its own.

A chunk's operations are too small to be shared by cores: for each of them all cores would meet twice, and
the work of one core alone (drawing dropout, the interpreter itself) would keep the others waiting. So
each core takes whole chunks, forwards and backwards, and the cores meet twice a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from threading import Event
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

T = TypeVar("T")
R = TypeVar("R")

Encode = Callable[[Iterable[int], Sequence[Tensor | None]], list[Tensor]]
"""Encodes chunks, by number, of the inputs of all chunks → (rows, dim) of each of them, in their order."""


def encode_side_by_side(
    encode: Encode, read: Sequence[Tensor | None], parameters: Sequence[Tensor], cores: int
) -> list[Tensor]:
    """Encode all chunks; returns (rows, dim) of each, with gradients where they are enabled.

    ``read`` holds the inputs of each chunk, the largest chunk first, and ``None`` where that has no gradient;
    ``parameters`` are those that train. The result depends on the number of cores by rounding alone.
    """
    if cores == 1:
        return encode(range(len(read)), read)
    hands = dealt(range(len(read)), cores)
    if not torch.is_grad_enabled():
        return _in_order(hands, _on_cores(partial(_encode, encode, read, False), hands, cores))
    inputs = [tensor for tensor in read if tensor is not None]
    return list(_SideBySide.apply(encode, hands, cores, len(inputs), *inputs, *parameters))  # type: ignore[no-untyped-call]


def dealt(items: Sequence[T], hands: int) -> list[list[T]]:
    """Deal items, the longest first, to hands that come out about equally long: to 1 2 2 1 1 2 ...

    A hand that would be empty is left out.
    """
    dealt_out: list[list[T]] = [[] for _ in range(hands)]
    for position, item in enumerate(items):
        turn, place = divmod(position, hands)
        dealt_out[hands - 1 - place if turn % 2 else place].append(item)
    return [hand for hand in dealt_out if hand]


class _SideBySide(torch.autograd.Function):
    """Keeps a graph for every core, and goes back through each on a core of its own."""

    @staticmethod
    def forward(
        ctx: Any, encode: Encode, hands: list[list[int]], cores: int, inputs: int, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        read: list[Tensor | None] = [t.detach().requires_grad_(t.requires_grad) for t in tensors[:inputs]]
        read = read or [None] * sum(map(len, hands))
        graphs = _on_cores(partial(_encode, encode, read, True), hands, cores)
        ctx.hands, ctx.cores, ctx.graphs = hands, cores, graphs
        ctx.read, ctx.parameters = read, tensors[inputs:]
        return tuple(states.detach() for states in _in_order(hands, graphs))

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator, misc, unused-ignore]
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        trained = [parameter for parameter in ctx.parameters if parameter.requires_grad]
        shares = [
            ([ctx.read[i] for i in hand], graph, [gradients[i] for i in hand])
            for hand, graph in zip(ctx.hands, ctx.graphs, strict=True)
        ]
        ctx.graphs = None  # freed as soon as a core is through
        found = _on_cores(partial(_gradients, trained), shares, ctx.cores)
        of_read = _in_order(ctx.hands, [own for own, _ in found])
        totals = iter([_sum(each) for each in zip(*(own for _, own in found), strict=True)])
        of_parameters = [next(totals) if parameter.requires_grad else None for parameter in ctx.parameters]
        return (None, None, None, None, *(of_read if ctx.read[0] is not None else ()), *of_parameters)


class _NotWantedError(Exception):
    """Ends the work of a core whose caller has left."""


def _encode(
    encode: Encode, read: Sequence[Tensor | None], gradients: bool, hand: Sequence[int], left: Event
) -> list[Tensor]:
    # Whether gradients are kept is each thread's own to say.
    with torch.set_grad_enabled(gradients):
        return encode(_while_wanted(hand, left), read)


def _while_wanted(hand: Sequence[int], left: Event) -> Iterator[int]:
    for number in hand:
        if left.is_set():
            raise _NotWantedError
        yield number


def _gradients(
    parameters: Sequence[Tensor],
    share: tuple[Sequence[Tensor | None], Sequence[Tensor], Sequence[Tensor]],
    _left: Event,
) -> tuple[list[Tensor | None], list[Tensor | None]]:
    """Return the gradients of one core's inputs, and its part of those of the parameters."""
    read, states, gradients = share
    own = [tensor for tensor in read if tensor is not None]
    found = torch.autograd.grad(states, [*own, *parameters], gradients, allow_unused=True)
    return [*found[: len(own)], *[None] * (len(read) - len(own))], list(found[len(own) :])


def _sum(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Add up the gradients of the cores, always in the same order."""
    there = [part for part in parts if part is not None]
    total = there[0] if there else None
    for part in there[1:]:
        total = part if total is None else total.add_(part)
    return total


def _in_order(hands: Sequence[Sequence[int]], results: Sequence[Sequence[R]]) -> list[R]:
    """Return results by hand in the order of the items that were dealt."""
    placed = {i: each for hand, own in zip(hands, results, strict=True) for i, each in zip(hand, own, strict=True)}
    return [placed[i] for i in sorted(placed)]


def _on_cores(work: Callable[[T, Event], R], shares: Sequence[T], cores: int) -> list[R]:
    left = Event()
    try:
        return [future.result() for future in [_pool(cores).submit(work, share, left) for share in shares]]
    finally:
        # Where one failed, or the caller was interrupted, nobody waits for the others.
        left.set()


@cache
def _pool(cores: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores, "erc-bench-core", initializer=_keep_to_one_core)


def _keep_to_one_core() -> None:
    """Let a thread compute on its own core alone, whatever number another thread sets later.

    A thread takes over the number that was set last when torch first asks for its own: it is asked before it is set.
    """
    torch.get_num_threads()
    torch.set_num_threads(1)

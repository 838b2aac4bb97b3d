"""Cells on their way, and the weights that some of them wait for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from erc_bench.planning.plan import Plan
from erc_bench.running.keeper import OpenCell
from erc_bench.store.layout import CellAddress

Upstream = tuple[CellAddress, Any]
"""What cells read through: a cell, and in how many folds it is trained."""


def upstream_of(plan: Plan) -> Upstream | None:
    """Return what a cell reads through."""
    return None if plan.upstream is None else (plan.upstream.address, plan.resolved.values.get("upstream.folds"))


@dataclass(eq=False)
class Flight:
    """A cell whose folder is open here.

    ``messages`` are those of the task that runs: of the cell, or of its upstream. There are none while it waits for
    weights that another one's task trains. ``data`` are its splits as an object of Ray.
    """

    cell: OpenCell
    slot: int
    assignment: bytes = b""
    data: Any = None
    weights: Weights | None = None
    messages: Any = None
    is_upstream: bool = False
    losses: int = 0

    @property
    def plan(self) -> Plan:
        """Its plan."""
        return self.cell.plan


@dataclass(eq=False)
class Weights:
    """The weights of one upstream on one set of splits: ``entries`` is an object of Ray, once they are trained."""

    entries: Any = None
    is_training: bool = False
    waiting: list[Flight] = field(default_factory=list)


class Upstreams:
    """The weights that cells to come will read through; those that no cell will are let go of."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._left = Counter(key for plan in plans if (key := upstream_of(plan)))
        self._weights: dict[Upstream, dict[str, Weights]] = {}

    def of(self, plan: Plan, digest: str) -> Weights | None:
        """Return the weights of a cell; ``digest`` is that of what they learn from. ``None`` where it needs none."""
        key = upstream_of(plan)
        return None if key is None else self._weights.setdefault(key, {}).setdefault(digest, Weights())

    def settled(self, plan: Plan) -> None:
        """One cell less will read through its weights."""
        key = upstream_of(plan)
        if key is not None:
            self._left[key] -= 1
            if self._left[key] <= 0:
                self._weights.pop(key, None)

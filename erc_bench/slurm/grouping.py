"""Which cells share a job, and which jobs wait for others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from erc_bench.planning.plan import Plan
from erc_bench.store.layout import CellAddress

Minutes = Callable[[Plan], float]


@dataclass(frozen=True)
class Wave:
    """Groups of cells that may run side by side; ``after`` is the place of the wave that must be done before."""

    groups: tuple[tuple[Plan, ...], ...]
    after: int | None = None


def waves(plans: Sequence[Plan], minutes: Minutes, group_minutes: float) -> list[Wave]:
    """Put cells into groups of about so many minutes.

    Of cells that read through the same upstream the first, which trains it, is a wave of its own, and the others wait
    for that: they would only wait inside of their jobs, and hold what they asked for.
    """
    by_upstream: dict[CellAddress | None, list[Plan]] = {}
    for plan in plans:
        by_upstream.setdefault(None if plan.upstream is None else plan.upstream.address, []).append(plan)
    found = []
    for upstream, own in by_upstream.items():
        if upstream is None:
            found.append(Wave(tuple(_groups(own, minutes, group_minutes))))
            continue
        found.append(Wave(((own[0],),)))
        if own[1:]:
            found.append(Wave(tuple(_groups(own[1:], minutes, group_minutes)), after=len(found) - 1))
    return found


def _groups(plans: Iterable[Plan], minutes: Minutes, most: float) -> Iterable[tuple[Plan, ...]]:
    """Yield neighbours of one backbone, which load it once, until they take too long together."""
    group: list[Plan] = []
    total = 0.0
    for plan in plans:
        own = minutes(plan)
        if group and (total + own > most or plan.address.backbone != group[-1].address.backbone):
            yield tuple(group)
            group, total = [], 0.0
        group.append(plan)
        total += own
    if group:
        yield tuple(group)

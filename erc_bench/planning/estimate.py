"""How long cells will take, judged by recorded ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from erc_bench.planning.plan import Plan
from erc_bench.store.reading import StoredCell
from erc_bench.store.record import Record

_Kind = tuple[object, ...]


@dataclass(frozen=True)
class Recorded:
    """What one recorded cell took, in seconds, with which settings and on what."""

    seconds: float
    settings_hash: str
    machine: str


class Records:
    """Recorded cells, by what a cell's time depends on: method, dataset, backbone, regime and limit."""

    def __init__(self, cells: Sequence[StoredCell]) -> None:
        self._by_kind: dict[_Kind, list[Recorded]] = {}
        for cell in cells:
            if cell.status == "done" and cell.typed.timings:
                record = cell.typed
                kind = record.method, record.dataset, record.backbone, record.regime, record.limit
                seen = Recorded(sum(record.timings.values()), record.settings_hash, _machine(record))
                self._by_kind.setdefault(kind, []).append(seen)

    def of(self, plan: Plan) -> list[Recorded]:
        """Return the cells that a plan can be judged by: those with its settings, else all of its kind."""
        address = plan.address
        kind = (address.method, address.dataset, address.backbone, plan.resolved.regime, plan.limit)
        recorded = self._by_kind.get(kind, [])
        return [each for each in recorded if each.settings_hash == address.settings_hash] or recorded


@dataclass(frozen=True)
class TimeEstimate:
    """The time of several cells: the sum of the medians of those that can be judged, and the others."""

    seconds: float
    judged: int
    records: int
    machines: tuple[str, ...]
    without_record: tuple[Plan, ...]


def estimate(plans: Sequence[Plan], records: Records) -> TimeEstimate:
    """Judge what the plans will take, one after the other, on a machine like the recorded ones."""
    found = [(plan, records.of(plan)) for plan in plans]
    known = [recorded for _, recorded in found if recorded]
    used = {id(each): each for recorded in known for each in recorded}.values()
    return TimeEstimate(
        sum(median(each.seconds for each in recorded) for recorded in known),
        len(known),
        len(used),
        tuple(dict.fromkeys(each.machine for each in used)),
        tuple(plan for plan, recorded in found if not recorded),
    )


def _machine(record: Record) -> str:
    hardware = record.provenance.hardware or {}
    threads = f", {hardware['threads']} threads" if hardware.get("threads") else ""
    return f"{hardware.get('name') or 'an unknown machine'}{threads}"

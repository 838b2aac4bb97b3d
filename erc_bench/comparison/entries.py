"""What stands where: the condition of a column, and the cells of one row in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erc_bench.comparison.model import RowKey
from erc_bench.comparison.outcomes import Outcome


@dataclass(frozen=True)
class Condition:
    """What all cells of a column have in common."""

    dataset: str
    fingerprint: str
    limit: int | None
    hardware: str


@dataclass
class Entry:
    """One row in one column: its outcomes by seed."""

    key: RowKey
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    @property
    def record(self) -> Mapping[str, Any]:
        """The record of one of the cells."""
        return next(iter(self.outcomes.values())).cell.record


Columns = dict[Condition, list[Entry]]

"""What became of the cells of a grid."""

from __future__ import annotations

from dataclasses import dataclass, field

from erc_bench.errors import OptionName
from erc_bench.planning.plan import Plan
from erc_bench.running.record import headline
from erc_bench.running.state import Found


@dataclass
class GridOutcome:
    """What became of the cells of a grid; failed and stale ones with a reason."""

    ran: list[Plan] = field(default_factory=list)
    skipped: list[Plan] = field(default_factory=list)
    failed: list[tuple[Plan, str]] = field(default_factory=list)
    stale: list[tuple[Plan, str]] = field(default_factory=list)

    def of(self, plan: Plan) -> GridOutcome:
        """Return the same outcome of this plan, where another process was handed a copy of it."""
        return GridOutcome(
            [plan for _ in self.ran],
            [plan for _ in self.skipped],
            [(plan, reason) for _, reason in self.failed],
            [(plan, reason) for _, reason in self.stale],
        )

    def pass_over(self, plan: Plan, found: Found) -> str:
        """Take in a cell that does not run, for what is there; return that in a line."""
        if found.state == "failed":
            self.failed.append((plan, f"{found.reason} (earlier; {OptionName('overwrite'):failed} tries again)"))
            return f"failed earlier: {found.reason}"
        if found.state == "stale":
            self.stale.append((plan, found.reason))
        self.skipped.append(plan)
        return f"{found.state}: {headline(found.record or {})}"

    def add(self, other: GridOutcome) -> None:
        """Take over what became of further cells."""
        for name, further in vars(other).items():
            getattr(self, name).extend(further)

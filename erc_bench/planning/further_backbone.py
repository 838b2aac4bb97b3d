"""The backbone of a further role of an encoder, as a plan has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from erc_bench.contracts.backbone import Backbone


@dataclass(frozen=True)
class FurtherBackbone:
    """The backbone of a role: ``component`` is ``None`` where it is the cell's; ``path`` is where it lies, if said."""

    component: type[Backbone] | None = None
    path: str = ""

    def options(self) -> dict[str, Any]:
        """Return the options that differ from the component's defaults."""
        return {"path": self.path} if self.path else {}

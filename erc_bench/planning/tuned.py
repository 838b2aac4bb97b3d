"""Settings that a search on dev found best, as a request carries them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.plan import Plan
from erc_bench.planning.settings import Override

CombinationName = tuple[str, str, str]
"""Dataset, method and backbone by name, in the order in which a cell names them."""


@dataclass(frozen=True)
class Tuned:
    """The best settings of one method on one dataset with one backbone, and how they were found.

    ``settings`` are those that differ from the method's own. ``trials`` counts all trials, failed
    ones too, and ``asked`` those that there could have been: a space with fewer points was tried whole.
    ``seeds`` trained the search, so that no result may be reported on them; ``fingerprint`` is that of
    the corpus that was searched. ``file`` is where it was read.
    """

    dataset: str
    method: str
    backbone: str
    settings: Mapping[str, Any]
    trials: int
    seeds: tuple[int, ...]
    fingerprint: str
    limit: int | None = None
    file: str = ""
    asked: int = 0

    @property
    def combination(self) -> CombinationName:
        """What the settings are for."""
        return self.dataset, self.method, self.backbone

    @property
    def origin(self) -> str:
        """Say in a few words where the settings come from."""
        part = f", the first {self.limit} dialogues of each split" if self.limit else ""
        if self.asked > self.trials:
            return f"tuned on dev, {self.trials} of {self.asked} trials, its whole space{part}"
        return f"tuned on dev, {self.trials} trial{'' if self.trials == 1 else 's'}{part}"

    def overrides(self, asked: Sequence[Override]) -> list[Override]:
        """Return the settings as overrides; those of a slot that ``asked`` fills otherwise do not apply."""
        filled = {item.address for item in asked if "." not in item.address}
        return [
            Override(address, value, self.method, self.origin)
            for address, value in self.settings.items()
            if address.partition(".")[0] not in filled
        ]

    def name_file(self, problem: str) -> str:
        """Add to a problem of one of the settings where that setting stands."""
        return f"{problem} (in {self.file})" if problem.partition(":")[0] in self.settings else problem


def combination_of(plan: Plan) -> CombinationName:
    """Return what a plan is a cell of."""
    return plan.address.dataset, plan.address.method, plan.address.backbone


def refuse_tuning_seeds(plans: Sequence[Plan], tuned: Mapping[CombinationName, Tuned]) -> None:
    """Raise :class:`ErcBenchError` where a cell has a seed that its settings were chosen with."""
    seeds: dict[str, dict[int, None]] = {}
    for plan in plans:
        found = tuned.get(combination_of(plan))
        if found is not None and plan.seed in found.seeds:
            seeds.setdefault(found.file, {})[plan.seed] = None
    if seeds:
        told = "; ".join(f"{file} was tuned with {_seeds(found)}" for file, found in seeds.items())
        raise ErcBenchError(
            f"{told}, and results on the seeds of a search are results of the search",
            f"Report on other seeds: {OptionName('seeds'):5} stands for the seeds 1 to 5.",
        )


def _seeds(seeds: Mapping[int, None]) -> str:
    return f"seed{'' if len(seeds) == 1 else 's'} {', '.join(map(str, sorted(seeds)))}"

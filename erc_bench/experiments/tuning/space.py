"""What a search may try: values of settings, by address, checked before anything trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from erc_bench.contracts.method import Method
from erc_bench.contracts.options import format_value
from erc_bench.planning.combination import plan_combination
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request, combinations
from erc_bench.planning.settings import Override
from erc_bench.plugin_host.catalogue import Catalogue

Point = Mapping[str, str]
"""One choice of a value for every address, each written as one would type it behind ``--set``."""

RATE_FACTORS = (1 / 3, 1.0, 3.0)
"""Every method searches its learning rate: that of what trains, times these."""
RATE_WORDS = "training.head_lr (frozen backbone) or training.encoder_lr: a third, one and three times its own"
_DIGITS = 3


@dataclass(frozen=True)
class Space:
    """The values that are tried of each setting, written as one types them, and what they stand for.

    ``fixed`` names the settings that would be searched, had they not been set by hand.
    """

    values: Mapping[str, Mapping[str, Any]]
    fixed: tuple[str, ...] = ()

    def size(self) -> int:
        """Return how many points the whole grid has."""
        return prod(len(values) for values in self.values.values())

    def points(self) -> Iterator[Point]:
        """Yield every point of the grid, in the order of declaration."""
        for chosen in product(*self.values.values()):
            yield dict(zip(self.values, chosen, strict=True))

    def __contains__(self, point: Point) -> bool:
        return all(point[address] in values for address, values in self.values.items())


def learning_rates(plan: Plan) -> dict[str, tuple[float, ...]]:
    """Return the learning rates that every method searches: a third, one and three times its own.

    It is the backbone's where that trains, and else that of everything else. A system trains by itself.
    """
    address = "training.head_lr" if plan.resolved.regime == "frozen" else "training.encoder_lr"
    if address not in plan.resolved.values:
        return {}
    own = plan.resolved.values[address]
    return {address: tuple(own if factor == 1 else float(f"{own * factor:.{_DIGITS}g}") for factor in RATE_FACTORS)}


def declared_values(method: Method, plan: Plan) -> dict[str, Sequence[Any]]:
    """Return what a method searches as its plugin declares it; a slot filled otherwise has nothing of it."""
    replaced = {address for address in plan.resolved.overrides if "." not in address}
    own = {address: values for address, values in method.search.items() if address.partition(".")[0] not in replaced}
    return {**own, **learning_rates(plan)}


def build_space(
    request: Request, catalogue: Catalogue, values: Mapping[str, Sequence[Any]], origin: str
) -> tuple[Space, list[str]]:
    """Return the space of a request for one combination, and everything that is wrong with its values.

    What the request sets by hand is not searched.
    """
    by_hand = {item.address for item in request.settings()}
    checked: dict[str, dict[str, Any]] = {}
    problems: dict[str, None] = {}
    for address, candidates in values.items():
        if address not in by_hand:
            checked[address] = _checked(request, catalogue, address, candidates, origin, problems)
    return Space(checked, tuple(address for address in values if address in by_hand)), list(problems)


def _checked(
    request: Request,
    catalogue: Catalogue,
    address: str,
    candidates: Sequence[Any],
    origin: str,
    problems: dict[str, None],
) -> dict[str, Any]:
    """Plan the combination with each value alone: what planning says of ``--set`` holds of a search, too."""
    (combination,) = combinations(request, catalogue, [])
    checked = {}
    for candidate in candidates:
        tried = Override(address, candidate, combination.method.name, origin)
        plan, wrong = plan_combination(with_settings(request, [tried]), catalogue, combination)
        problems.update(dict.fromkeys(problem if origin in problem else f"{problem} ({origin})" for problem in wrong))
        if plan is not None and not wrong:
            value = plan.resolved.values[address]
            checked[format_value(value)] = value
    return checked


def with_settings(request: Request, settings: Sequence[Override]) -> Request:
    """Return the request with further settings, stronger than all others."""
    return replace(request, overrides=[*request.overrides, *settings])

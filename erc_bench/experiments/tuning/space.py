"""What a search may try: values of settings, by address, as a method or a TOML file names them.

::

    [eacl]                                     # a table for each method
    "objective.temperature" = [0.1, 0.2, 0.3]  # the values of each setting
    "training.head_lr" = [1e-3, 3e-3]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from erc_bench.contracts.method import Method
from erc_bench.contracts.options import format_value
from erc_bench.names import did_you_mean
from erc_bench.planning.combination import plan_combination
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request, combinations
from erc_bench.planning.settings import Override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.validation import load_toml, refuse

Point = Mapping[str, str]
"""One choice of a value for every address, each written as one would type it behind ``--set``."""

RATE_FACTORS = (1 / 3, 1.0, 3.0)
"""Every method searches its learning rate: that of what trains, times these."""
RATE_WORDS = "training.head_lr (frozen backbone) or training.encoder_lr: a third, one and three times its own"
SUITE_FACTORS = (1 / 10, 1 / 3, 1.0, 3.0, 10.0)
"""Those of a row of a suite."""
SHARED: Mapping[str, Sequence[Any]] = {
    "training.weight_decay": (0.0, 0.01, 0.1),
    "training.schedule": ("constant", "linear", "cosine", "halving"),
}
"""What every row of a suite searches beside its learning rate and what its method declares.

With it the smallest space has 60 points: a method that declares nothing can use as many trials as the others.
"""
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


def learning_rates(plan: Plan, factors: Sequence[float] = RATE_FACTORS) -> dict[str, tuple[float, ...]]:
    """Return the learning rates that every method searches: its own times each factor.

    It is the backbone's where that trains, and else that of everything else. A system trains by itself.
    """
    address = "training.head_lr" if plan.resolved.regime == "frozen" else "training.encoder_lr"
    if address not in plan.resolved.values:
        return {}
    own = plan.resolved.values[address]
    return {address: tuple(own if factor == 1 else float(f"{own * factor:.{_DIGITS}g}") for factor in factors)}


def declared_values(method: Method, plan: Plan, of_suite: bool = False) -> dict[str, Sequence[Any]]:
    """Return what a method searches as its plugin declares it; a slot filled otherwise has nothing of it.

    As a row of a suite it searches what all rows do as well, which what it declares itself takes the place of.
    """
    replaced = {address for address in plan.resolved.overrides if "." not in address}
    own = {address: values for address, values in method.search.items() if address.partition(".")[0] not in replaced}
    if not of_suite:
        return {**own, **learning_rates(plan)}
    shared = {address: values for address, values in SHARED.items() if address in plan.resolved.values}
    return {**shared, **learning_rates(plan, SUITE_FACTORS), **own}


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


SpaceFile = dict[str, dict[str, list[Any]]]


def read_spaces(file: Path, methods: Collection[str]) -> SpaceFile:
    """Return, by method, the values of each address. ``methods`` are those that are installed.

    Raises :class:`ErcBenchError` with everything that is wrong; whether a method has the settings is
    checked when its search is planned.
    """
    content = load_toml(file, "file of search spaces")
    problems = [_unknown(name, methods) for name in content if name not in methods]
    spaces = {name: dict(flat(table)) for name, table in content.items() if isinstance(table, dict)}
    problems += [f"{name}: it must be a table, [{name}]" for name in content if name in methods and name not in spaces]
    for name, space in spaces.items():
        problems += [f"{name}: {problem}" for problem in _problems(space)]
    refuse(file, problems)
    return spaces


def _unknown(name: str, methods: Collection[str]) -> str:
    return f"{name}: there is no such method; {did_you_mean(name, methods)}"


def _problems(space: dict[str, Any]) -> list[str]:
    if not space:
        return ["it names no setting"]
    slots = [f"{address}: a slot cannot be searched, only options of it" for address in space if "." not in address]
    return slots + [
        f"{address}: it must be a list of values"
        for address, values in space.items()
        if "." in address and not (isinstance(values, list) and values)
    ]


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (address, value): ``"objective.temperature"`` in quotes and without them is the same."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

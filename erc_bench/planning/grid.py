"""From a request (methods × datasets × backbones × seeds) to plans, all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.combination import plan_combination
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request, combinations
from erc_bench.plugin_host.catalogue import Catalogue


def plan_grid(request: Request, catalogue: Catalogue) -> list[Plan]:
    """Resolve every cell of the request, each once, in the order dataset, seed, backbone, method.

    Seeds come before methods, so that a grid that is cut short still holds complete pairs.
    Raises :class:`ErcBenchError` with all problems at once.
    """
    return plan_grids([request], catalogue)


def plan_grids(requests: Sequence[Request], catalogue: Catalogue) -> list[Plan]:
    """Resolve every cell of requests that differ in their settings alone, as one grid."""
    names: list[str] = []
    plans: list[Plan] = []
    faults: dict[str, list[str]] = {}
    every: set[str] = set()
    for request in requests:
        for combination in combinations(request, catalogue, names):
            plan, problems = plan_combination(request, catalogue, combination)
            every.add(combination.method.name)
            for problem in problems:
                faults.setdefault(problem, []).append(combination.method.name)
            plans += [plan] if plan is not None else []
    general = names + [wrong for request in requests for wrong in request.unknown_methods()]
    if general or faults:
        lines = [*dict.fromkeys(general), *_by_method(faults, every)]
        hints = [str(plugin) for plugin in catalogue.broken] if names else []
        hints += _addressing(requests) if faults and len(every) > 1 else []
        raise ErcBenchError(_listed(lines), "\n".join(hints))
    # What needs no backbone is still one cell when it is asked for with two.
    seeds = dict.fromkeys(seed for request in requests for seed in request.seeds)
    seeded = {each.address: each for seed in seeds for plan in plans for each in [plan.with_seed(seed)]}
    datasets = dict.fromkeys(dataset for request in requests for dataset in request.datasets)
    order = {dataset: position for position, dataset in enumerate(datasets)}
    return sorted(seeded.values(), key=lambda plan: order[plan.address.dataset])


def _addressing(requests: Sequence[Request]) -> list[str]:
    hints = []
    if any(not item.method for request in requests for item in request.overrides):
        said = f"{OptionName('settings')} METHOD:SLOT.OPTION=VALUE"
        hints.append(f"A setting that one method alone has is addressed to it: {said}.")
    if any(not item.method for request in requests for item in request.suite):
        hints.append("A setting that one method alone has stands in a suite under [method.METHOD.SLOT].")
    return hints


def _by_method(faults: Mapping[str, Sequence[str]], every: set[str]) -> list[str]:
    """Put the names of the methods before each problem, but for one that all of several methods have."""
    lines = []
    for problem, methods in faults.items():
        shared = len(every) > 1 and set(methods) == every
        lines.append(problem if shared else f"{', '.join(dict.fromkeys(methods))}: {problem}")
    return lines


def _listed(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return lines[0]
    return f"{len(lines)} things are wrong:\n" + "\n".join(f"  {line}" for line in lines)

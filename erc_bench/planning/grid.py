"""From a request (methods × datasets × backbones × seeds) to plans, all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from erc_bench.catalogue import Catalogue
from erc_bench.contracts.backbone import Backbone
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.method import Method
from erc_bench.errors import ErcBenchError
from erc_bench.planning.overrides import Override, unknown_methods
from erc_bench.planning.plan import Plan, settings_hash
from erc_bench.planning.settings import Problem, Resolved, misdirected, resolve
from erc_bench.planning.training_options import TrainingOptions
from erc_bench.store.layout import CellAddress

DEFAULT_CHOICES = {"encoder": "prompt", "objective": "cross-entropy", "classifier": "head"}
DEFAULT_BACKBONE = "simcse"
ANY_BACKBONE = "huggingface"
NO_BACKBONE = "none"


@dataclass(frozen=True)
class Request:
    """What the user asked for, by name."""

    methods: Sequence[str]
    datasets: Sequence[str]
    backbones: Sequence[str] = (DEFAULT_BACKBONE,)
    seeds: Sequence[int] = (1, 2, 3, 4, 5)
    overrides: Sequence[Override] = ()
    readouts: Sequence[str] = ()
    limit: int | None = None
    dev_only: bool = False


@dataclass(frozen=True)
class _Combination:
    method: Method
    dataset: type[Dataset]
    backbone_name: str
    backbone: type[Backbone]


def plan_grid(request: Request, catalogue: Catalogue) -> list[Plan]:
    """Resolve every cell of the request, in the order dataset, seed, backbone, method.

    Seeds come before methods, so that a grid that is cut short still holds complete pairs.
    Raises :class:`ErcBenchError` with all problems at once.
    """
    combinations = _combinations(request, catalogue)
    problems = unknown_methods(request.overrides, request.methods)
    cells: list[tuple[Plan, list[str]]] = [_plan(request, catalogue, combination) for combination in combinations]
    problems += dict.fromkeys(problem for _, found in cells for problem in found)
    if problems:
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        raise ErcBenchError(f"{count} wrong:\n" + "\n".join(f"  {problem}" for problem in problems))
    plans = [_with_seed(plan, seed) for seed in request.seeds for plan, _ in cells]
    order = {dataset: position for position, dataset in enumerate(request.datasets)}
    return sorted(plans, key=lambda plan: order[plan.address.dataset])


def _combinations(request: Request, catalogue: Catalogue) -> list[_Combination]:
    problems: list[str] = []
    methods = _look_up(catalogue, "method", request.methods, problems)
    datasets = _look_up(catalogue, "dataset", request.datasets, problems)
    known = [ANY_BACKBONE if _is_reference(name) else name for name in request.backbones]
    backbones = _look_up(catalogue, "backbone", known, problems)
    if problems:
        raise ErcBenchError("\n".join(problems), "\n".join(map(str, catalogue.broken)))
    return [
        _Combination(method, dataset, name, backbone)
        for dataset in datasets
        for name, backbone in zip(request.backbones, backbones, strict=True)
        for method in methods
    ]


def _look_up(catalogue: Catalogue, kind: str, names: Sequence[str], problems: list[str]) -> list[Any]:
    found = []
    for name in dict.fromkeys(names) if kind != "backbone" else names:
        try:
            found.append(catalogue.get(kind, name))
        except ErcBenchError as error:
            problems.append(error.message)
    return found


def _is_reference(backbone: str) -> bool:
    return "/" in backbone or Path(backbone).is_dir()


def _shown(backbone: str) -> str:
    # The path of a local folder is an address of one machine; a row is named by its last part.
    return Path(backbone).resolve().name if Path(backbone).is_dir() else backbone


def _plan(request: Request, catalogue: Catalogue, combination: _Combination) -> tuple[Plan, list[str]]:
    method = combination.method
    mine = [item for item in request.overrides if item.speaks_to(method.name)]
    filled = {item.address: str(item.value) for item in mine if "." not in item.address}
    if method.system is not None:
        return _plan_system(request, combination, mine)
    choices = {**DEFAULT_CHOICES, **method.choices, **{s: n for s, n in filled.items() if s in DEFAULT_CHOICES}}
    components = {slot: catalogue.get(slot, name) for slot, name in choices.items()}
    slots = _slots(combination, components)
    options = [item for item in mine if item.address not in DEFAULT_CHOICES]
    options += _backbone_reference(combination)
    resolved, problems = resolve(slots, _layers(combination), options, _size(combination))
    problems += misdirected(method, slots, filled, combination.dataset.name)
    names = [name for name in dict.fromkeys([*method.readouts, *request.readouts]) if name != choices["classifier"]]
    readouts = {name: catalogue.get("classifier", name) for name in names}
    problems += _impossible(components, readouts, resolved)
    return (
        _make(request, combination, components, readouts, resolved),
        [_sentence(combination, problem) for problem in problems],
    )


def _plan_system(request: Request, combination: _Combination, mine: Sequence[Override]) -> tuple[Plan, list[str]]:
    system = combination.method.system
    assert system is not None
    slots = {"dataset": combination.dataset.Options, "system": system.Options}
    # Settings of slots that a system does not have are meant for the other methods of the grid.
    addressed = [item for item in mine if item.address.partition(".")[0] in slots or item.method]
    resolved, problems = resolve(slots, _layers(combination), addressed, None)
    plan = _make(request, combination, {"system": system}, {}, resolved)
    return plan, [_sentence(combination, problem) for problem in problems]


def _slots(combination: _Combination, components: Mapping[str, Any]) -> dict[str, type]:
    own = {slot: component.Options for slot, component in components.items()}
    fixed = {
        "dataset": combination.dataset.Options,
        "backbone": combination.backbone.Options,
        "training": TrainingOptions,
    }
    return {**fixed, **own}


def _layers(combination: _Combination) -> list[tuple[str, Mapping[str, Any]]]:
    method, dataset = combination.method, combination.dataset
    return [
        (f"dataset {dataset.name}", dataset.suggested_settings),
        (f"method {method.name}", method.settings),
        (f"method {method.name} for {dataset.name}", method.per_dataset.get(dataset.name, {})),
    ]


def _backbone_reference(combination: _Combination) -> list[Override]:
    if not _is_reference(combination.backbone_name):
        return []
    return [Override("backbone.path", combination.backbone_name, origin="--backbone")]


def _size(combination: _Combination) -> int | None:
    backbone = combination.backbone
    references = {item.address.partition(".")[2]: item.value for item in _backbone_reference(combination)}
    return backbone(backbone.Options(**references)).size()


def _impossible(components: Mapping[str, Any], readouts: Mapping[str, Any], resolved: Resolved) -> list[Problem]:
    objective = components["objective"]
    problems = []
    for classifier in [components["classifier"], *readouts.values()]:
        if classifier.needs_anchors and not objective.has_anchors():
            sentence = f"{classifier.name!r} reads anchors, and the objective {objective.name!r} has none"
            problems.append(Problem("classifier", sentence))
    if resolved.values.get("training.standardise") and resolved.values.get("encoder.trainable") != "none":
        problems.append(Problem("training.standardise", "only a frozen backbone (encoder.trainable=none) allows it"))
    return problems


def _sentence(combination: _Combination, problem: Problem) -> str:
    return f"{combination.method.name}: {problem.address}: {problem.sentence}"


def _make(
    request: Request,
    combination: _Combination,
    components: Mapping[str, Any],
    readouts: Mapping[str, Any],
    resolved: Resolved,
) -> Plan:
    is_system = "system" in components
    choices = {slot: component.name for slot, component in components.items()}
    digest = settings_hash(choices, readouts, resolved, request.limit, request.dev_only)
    backbone_name = NO_BACKBONE if is_system else _shown(combination.backbone_name)
    address = CellAddress(combination.dataset.name, combination.method.name, backbone_name, digest, 0)
    overrides = {name: value for name, value in resolved.overrides.items() if name != "backbone.path"}
    overrides |= _replaced(combination.method, choices)
    resolved = replace(resolved, overrides=overrides)
    backbone = None if is_system else combination.backbone
    return Plan(
        address,
        combination.method,
        combination.dataset,
        backbone,
        components,
        readouts,
        resolved,
        request.limit,
        request.dev_only,
    )


def _replaced(method: Method, choices: Mapping[str, str]) -> dict[str, str]:
    recipe = {**DEFAULT_CHOICES, **method.choices}
    return {slot: name for slot, name in choices.items() if slot in recipe and recipe[slot] != name}


def _with_seed(plan: Plan, seed: int) -> Plan:
    return replace(plan, address=replace(plan.address, seed=seed))

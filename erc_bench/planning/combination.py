"""Plan one combination: fill the slots, resolve the settings, refuse what cannot work."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from erc_bench.contracts.adapters import AdapterOptions
from erc_bench.contracts.backbone import Backbone
from erc_bench.contracts.component import Component
from erc_bench.contracts.system import System
from erc_bench.corpora.shown_dialogues import DialogueOptions
from erc_bench.errors import OptionName
from erc_bench.planning.adapters import SLOT as ADAPTERS
from erc_bench.planning.adapters import where_adapted
from erc_bench.planning.features import with_features
from erc_bench.planning.language_models import further_backbones
from erc_bench.planning.no_backbone import backbone_problems, system_backbone_problems
from erc_bench.planning.option_files import with_digests
from erc_bench.planning.plan import Plan, settings_hash
from erc_bench.planning.request import (
    DIALOGUES,
    NO_BACKBONE,
    NO_UPSTREAM,
    Combination,
    Request,
    Upstream,
    look_up,
    upstream_of,
)
from erc_bench.planning.settings import (
    Override,
    Problem,
    Resolved,
    TrainingOptions,
    UpstreamOptions,
    misdirected,
    resolve,
    where_used,
)
from erc_bench.planning.tuned import CombinationName
from erc_bench.planning.upstream import SLOT, TRAINS, impossible, joined, recipe
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.store.layout import CellAddress

DEFAULT_CHOICES = {"encoder": "prompt", "objective": "cross-entropy", "classifier": "head"}
_NOTHING_TRAINS = ("there is no backbone", {"encoder.trainable": "none"})
_REFERENCE_ORIGIN = "--backbone"


def plan_combination(request: Request, catalogue: Catalogue, combination: Combination) -> tuple[Plan | None, list[str]]:
    """Return the plan, without a seed, and what is wrong with it; no plan where a slot cannot be filled."""
    mine = request.settings_for(combination.method.name)
    tuned = request.tuned.get(_name(combination))
    if tuned is None:
        return _plan(request, catalogue, combination, mine)
    # What the row is said to come from is the search, whatever the recipe came from.
    method = replace(combination.method, settings_from=tuned.origin)
    mine = [*tuned.overrides(mine), *mine]
    plan, problems = _plan(request, catalogue, replace(combination, method=method), mine)
    return plan, [tuned.name_file(problem) for problem in problems]


def _name(combination: Combination) -> CombinationName:
    system = combination.method.system
    is_without = system is not None and not system.needs_backbone
    backbone = NO_BACKBONE if is_without else combination.backbone_name
    return combination.dataset.name, combination.method.name, backbone


def _plan(
    request: Request, catalogue: Catalogue, combination: Combination, mine: Sequence[Override]
) -> tuple[Plan | None, list[str]]:
    if combination.method.system is not None:
        return _plan_system(request, catalogue, combination, combination.method.system, mine)
    return _plan_composition(request, catalogue, combination, mine)


def _plan_composition(
    request: Request, catalogue: Catalogue, combination: Combination, mine: Sequence[Override]
) -> tuple[Plan | None, list[str]]:
    if combination.backbone is None:
        # What trains a backbone for others has nothing to train.
        combination = replace(combination, method=replace(combination.method, upstream=""))
    method = combination.method
    asked = upstream_of(method, mine)
    upstream, wrong = _plan_upstream(request, catalogue, combination, asked)
    mine = asked.own
    filled = {item.address: str(item.value) for item in mine if item.address in DEFAULT_CHOICES}
    recipe = {**DEFAULT_CHOICES, **method.choices}
    choices = {**recipe, **filled}
    wrong += [_no_slot(slot) for slot in method.choices if slot not in DEFAULT_CHOICES]
    components = {slot: look_up(catalogue, slot, choices[slot], wrong) for slot in DEFAULT_CHOICES}
    names = dict.fromkeys([*method.readouts, *request.readouts_for(method.name)])
    readouts = {n: look_up(catalogue, "classifier", n, wrong) for n in names if n != choices["classifier"]}
    lacking = {slot for slot, component in components.items() if component is None}
    replaced = {slot: name for slot, name in choices.items() if name != recipe[slot]}
    slots = _slots(combination, components) | ({SLOT: UpstreamOptions} if asked.method else {})
    options = [item for item in mine if item.address not in DEFAULT_CHOICES and item.slot not in lacking]
    layers = _layers(combination, replaced)
    size = partial(_size, combination)
    resolved, problems = resolve(slots, layers, [*options, *_reference(combination)], size)
    resolved, unheard = where_adapted(resolved, options)
    problems += unheard
    problems += misdirected(method, slots, replaced.keys() | lacking | {SLOT}, combination.dataset)
    if wrong:
        return None, wrong + [str(problem) for problem in problems]
    problems += _impossible(combination, components, readouts, resolved, mine)
    problems += backbone_problems(combination, components["encoder"], resolved)
    problems += _unsavable(request, combination.backbone) if combination.backbone else []
    problems += impossible(resolved, upstream, asked, _any_upstream(request, catalogue))
    further = further_backbones(components["encoder"].language_models, resolved, catalogue, problems)
    resolved = replace(resolved, overrides={**_without_reference(resolved), **replaced})
    resolved, lacking_files = with_features(resolved, components["encoder"], request.features, combination.dataset.name)
    problems += lacking_files
    resolved, paths, wrong_files = with_digests(resolved, components, request.features is None)
    problems += wrong_files
    plan = _make(request, combination, components, readouts, resolved, upstream)
    plan = replace(plan, language_models=further, option_files=paths)
    return plan, [str(problem) for problem in problems]


def _plan_upstream(
    request: Request, catalogue: Catalogue, combination: Combination, asked: Upstream
) -> tuple[Plan | None, list[str]]:
    """Plan the cell that trains the backbone: it reads train and dev alone, so that ``--dev-only`` is all one to it."""
    wrong: list[str] = []
    method = look_up(catalogue, "method", asked.method, wrong) if asked.method else None
    if method is None:
        return None, [f"upstream: {problem}" for problem in wrong]
    if method.system is not None or method.upstream:
        lacks = "is a system" if method.system is not None else "has an upstream of its own"
        return None, [f"upstream: the method {method.name!r} {lacks}; name one that trains the plain backbone"]
    plain = replace(request, methods=(method.name,), readouts=(), readouts_of={}, dev_only=False, audit=False)
    plain = replace(plain, save_representations=False, save_model=False)
    trained = recipe(method, combination.method, combination.dataset)
    layered = replace(combination, method=trained, as_upstream=True)
    plan, problems = _plan_composition(plain, catalogue, layered, asked.theirs)
    return plan, [f"upstream: {problem}" for problem in problems]


def _any_upstream(request: Request, catalogue: Catalogue) -> bool:
    installed = catalogue.entries("method")
    named = any(installed[name].component.upstream for name in request.methods if name in installed)
    return named or any(item.address == SLOT for item in request.settings())


def _plan_system(
    request: Request, catalogue: Catalogue, combination: Combination, system: type[System], mine: Sequence[Override]
) -> tuple[Plan, list[str]]:
    if not system.needs_backbone:
        combination = replace(combination, backbone=None, reference="")
    backbone = {} if combination.backbone is None else {"backbone": combination.backbone.Options}
    slots = {"dataset": combination.dataset.Options, DIALOGUES: DialogueOptions, **backbone, "system": system.Options}
    # Settings of slots that a system does not have are meant for the compositions of the grid, if there are any.
    installed = catalogue.entries("method")
    compositions = any(installed[name].component.system is None for name in request.methods if name in installed)
    addressed = [item for item in mine if item.method or not compositions or item.slot in slots]
    size = partial(_size, combination)
    resolved, problems = resolve(slots, _layers(combination, ()), [*addressed, *_reference(combination)], size)
    # What is asked and not taught stands still, whatever its size.
    regime = "frozen" if system.needs_backbone and not system.trains else resolved.regime
    resolved = replace(resolved, overrides=_without_reference(resolved), regime=regime)
    problems += misdirected(combination.method, slots, (), combination.dataset)
    problems += system_backbone_problems(combination, system)
    problems += _named_twice(combination, mine)
    problems += _unsavable(request, system)
    resolved, paths, wrong_files = with_digests(resolved, {"system": system}, request.features is None)
    problems += wrong_files
    plan = _make(request, combination, {"system": system}, {}, resolved)
    plan = replace(plan, option_files=paths)
    return plan, [str(problem) for problem in problems]


def _no_slot(slot: str) -> str:
    return f"the method fills a slot {slot!r}, which does not exist; the slots are {', '.join(DEFAULT_CHOICES)}"


def _slots(combination: Combination, components: Mapping[str, Any]) -> dict[str, type]:
    backbone = {} if combination.backbone is None else {"backbone": combination.backbone.Options}
    return {
        "dataset": combination.dataset.Options,
        DIALOGUES: DialogueOptions,
        **backbone,
        "training": TrainingOptions,
        ADAPTERS: AdapterOptions,
        **{slot: component.Options if component else Component.Options for slot, component in components.items()},
    }


def _layers(combination: Combination, replaced: Container[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the recipe's settings, weakest first.

    The method's own are meant for its own components: what fills a slot in their place keeps its defaults.
    """
    method, dataset = combination.method, combination.dataset
    name, on_dataset = method.settings_on(dataset.recipe_names())
    own = [(f"method {method.name}", method.settings), (f"method {method.name} for {name}", on_dataset)]
    kept = [
        (origin, {address: value for address, value in settings.items() if address.partition(".")[0] not in replaced})
        for origin, settings in own
    ]
    weakest = [(f"dataset {dataset.name}", dataset.suggested_settings)]
    strongest = [_NOTHING_TRAINS] if combination.backbone is None and method.system is None else []
    return [*weakest, *([TRAINS] if combination.as_upstream else []), *kept, *strongest]


def _reference(combination: Combination) -> list[Override]:
    if not combination.reference:
        return []
    return [Override("backbone.path", combination.reference, origin=_REFERENCE_ORIGIN)]


def _without_reference(resolved: Resolved) -> dict[str, Any]:
    # What --backbone named is the row's name already.
    return {a: value for a, value in resolved.overrides.items() if resolved.origins[a] != _REFERENCE_ORIGIN}


def _size(combination: Combination, options: Mapping[str, Any]) -> int | None:
    backbone = combination.backbone
    return None if backbone is None else backbone(backbone.Options(**options)).size()


def _impossible(
    combination: Combination,
    components: Mapping[str, Any],
    readouts: Mapping[str, Any],
    resolved: Resolved,
    mine: Sequence[Override],
) -> list[Problem]:
    objective = components["objective"]
    problems = []
    for classifier in [components["classifier"], *readouts.values()]:
        if classifier.needs_anchors and not objective.has_anchors():
            sentence = f"{classifier.name!r} reads anchors, and the objective {objective.name!r} has none"
            problems.append(Problem("classifier", sentence))
    if resolved.values.get("training.standardise") and resolved.values.get("encoder.trainable") != "none":
        problems.append(Problem("training.standardise", "only a frozen backbone (encoder.trainable=none) allows it"))
    if resolved.values.get("upstream.folds") and components["encoder"].language_models:
        problems.append(Problem("upstream.folds", "an encoder of several language models reads one upstream"))
    weights, labels = resolved.values.get("training.class_weights"), combination.dataset.labels
    if isinstance(weights, tuple) and len(weights) != len(labels):
        sentence = f"{len(weights)} weights for the {len(labels)} labels of {combination.dataset.name}"
        problems.append(Problem("training.class_weights", f"{sentence}: {', '.join(labels)}"))
    return problems + _named_twice(combination, mine)


def _named_twice(combination: Combination, mine: Sequence[Override]) -> list[Problem]:
    if not combination.reference or all(item.address != "backbone.path" for item in mine):
        return []
    sentence = f"{OptionName('backbones')} {combination.reference} says already where it lies"
    return [Problem("backbone.path", sentence)]


def _unsavable(request: Request, component: type[Backbone] | type[System]) -> list[Problem]:
    if not request.save_model or component.can_be_saved():
        return []
    kind, lacks = ("system", "save and load") if issubclass(component, System) else ("backbone", "load_saved")
    return [Problem(str(OptionName("save_model")), f"the {kind} {component.name!r} cannot be saved: it lacks {lacks}")]


def _make(
    request: Request,
    combination: Combination,
    components: Mapping[str, Any],
    readouts: Mapping[str, Any],
    resolved: Resolved,
    upstream: Plan | None = None,
) -> Plan:
    choices = {slot: component.name for slot, component in components.items()}
    if upstream is not None:
        choices |= {"upstream": upstream.method.name}
        choices |= {f"upstream.{slot}": name for slot, name in upstream.choices().items()}
        resolved = joined(resolved, upstream, combination.method.upstream)
    elif combination.method.upstream:
        resolved = replace(resolved, overrides={**resolved.overrides, SLOT: NO_UPSTREAM})
    resolved = where_used(resolved, DIALOGUES, DialogueOptions)
    digest = settings_hash(choices, resolved, request.limit, request.dev_only)
    dataset_name, method_name, backbone_name = _name(combination)
    address = CellAddress(dataset_name, method_name, backbone_name, digest, 0)
    is_system = "system" in components
    return Plan(
        address,
        combination.method,
        combination.dataset,
        combination.backbone,
        components,
        readouts,
        resolved,
        request.limit,
        request.dev_only,
        # A system that trains by itself has no epochs that could be watched, and keeps its representations.
        request.audit and not is_system,
        request.save_representations and not is_system,
        request.save_model,
        upstream,
    )

"""The upstream of a cell, whose trained language model is its backbone: its recipe, and its place in the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.method import Method
from erc_bench.errors import OptionName
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import SHARED_SLOTS, Upstream
from erc_bench.planning.settings import Problem, Resolved

SLOT = "upstream"
TRAINS = ("an upstream trains", {"encoder.trainable": "all"})
"""What is weaker than a method's own settings and stronger than a dataset's suggestion of frozen features."""
_PREFIX = f"{SLOT}."


def recipe(upstream: Method, method: Method, dataset: type[Dataset]) -> Method:
    """Return the method that is an upstream as the method downstream wants it trained on a dataset."""
    names = dataset.recipe_names()
    wanted = {**method.settings, **method.settings_on(names)[1]}
    deeper = {a.removeprefix(_PREFIX): value for a, value in wanted.items() if a.startswith(_PREFIX)}
    theirs = {**upstream.settings, **upstream.settings_on(names)[1], **deeper}
    return replace(upstream, settings=theirs, per_dataset={})


def joined(own: Resolved, upstream: Plan, default: str) -> Resolved:
    """Return the settings of a cell with those of its upstream among them, as ``upstream.SLOT.OPTION``."""
    theirs = upstream.resolved
    changed = {} if upstream.method.name == default else {SLOT: upstream.method.name}
    return replace(
        own,
        values={**own.values, **_prefixed(theirs.values)},
        origins={**own.origins, **_prefixed(theirs.origins)},
        overrides={**own.overrides, **changed, **_prefixed(theirs.overrides)},
    )


def impossible(own: Resolved, upstream: Plan | None, asked: Upstream, heard: bool) -> list[Problem]:
    """Return what cannot be trained as it was asked for; ``heard``: other methods of the grid have an upstream."""
    if not asked.method:
        sentence = f"this cell has no upstream; name one: {OptionName('settings'):upstream=utterance-ce}"
        return [Problem(item.address, sentence) for item in asked.unheard if item.method or not heard]
    shared = "a cell and its upstream have it in common: set it without upstream"
    problems = [Problem(item.address, shared) for item in asked.unheard]
    if upstream is None:
        return problems
    if upstream.resolved.values.get("encoder.trainable") == "none":
        sentence = f"an upstream that trains nothing is the plain backbone: {OptionName('settings'):upstream=none}"
        problems.append(Problem("upstream.encoder.trainable", sentence))
    if own.values.get("upstream.folds") and own.values.get("encoder.trainable") != "none":
        sentence = "only a frozen backbone (encoder.trainable=none) reads each dialogue through another upstream"
        problems.append(Problem("upstream.folds", sentence))
    return problems


def _prefixed(settings: Mapping[str, Any]) -> dict[str, Any]:
    own = {address: value for address, value in settings.items() if address.partition(".")[0] not in SHARED_SLOTS}
    return {f"{_PREFIX}{address}": value for address, value in own.items()}

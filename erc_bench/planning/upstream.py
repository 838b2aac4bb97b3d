"""The upstream of a cell: whose trained language model is its backbone, and what of the request speaks to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from erc_bench.contracts.method import Method
from erc_bench.contracts.options import option
from erc_bench.planning.overrides import Override
from erc_bench.planning.plan import Plan
from erc_bench.planning.settings import Problem, Resolved

SLOT = "upstream"
NO_UPSTREAM = "none"
TRAINS = ("an upstream trains", {"encoder.trainable": "all"})
"""What is weaker than a method's own settings and stronger than a dataset's suggestion of frozen features."""
_PREFIX = f"{SLOT}."
_SHARED = ("backbone", "dataset")
"""Slots in which a cell and its upstream are the same."""


@dataclass(frozen=True)
class UpstreamOptions:
    """What a cell with an upstream may say of it, beside settings of the upstream's own."""

    folds: int | None = option(
        None,
        "Read each training dialogue through an upstream that was trained without it, in so many folds of dialogues.",
        at_least=2,
    )


@dataclass(frozen=True)
class Upstream:
    """Settings of a cell by whom they speak to: the cell (``own``) or the ``method`` that is its upstream.

    Without a method there is no upstream, and what speaks to one is ``unheard``.
    """

    method: str
    own: tuple[Override, ...]
    theirs: tuple[Override, ...]
    unheard: tuple[Override, ...] = ()


def upstream_of(method: Method, settings: Sequence[Override]) -> Upstream:
    """Take the settings of a method's cell apart.

    ``upstream`` chooses it, ``upstream.folds`` is the cell's own, ``upstream.training.epochs`` the upstream's
    ``training.epochs``. What is said of backbone and dataset is said of both.
    """
    names = [str(item.value) for item in settings if item.address == SLOT]
    named = names[-1] if names else method.upstream
    own_options = {f"{_PREFIX}{name}" for name in UpstreamOptions.__dataclass_fields__}
    deeper = [item for item in settings if item.address.startswith(_PREFIX) and item.address not in own_options]
    own = [item for item in settings if item not in deeper and item.address != SLOT]
    # Said to a whole grid, it may name one of the grid's own methods.
    if named in ("", NO_UPSTREAM, method.name):
        unheard = [item for item in settings if item.address.startswith(_PREFIX)]
        return Upstream("", tuple(item for item in own if item.slot != SLOT), (), tuple(unheard))
    shared = [replace(item, method="") for item in own if item.slot in _SHARED]
    theirs = [replace(item, address=item.address.removeprefix(_PREFIX), method="") for item in deeper]
    return Upstream(named, tuple(own), (*shared, *theirs))


def recipe(upstream: Method, method: Method, dataset: str) -> Method:
    """Return the method that is an upstream as the method downstream wants it trained on a dataset."""
    wanted = {**method.settings, **method.per_dataset.get(dataset, {})}
    deeper = {a.removeprefix(_PREFIX): value for a, value in wanted.items() if a.startswith(_PREFIX)}
    theirs = {**upstream.settings, **upstream.per_dataset.get(dataset, {}), **deeper}
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
        sentence = "this cell has no upstream; name one: --set upstream=utterance-ce"
        return [Problem(item.address, sentence) for item in asked.unheard if item.method or not heard]
    if upstream is None:
        return []
    problems = []
    if upstream.resolved.values.get("encoder.trainable") == "none":
        sentence = "an upstream that trains nothing is the plain backbone: --set upstream=none"
        problems.append(Problem("upstream.encoder.trainable", sentence))
    if own.values.get("upstream.folds") and own.values.get("encoder.trainable") != "none":
        sentence = "only a frozen backbone (encoder.trainable=none) reads each dialogue through another upstream"
        problems.append(Problem("upstream.folds", sentence))
    return problems


def _prefixed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{_PREFIX}{address}": value for address, value in settings.items() if address.partition(".")[0] not in _SHARED
    }

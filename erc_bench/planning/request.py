"""What the user asked for, by name, the components that these names stand for, and whom each setting speaks to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from erc_bench.contracts.backbone import Backbone
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.method import Method
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.asked import shared
from erc_bench.planning.features import GivenFeatures
from erc_bench.planning.hub_owners import with_owner
from erc_bench.planning.run_requests import RunRequest, Settings, TuneRequest
from erc_bench.planning.settings import Override, UpstreamOptions, parse_override
from erc_bench.planning.tuned import CombinationName, Tuned
from erc_bench.plugin_host.catalogue import Catalogue

DEFAULT_BACKBONE = "simcse"
ANY_BACKBONE = "huggingface"
NO_BACKBONE = "none"
"""What ``--backbone`` says for an encoder that needs no language model."""
NO_UPSTREAM = "none"
_UPSTREAM = "upstream."
DIALOGUES = "dialogues"
"""The slot of what methods are shown of a dataset."""
SHARED_SLOTS = ("backbone", "dataset", DIALOGUES)
"""Slots in which a cell and its upstream are the same."""
_KINDS = {"methods": "method", "datasets": "dataset", "backbones": "backbone", "readouts": "classifier"}


class Naming(Protocol):
    """Names what was handed over in the place of names."""

    def names(self, kind: str, things: Any) -> list[str]:
        """Return the names of components of a kind."""

    def value(self, slot: str, thing: Any) -> Any:
        """Return the value of a setting as plain data."""


@dataclass(frozen=True)
class Request:
    """What the user asked for, by name.

    ``suite`` holds the settings of a suite, weakest first; all ``overrides`` are stronger.
    ``datasets_of``, ``backbones_of`` and ``readouts_of`` say for one method what the request says for all.
    ``audit`` wants the test score of every epoch on record, ``save_representations`` those of the test
    utterances in the cell's folder, ``save_model`` the trained model there. ``tuned`` settings are stronger than a
    method's own and weaker than everything that is set. ``features`` are files of vectors for encoders that read some;
    ``None`` where plans are made to be looked at, and none is asked for.
    """

    methods: Sequence[str]
    datasets: Sequence[str]
    backbones: Sequence[str] = (DEFAULT_BACKBONE,)
    seeds: Sequence[int] = (1, 2, 3, 4, 5)
    overrides: Sequence[Override] = ()
    readouts: Sequence[str] = ()
    suite: Sequence[Override] = ()
    datasets_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    backbones_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    readouts_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: int | None = None
    dev_only: bool = False
    audit: bool = False
    save_representations: bool = False
    save_model: bool = False
    tuned: Mapping[CombinationName, Tuned] = field(default_factory=dict)
    features: GivenFeatures | None = None

    def settings(self) -> list[Override]:
        """Return everything that is set, weakest first.

        What speaks to one method is stronger than what speaks to all, in whatever order it was typed.
        """
        return [*self.suite, *sorted(self.overrides, key=lambda item: bool(item.method))]

    def settings_for(self, method: str) -> list[Override]:
        """Return what is set for a method, weakest first."""
        return [item for item in self.settings() if item.speaks_to(method)]

    def unknown_methods(self) -> list[str]:
        """Return a sentence for each setting that speaks to a method that is not selected."""
        return [
            f"{item.origin} {item.method}:{item.address} speaks to the method {item.method!r}, which is not selected; "
            f"{did_you_mean(item.method, self.methods)}"
            for item in self.settings()
            if item.method and item.method not in self.methods
        ]

    def datasets_for(self, method: str) -> Sequence[str]:
        """Return the datasets that a method meets."""
        return self.datasets_of.get(method, self.datasets)

    def backbones_for(self, method: str) -> Sequence[str]:
        """Return the backbones that a method meets."""
        return self.backbones_of.get(method, self.backbones)

    def readouts_for(self, method: str) -> Sequence[str]:
        """Return the further classifiers that read a method."""
        return self.readouts_of.get(method, self.readouts)


def request_of(asked: RunRequest | TuneRequest, seeds: Sequence[int], handed: Naming, **more: Any) -> Request:
    """Return the request by name of one that may hand components over; ``more`` is what only this says.

    Raises :class:`ErcBenchError` where nothing is named that could run.
    """
    fields = shared(asked, Request)
    for keyword in fields.keys() & _KINDS.keys():
        fields[keyword] = handed.names(_KINDS[keyword], fields[keyword])
    if empty := [keyword for keyword in ("methods", "datasets", "backbones") if not fields[keyword]]:
        raise ErcBenchError(f"no {empty[0]} are named, so there is nothing to run")
    return Request(**{**fields, "seeds": seeds, "overrides": overrides(asked.settings, handed), **more})


def overrides(settings: Settings, handed: Naming) -> list[Override]:
    """Return settings, as texts or as a mapping of addresses to values, as overrides."""
    if isinstance(settings, Mapping):
        named = [(parse_override(f"{name}=0"), value) for name, value in settings.items()]
        return [replace(item, value=handed.value(item.slot, value), origin="settings") for item, value in named]
    if isinstance(settings, str) or not isinstance(settings, Iterable):
        raise ErcBenchError(
            f"settings must map names to values, and is {settings!r}", 'For example {"objective.temperature": 0.1}.'
        )
    return [parse_override(text) for text in settings]


@dataclass(frozen=True)
class Upstream:
    """Settings of a cell by whom they speak to: the cell (``own``) or the ``method`` that is its upstream.

    What speaks to an upstream that is not there is ``unheard``, and what speaks to it alone of a slot that both share.
    """

    method: str
    own: Sequence[Override]
    theirs: Sequence[Override] = ()
    unheard: Sequence[Override] = ()


def upstream_of(method: Method, settings: Sequence[Override]) -> Upstream:
    """Take the settings of a method's cell apart.

    ``upstream`` chooses it, ``upstream.folds`` is the cell's own, ``upstream.training.epochs`` the upstream's
    ``training.epochs``. What is said of backbone and dataset is said of both.
    """
    named = next((str(item.value) for item in reversed(settings) if item.address == "upstream"), method.upstream)
    cell = [item for item in settings if item.slot != "upstream"]
    below = [item for item in settings if item.address.startswith(_UPSTREAM)]
    # Said to a whole grid, it may name one of the grid's own methods.
    if named in ("", NO_UPSTREAM, method.name):
        return Upstream("", cell, unheard=below)
    theirs = [replace(item, address=item.address.removeprefix(_UPSTREAM), method="") for item in below]
    own_options = UpstreamOptions.__dataclass_fields__
    deeper = [item for item in theirs if item.address not in own_options and item.slot not in SHARED_SLOTS]
    own = [item for item in below if item.address.removeprefix(_UPSTREAM) in own_options]
    unheard = [item for item, their in zip(below, theirs, strict=True) if their.slot in SHARED_SLOTS]
    both = [replace(item, method="") for item in cell if item.slot in SHARED_SLOTS]
    return Upstream(named, [*cell, *own], [*both, *deeper], unheard)


@dataclass(frozen=True)
class Combination:
    """One method on one dataset with one backbone.

    ``backbone`` is ``None`` where none was asked for. ``reference`` is the hub id or the local folder where the
    backbone was named by one. ``as_upstream``: its language model is to be trained for another method.
    """

    method: Method
    dataset: type[Dataset]
    backbone: type[Backbone] | None
    backbone_name: str
    reference: str = ""
    as_upstream: bool = False


def combinations(request: Request, catalogue: Catalogue, problems: list[str]) -> list[Combination]:
    """Look every name up; a name that is not known is a problem, and the others go on."""
    datasets = [look_up(catalogue, "dataset", name, problems) for name in dict.fromkeys(request.datasets)]
    methods = [look_up(catalogue, "method", name, problems) for name in dict.fromkeys(request.methods)]
    backbones = {name: look_up_backbone_of_cell(catalogue, name, problems) for name in request.backbones}
    return [
        Combination(method, dataset, *backbone)
        for dataset in filter(None, datasets)
        for asked, backbone in backbones.items()
        for method in filter(None, methods)
        if backbone and asked in request.backbones_for(method.name)
        if dataset.name in request.datasets_for(method.name)
    ]


def look_up(catalogue: Catalogue, kind: str, name: str, problems: list[str]) -> Any:
    """Return a component by name; ``None`` and a problem where there is none.

    Raises :class:`ErcBenchError` when the plugins themselves are at fault.
    """
    catalogue.entries(kind)
    try:
        return catalogue.get(kind, name)
    except ErcBenchError as error:
        problems.append(error.message)
        return None


def look_up_backbone_of_cell(
    catalogue: Catalogue, name: str, problems: list[str]
) -> tuple[type[Backbone] | None, str, str] | None:
    """Return what :func:`look_up_backbone` does, and for ``none``, which a cell may have, no backbone by that name."""
    return (None, NO_BACKBONE, "") if name == NO_BACKBONE else look_up_backbone(catalogue, name, problems)


def look_up_backbone(catalogue: Catalogue, name: str, problems: list[str]) -> tuple[type[Backbone], str, str] | None:
    """Return a backbone by name, hub id or local folder, its name in tables, and where it lies if it was said.

    ``None`` and a problem where there is none.
    """
    # A backbone of the catalogue wins over a folder of the same name in the working directory.
    if name not in catalogue.entries("backbone") and ("/" in name or Path(name).is_dir() or _is_model_file(name)):
        any_backbone = look_up(catalogue, "backbone", ANY_BACKBONE, problems)
        return (any_backbone, *_named(name)) if any_backbone else None
    backbone = look_up(catalogue, "backbone", name, problems)
    if backbone is None:
        problems[-1] += with_owner(name)
    return (backbone, name, "") if backbone else None


def _is_model_file(name: str) -> bool:
    return name.lower().endswith(".gguf") and Path(name).is_file()


def _named(reference: str) -> tuple[str, str]:
    """Return the name in tables and the address of a hub id, a local folder or a file."""
    folder = Path(reference)
    if _is_model_file(reference):
        return folder.stem, str(folder.resolve())
    if not folder.is_dir():
        return reference, reference
    # The path of a folder is an address of one machine; a row is named by its last part.
    return folder.resolve().name, str(folder.resolve())

"""What the user asked for, by name, and the components that these names stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erc_bench.contracts.backbone import Backbone
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.method import Method
from erc_bench.errors import ErcBenchError
from erc_bench.planning.overrides import Override
from erc_bench.planning.tuned import CombinationName, Tuned
from erc_bench.plugin_host.catalogue import Catalogue

DEFAULT_BACKBONE = "simcse"
ANY_BACKBONE = "huggingface"


@dataclass(frozen=True)
class Request:
    """What the user asked for, by name.

    ``suite`` holds the settings of a suite, weakest first; all ``overrides`` are stronger.
    ``datasets_of``, ``backbones_of`` and ``readouts_of`` say for one method what the request says for all.
    ``audit`` wants the test score of every epoch on record, ``save_representations`` those of the test
    utterances in the cell's folder, ``save_model`` the trained model there. ``tuned`` settings are stronger than a
    method's own and weaker than everything that is set.
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

    def settings(self) -> list[Override]:
        """Return everything that is set, weakest first.

        What speaks to one method is stronger than what speaks to all, in whatever order it was typed.
        """
        return [*self.suite, *sorted(self.overrides, key=lambda item: bool(item.method))]

    def settings_for(self, method: str) -> list[Override]:
        """Return what is set for a method, weakest first."""
        return [item for item in self.settings() if item.speaks_to(method)]

    def datasets_for(self, method: str) -> Sequence[str]:
        """Return the datasets that a method meets."""
        return self.datasets_of.get(method, self.datasets)

    def backbones_for(self, method: str) -> Sequence[str]:
        """Return the backbones that a method meets."""
        return self.backbones_of.get(method, self.backbones)

    def readouts_for(self, method: str) -> Sequence[str]:
        """Return the further classifiers that read a method."""
        return self.readouts_of.get(method, self.readouts)


@dataclass(frozen=True)
class Combination:
    """One method on one dataset with one backbone.

    ``reference`` is the hub id or the local folder where the backbone was named by one. ``as_upstream``: its language
    model is to be trained for another method.
    """

    method: Method
    dataset: type[Dataset]
    backbone: type[Backbone]
    backbone_name: str
    reference: str = ""
    as_upstream: bool = False


def combinations(request: Request, catalogue: Catalogue, problems: list[str]) -> list[Combination]:
    """Look every name up; a name that is not known is a problem, and the others go on."""
    datasets = [look_up(catalogue, "dataset", name, problems) for name in dict.fromkeys(request.datasets)]
    methods = [look_up(catalogue, "method", name, problems) for name in dict.fromkeys(request.methods)]
    backbones = {name: look_up_backbone(catalogue, name, problems) for name in request.backbones}
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


def look_up_backbone(catalogue: Catalogue, name: str, problems: list[str]) -> tuple[type[Backbone], str, str] | None:
    """Return a backbone by name, hub id or local folder, its name in tables, and where it lies if it was said.

    ``None`` and a problem where there is none.
    """
    # A backbone of the catalogue wins over a folder of the same name in the working directory.
    if name not in catalogue.entries("backbone") and ("/" in name or Path(name).is_dir()):
        any_backbone = look_up(catalogue, "backbone", ANY_BACKBONE, problems)
        return (any_backbone, *_named(name)) if any_backbone else None
    backbone = look_up(catalogue, "backbone", name, problems)
    return (backbone, name, "") if backbone else None


def _named(reference: str) -> tuple[str, str]:
    """Return the name in tables and the address of a hub id or a local folder."""
    folder = Path(reference)
    if not folder.is_dir():
        return reference, reference
    # The path of a folder is an address of one machine; a row is named by its last part.
    return folder.resolve().name, str(folder.resolve())

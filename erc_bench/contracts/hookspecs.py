"""The seven hooks. Each is called once, when its kind is first needed, and returns a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from erc_bench.contracts.backbone import Backbone
    from erc_bench.contracts.classifier import Classifier
    from erc_bench.contracts.dataset import Dataset
    from erc_bench.contracts.encoder import Encoder
    from erc_bench.contracts.method import Method
    from erc_bench.contracts.objective import Objective
    from erc_bench.contracts.observer import Observer

PROJECT = "erc_bench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def erc_datasets() -> list[type[Dataset]]:  # type: ignore[empty-body]
    """Return dataset classes."""


@hookspec
def erc_backbones() -> list[type[Backbone]]:  # type: ignore[empty-body]
    """Return backbone classes."""


@hookspec
def erc_encoders() -> list[type[Encoder]]:  # type: ignore[empty-body]
    """Return encoder classes."""


@hookspec
def erc_objectives() -> list[type[Objective]]:  # type: ignore[empty-body]
    """Return objective classes."""


@hookspec
def erc_classifiers() -> list[type[Classifier]]:  # type: ignore[empty-body]
    """Return classifier classes."""


@hookspec
def erc_methods() -> list[Method]:  # type: ignore[empty-body]
    """Return ready recipes: a choice for each slot, and the settings that go with it."""


@hookspec
def erc_observers() -> list[type[Observer]]:  # type: ignore[empty-body]
    """Return observer classes."""

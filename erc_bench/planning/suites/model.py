"""What a suite asks for: a grid, the values of its axes, and the tables to end with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erc_bench.comparison.comparison_data import Family
from erc_bench.comparison.requested_tests import Tests
from erc_bench.planning.overrides import Override


@dataclass(frozen=True)
class Axis:
    """Several values of one setting: the grid holds each. ``method`` is empty where it is for all."""

    address: str
    values: tuple[Any, ...]
    method: str = ""


@dataclass(frozen=True)
class Table:
    """One table that a suite ends with; what is empty is as in the suite, or as ``compare`` has it."""

    title: str = ""
    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    readouts: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    baseline: str | None = None
    metric: str | None = None
    family: Family = "dataset"
    per_class: bool = False
    audit: bool = False
    alpha: float = 0.05
    tests: Tests = field(default_factory=Tests)

    def wanted(self) -> dict[str, Any]:
        """Return what ``compare`` is asked for, beside methods and datasets."""
        names = ("baseline", "metric", "readouts", "family", "per_class", "reported", "audit", "alpha", "tests")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Suite:
    """One suite. ``settings`` come weakest first; what ends in ``_of`` narrows to one method.

    ``settings_files`` are those of ``erc-bench tune``, beside the suite's file.
    """

    name: str
    methods: tuple[str, ...]
    datasets: tuple[str, ...]
    backbones: tuple[str, ...]
    seeds: tuple[int, ...]
    title: str = ""
    text: str = ""
    readouts: tuple[str, ...] = ()
    settings: tuple[Override, ...] = ()
    axes: tuple[Axis, ...] = ()
    datasets_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    backbones_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    readouts_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tables: tuple[Table, ...] = (Table(),)
    audit: bool = False
    settings_files: tuple[str, ...] = ()
    save_representations: bool = False
    save_model: bool = False

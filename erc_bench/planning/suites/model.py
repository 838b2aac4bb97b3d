"""What a suite asks for: a grid, the values of its axes, and the tables to end with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erc_bench.planning.asked import asked
from erc_bench.planning.settings import Override
from erc_bench.planning.table_requests import CompareRequest


@dataclass(frozen=True)
class Axis:
    """Several values of one setting: the grid holds each. ``method`` is empty where it is for all."""

    address: str
    values: tuple[Any, ...]
    method: str = ""


@dataclass(frozen=True, kw_only=True)
class Table(CompareRequest):
    """One table that a suite ends with; what is empty is as in the suite, or as ``compare`` has it."""

    title: str = asked("", "What stands above the table.")


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

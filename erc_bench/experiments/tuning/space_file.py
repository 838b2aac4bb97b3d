"""Search spaces from a TOML file, in place of those that the methods declare.

::

    [eacl]                                     # a table for each method
    "objective.temperature" = [0.1, 0.2, 0.3]  # the values of each setting
    "training.head_lr" = [1e-3, 3e-3]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from erc_bench.names import did_you_mean
from erc_bench.validation import load_toml, refuse

SpaceFile = dict[str, dict[str, list[Any]]]


def read_spaces(file: Path, methods: Collection[str]) -> SpaceFile:
    """Return, by method, the values of each address. ``methods`` are those that are installed.

    Raises :class:`ErcBenchError` with everything that is wrong; whether a method has the settings is
    checked when its search is planned.
    """
    content = load_toml(file, "file of search spaces")
    problems = [_unknown(name, methods) for name in content if name not in methods]
    spaces = {name: dict(flat(table)) for name, table in content.items() if isinstance(table, dict)}
    problems += [f"{name}: it must be a table, [{name}]" for name in content if name in methods and name not in spaces]
    for name, space in spaces.items():
        problems += [f"{name}: {problem}" for problem in _problems(space)]
    refuse(file, problems)
    return spaces


def _unknown(name: str, methods: Collection[str]) -> str:
    return f"{name}: there is no such method; {did_you_mean(name, methods)}"


def _problems(space: dict[str, Any]) -> list[str]:
    if not space:
        return ["it names no setting"]
    slots = [f"{address}: a slot cannot be searched, only options of it" for address in space if "." not in address]
    return slots + [
        f"{address}: it must be a list of values"
        for address, values in space.items()
        if "." in address and not (isinstance(values, list) and values)
    ]


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (address, value): ``"objective.temperature"`` in quotes and without them is the same."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

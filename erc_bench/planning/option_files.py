"""Files that options name: the settings of a cell hold the digest of their content, its plan the paths."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from erc_bench.contracts.options import OptionSpec, format_value, specs
from erc_bench.errors import ErcBenchError, OptionName, naming
from erc_bench.planning.settings import Problem, Resolved

_BEFORE = "sha256:"


def with_digests(
    resolved: Resolved, components: Mapping[str, Any], only_looked_at: bool
) -> tuple[Resolved, dict[str, str], list[Problem]]:
    """Return the settings with ``sha256:…`` in the place of each path; the paths, by address; and what is wrong.

    They are no overrides: where a file lies says nothing about a row. None is lacking in a plan that is
    ``only_looked_at``.
    """
    values, paths, problems = dict(resolved.values), {}, []
    for slot, spec in _file_options(components):
        address, given = f"{slot}.{spec.name}", values[f"{slot}.{spec.name}"]
        component = components[slot]
        read = spec.is_read(component.Options(**resolved.slot(slot)))
        if given and read and Path(given).expanduser().is_file():
            path = Path(given).expanduser().absolute()
            values[address], paths[address] = _BEFORE + digest_of(path), str(path)
        elif given:
            problems.append(Problem(address, f"there is no file {given!r}" if read else _unread(component, slot, spec)))
        elif read and spec.declared.read_with and not only_looked_at:
            problems.append(Problem("", _lacking(component, address)))
    overrides = {address: value for address, value in resolved.overrides.items() if address not in paths}
    return replace(resolved, values=values, overrides=overrides), paths, problems


def check_unchanged(values: Mapping[str, object], paths: Mapping[str, str]) -> None:
    """Raise :class:`ErcBenchError` where a file is gone or is another one than its digest says."""
    for address, path in paths.items():
        if values[address] != _BEFORE + digest_of(Path(path)):
            raise ErcBenchError(
                f"{path} ({address}) has changed since the run was planned",
                "Start it again: another file is another cell.",
            )


def digest_of(path: Path) -> str:
    """Return the sha256 of a file's content; raise :class:`ErcBenchError` where it cannot be read."""
    with naming(f"{path} cannot be read"):
        stat = path.stat()
        return _digest(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=64)
def _digest(path: Path, *_: int) -> str:
    # A grid plans hundreds of cells with the same large file.
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _file_options(components: Mapping[str, Any]) -> Iterator[tuple[str, OptionSpec]]:
    for slot, component in components.items():
        yield from ((slot, spec) for spec in specs(component.Options).values() if spec.is_file)


def _lacking(component: Any, address: str) -> str:
    return f"the {component.kind} {component.name!r} reads a file: {OptionName('settings'):{address}=FILE}"


def _unread(component: Any, slot: str, spec: OptionSpec) -> str:
    needed = ", ".join(f"{slot}.{name}={format_value(value)}" for name, value in spec.declared.read_with.items())
    return f"the {component.kind} {component.name!r} reads no such file; it does with {needed}"

"""The imports of a component's module: the api, its own package and other people's libraries."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

from erc_bench.plugin_host.catalogue import GROUP
from erc_bench.testing.findings import NotApplicableError

_OWN_LIBRARY = "erc_bench"
_ALLOWED = ("erc_bench.api", "erc_bench.testing")
"""Modules of erc_bench that a plugin may import: the second for its own tests."""
_SHIPPED = "erc_bench_plugins"
_DEPTH_OF_A_SHIPPED_COMPONENT = 3


def imports_allowed(component: type) -> str:
    """Return how many imports were read; raise ``AssertionError`` naming the first one that is not allowed."""
    module = component.__module__
    files = source_files(component)
    found = [(path, line, name) for path, names in files.items() for line, name in imported(path, names)]
    own, others = _homes(module), _libraries_of_plugins() - {module.partition(".")[0]}
    for path, line, name in found:
        where = f"{path.name}, line {line}"
        assert not _is_inner(name), f"{where} imports {name}: import erc_bench.api, which says what stays"
        foreign = name.partition(".")[0] in others or (_is_shipped(name) and not any(_within(name, p) for p in own))
        assert not foreign, f"{where} imports {name}, of another plugin: either may be absent where the other is used"
    return f"{len(found)} import(s) in {len(files)} file(s), none of the inside of erc_bench or of another plugin"


def source_files(component: type) -> dict[Path, str]:
    """Return the files of a component and the package of each: its module's, and those beside it if it has a folder.

    Raises :class:`NotApplicableError` for a class that was typed in.
    """
    try:
        path = Path(inspect.getsourcefile(component) or "")
    except TypeError:
        path = Path()
    if not path.is_file():
        raise NotApplicableError("the source of the class is in no file")
    module = component.__module__
    if path.name != "__init__.py":
        return {path: module.rpartition(".")[0]}
    return {each: _package(module, each.relative_to(path.parent)) for each in sorted(path.parent.rglob("*.py"))}


def imported(path: Path, package: str) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if node.level:
                base = resolve_name(base, package) if package else base.lstrip(".")
            # `from erc_bench import training` names the module only together with what is imported.
            inner = node.module == _OWN_LIBRARY and not node.level
            yield from ((node.lineno, f"{base}.{alias.name}" if inner else base) for alias in node.names)


def _is_inner(name: str) -> bool:
    mine = name == _OWN_LIBRARY or name.startswith(f"{_OWN_LIBRARY}.")
    return mine and not any(_within(name, allowed) for allowed in _ALLOWED)


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _is_shipped(name: str) -> bool:
    return _within(name, _SHIPPED)


def _homes(module: str) -> list[str]:
    """Return a component's own packages: a shipped one has its folder and its recipes, a third-party one everything."""
    parts = module.split(".")
    if parts[0] != _SHIPPED:
        return parts[:1]
    own = parts[:_DEPTH_OF_A_SHIPPED_COMPONENT]
    return [".".join(own), f"{_SHIPPED}.methods.{own[-1]}"]


def _libraries_of_plugins() -> set[str]:
    """Return the top-level packages of other people's plugins."""
    points: Any = entry_points(group=GROUP)
    return {point.value.partition(":")[0].partition(".")[0] for point in points} - {_SHIPPED}


def _package(module: str, relative: Path) -> str:
    return ".".join([module, *relative.parts[:-1]])

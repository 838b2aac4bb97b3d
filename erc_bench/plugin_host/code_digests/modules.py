"""Modules as their source describes them: their definitions, their imports, their effects when imported."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from erc_bench.plugin_host.code_digests.canonical import imports_within, is_docstring, is_for_type_checkers

PLUGIN_MODULE = "erc_bench_plugin_"
"""Prefix of the names of modules that were loaded from a single file."""
SCRIPT = ("__main__", "__mp_main__")
"""Python's names for a script, in its own process and in one that it started."""
CORE = "erc_bench"
"""The package whose parts have versions (:mod:`erc_bench.training.core_versions`)."""
VERSIONED = frozenset({*sys.stdlib_module_names, "torch", CORE})
"""Packages whose code has a version of its own in the record."""
SHIPPED = "erc_bench_plugins"


@dataclass(frozen=True)
class Target:
    """The target of an imported name: a module, or a name in one."""

    module: str
    name: str = ""


@dataclass
class ModuleSource:
    """The source of one module, sorted by its top-level statements.

    ``definitions`` are the statements that bind a name, ``imports`` the targets of imported names, ``imported`` all
    that is imported (a name may be twice), ``effects`` the statements that do something besides.
    """

    name: str
    file: Path
    text: bytes
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Target] = field(default_factory=dict)
    imported: list[Target] = field(default_factory=list)
    effects: list[ast.stmt] = field(default_factory=list)

    @property
    def is_package(self) -> bool:
        """Whether the module is the ``__init__`` of a package."""
        return self.file.name == "__init__.py"


def read_module(name: str, file: Path) -> ModuleSource:
    """Read a module, once as long as its file does not change.

    A file that is not Python is all effect: it was never imported, or somebody catches that.
    """
    facts = file.stat()
    return _read(name, file, (facts.st_mtime_ns, facts.st_size))


@cache
def _read(name: str, file: Path, _changed: tuple[int, int]) -> ModuleSource:
    source = ModuleSource(name, file, file.read_bytes())
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError):
        source.effects.append(ast.Expr(ast.Call(ast.Constant(source.text), [], [])))
        return source
    for statement in tree.body:
        _take(statement, source)
    return source


def _take(statement: ast.stmt, source: ModuleSource) -> None:
    if is_docstring(statement) or is_for_type_checkers(statement):
        return
    for node in imports_within(statement) if not _is_definition(statement) else ():
        add_imports(node, source)
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return
    names = list(_bound_by(statement))
    for name in names:
        source.definitions.setdefault(name, []).append(statement)
    if not names:
        source.effects.append(statement)


def _is_definition(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    """Yield the global names that a statement binds; it may hold others (``if``, ``try``, ``with``, ``for``)."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
        return
    for node in ast.iter_child_nodes(statement):
        if isinstance(node, ast.stmt):
            yield from _bound_by(node)
        elif isinstance(node, ast.ExceptHandler):
            for inner in node.body:
                yield from _bound_by(inner)
        else:
            yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def add_imports(node: ast.Import | ast.ImportFrom, source: ModuleSource) -> None:
    """Note the targets of an import's names."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            source.imports[alias.asname or top] = Target(alias.name if alias.asname else top)
            source.imported.append(Target(alias.name))
        return
    module = _absolute(node, source)
    for alias in node.names:
        if alias.name != "*":
            source.imports[alias.asname or alias.name] = Target(module, alias.name)
        source.imported.append(Target(module, "" if alias.name == "*" else alias.name))


def _absolute(node: ast.ImportFrom, source: ModuleSource) -> str:
    if not node.level:
        return node.module or ""
    parts = source.name.split(".")
    kept = parts[: len(parts) - node.level + source.is_package]
    return ".".join([*kept, node.module] if node.module else kept)


class Followed:
    """The packages whose code belongs to a component: its own, those of its base classes, and the shipped plugins.

    A plugin of a single file, or a script, has the files beside it for a package.
    """

    def __init__(self, component: type) -> None:
        modules = {base.__module__ for base in component.__mro__}
        self._packages = {name.partition(".")[0] for name in modules} - VERSIONED - {"builtins"} | {SHIPPED}
        self._folders = {
            Path(file).resolve().parent
            for name in modules
            if name.startswith((PLUGIN_MODULE, *SCRIPT)) and (file := getattr(sys.modules.get(name), "__file__", None))
        }

    def find(self, module: str) -> ModuleSource | None:
        """Return a module that belongs to the component; ``None`` for any other."""
        top, *rest = module.split(".")
        loaded = getattr(sys.modules.get(module), "__file__", None)
        if top in self._packages and loaded and loaded.endswith(".py"):
            return read_module(module, Path(loaded).resolve())
        for folder in self._places(top):
            file = folder.joinpath(*rest)
            for candidate in (file / "__init__.py", file.with_name(f"{file.name}.py")):
                if candidate.is_file():
                    return read_module(module, candidate.resolve())
        return None

    def _places(self, top: str) -> list[Path]:
        """Return where the modules of a package lie: folders that stand for its top."""
        if top in self._packages:
            return [Path(place) for place in getattr(sys.modules.get(top), "__path__", [])]
        if top in VERSIONED:
            return []
        loaded = getattr(sys.modules.get(top), "__file__", None)
        if loaded and Path(loaded).resolve().parents[Path(loaded).name == "__init__.py"] not in self._folders:
            return []
        return [folder / top for folder in self._folders]

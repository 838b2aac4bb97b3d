"""Where a result comes from: code, versions, machine."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import inspect
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import CellType, CodeType, FunctionType
from typing import Any

import erc_bench

_OTHERS = frozenset({*sys.stdlib_module_names, "torch"})
"""Packages whose classes have a version of their own in the record."""
_OWN = frozenset({"erc_bench", "erc_bench_plugins"})
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
"""What is written down as it is; of any other object only the kind."""
_HOLDERS = (tuple, list, set, frozenset, dict, property)
PLUGIN_MODULE = "erc_bench_plugin_"
"""What the names of modules begin with that were loaded from a single file."""
_SCRIPT = ("__main__", "__mp_main__")
"""What Python calls a script, in its own process and in one that it started."""
_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "pluggy", "safetensors")


def code_digests(components: Mapping[str, type]) -> dict[str, str]:
    """Return a digest of the source of every component's class, by slot and name."""
    return {slot: _source_digest(component) for slot, component in components.items()}


def _source_digest(component: type) -> str:
    # The classes that a component is built from are part of what it computes.
    digest = hashlib.sha256()
    for base in component.__mro__:
        if base.__module__.split(".")[0] not in _OTHERS:
            digest.update(_content(base) or typed_code(base).encode())
    return digest.hexdigest()[:16]


@cache
def _content(component: type) -> bytes:
    own = b"".join(source.read_bytes() for source in _source_files(component))
    return own + b"".join(map(_read, _beside(component)))


@cache
def _read(file: Path) -> bytes:
    # Read once: a module that was imported goes on as it was, however its file changes.
    return file.read_bytes()


def _beside(component: type) -> list[Path]:
    """Return the files from its own folder that the file of a plugin, or a script, imports, and those that these do.

    Imports are read from the source: one within a function counts before it is made. What is installed has a
    version of its own, and a name that is put together cannot be seen.
    """
    if not component.__module__.startswith((PLUGIN_MODULE, *_SCRIPT)):
        return []
    own = [file.resolve() for file in _source_files(component)]
    found: set[Path] = set()
    left = [(file, file.read_bytes()) for file in own]
    while left:
        file, source = left.pop()
        for module in _imported(source):
            new = _files_of(module, file, own[0].parent) - found
            found |= new
            left += [(each, _read(each)) for each in sorted(new)]
    return sorted(found.difference(own))


def _imported(source: bytes) -> Iterator[str]:
    """Yield what a source imports by its dotted name, with a dot in front for each level that it is relative."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # never imported, or where that is caught
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from (f"{start}{'.' if node.module else ''}{alias.name}" for alias in node.names)


def _files_of(module: str, importer: Path, folder: Path) -> set[Path]:
    """Return the files below a folder that an import runs: those of the packages on the way, and its own."""
    name = module.lstrip(".")
    level, top = len(module) - len(name), name.partition(".")[0]
    loaded = getattr(sys.modules.get(top), "__file__", None)
    elsewhere = top in _OTHERS | _OWN or (loaded and not Path(loaded).resolve().is_relative_to(folder))
    if not level and elsewhere:
        return set()
    path, files = importer.parents[level - 1] if level else folder, set()
    for part in name.split("."):
        path = path / part
        files |= {path / "__init__.py", path.with_name(f"{part}.py")}
    return {file for file in files if file.is_file() and file.is_relative_to(folder)}


def typed_code(component: type) -> str:
    """Return a text that changes with what a class computes that stands in no file (one typed into a notebook).

    It covers the compiled functions of the class, its values, and the functions, classes and plain values of
    the same notebook that these name. Comments and line numbers make no difference.
    """
    seen: set[int] = set()
    return "\n".join(_told(component, seen))


def _told(value: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    if isinstance(value, FunctionType | type) and not _has_file(value):
        if id(value) not in seen:
            seen.add(id(value))
            yield from _function(value, seen) if isinstance(value, FunctionType) else _class(value, seen)
    elif isinstance(value, CodeType):
        yield f"{value.co_name} {value.co_code.hex()} {value.co_names} {value.co_varnames}"
        yield from _told(value.co_consts, seen)
    elif isinstance(value, _HOLDERS):
        yield from _held(value, seen)
    else:
        yield repr(value) if isinstance(value, _PLAIN) else getattr(value, "__qualname__", type(value).__qualname__)


def _held(value: Any, seen: set[int]) -> Iterator[str]:
    """Tell of what a value holds."""
    if isinstance(value, property):
        value = (value.fget, value.fset)
    elif isinstance(value, dict):
        value = list(value.items())
    told = ["|".join(_told(item, seen)) for item in value]
    # The order of a set differs from process to process.
    yield f"{type(value).__name__} {sorted(told) if isinstance(value, (set, frozenset)) else told}"


def _class(component: type, seen: set[int]) -> Iterator[str]:
    yield f"class {component.__qualname__}"
    for name, value in vars(component).items():
        # What Python itself writes there (__module__, __dict__, __doc__) computes nothing.
        if not name.startswith("__") or isinstance(value, FunctionType):
            yield from (f"{name} = {text}" for text in _told(value, seen))


def _function(function: FunctionType, seen: set[int]) -> Iterator[str]:
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    for value in (function.__code__, function.__defaults__, function.__kwdefaults__, cells):
        yield from _told(value, seen)
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield from (f"{name} = {text}" for text in _told(function.__globals__[name], seen))


def _names(code: CodeType) -> list[str]:
    """Return the names that a function and those within it look up."""
    inner = [name for constant in code.co_consts if isinstance(constant, CodeType) for name in _names(constant)]
    return list(dict.fromkeys([*code.co_names, *inner]))


def _is_filled(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # the name has no value yet, or no longer
        return False


def _has_file(value: FunctionType | type) -> bool:
    """Whether what a function or a class computes stands in a file, which has a digest or a version of its own."""
    if isinstance(value, type):
        return value.__module__.split(".")[0] in _OTHERS or bool(_source_files(value))
    return Path(value.__code__.co_filename).is_file()


def _source_files(component: type) -> list[Path]:
    """Return the file of a class; all files of the package where the class stands in its ``__init__``."""
    try:
        source = inspect.getsourcefile(component)
    except (TypeError, OSError):  # typed into an interpreter, or built by a program
        source = None
    if source is None or not Path(source).is_file():
        return []
    file = Path(source)
    return sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, erc-bench and the libraries that decide a result."""
    found = {"python": platform.python_version(), "erc-bench": erc_bench.__version__}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "unknown"
    return found


@cache
def git_state() -> dict[str, Any]:
    """Return revision and cleanliness of the checkout that erc-bench runs from; empty for an installed one."""
    folder = Path(erc_bench.__file__).parent
    # An environment may lie inside a repository that knows nothing of what is installed in it.
    tracked = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    revision = _git(folder, "rev-parse", "HEAD")
    if not (tracked and revision):
        return {}
    return {"revision": revision, "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (fixed arguments)
            ["git", "-C", str(folder), *arguments],  # noqa: S607 (the user's own git)
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()

"""Plugins of a single file: loaded because the user names it, without packaging and without an entry point.

A file brings the components that its hooks return, as a package does. One without hooks brings the components that
it defines itself, and the methods that it holds: the smallest plugin is one class.

The module that a file becomes is named after the path and the content, so that a process which is
given a cell can load the same file first and know the classes by the same names.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from erc_bench.contracts.component import Component, kind_of
from erc_bench.contracts.hookspecs import PROJECT, hookimpl
from erc_bench.contracts.method import Method
from erc_bench.errors import ErcBenchError, OptionName, naming
from erc_bench.names import did_you_mean
from erc_bench.plugin_host.catalogue import FILE, HOOK_OF_KIND, Catalogue
from erc_bench.plugin_host.code_digests.modules import PLUGIN_MODULE

_EXAMPLE = "erc-bench new writes a package to start from; its module is such a file."


@dataclass(frozen=True)
class PluginFile:
    """A file that was loaded: where it lies, the digest of the source that ran, how the user named it."""

    path: Path
    sha256: str
    shown: str

    @property
    def module_name(self) -> str:
        """The name under which every process that loads the file knows its module."""
        place = hashlib.sha256(f"{self.path}\n{self.sha256}".encode()).hexdigest()[:12]
        stem = re.sub(r"\W", "_", self.path.stem, flags=re.ASCII)
        return f"{PLUGIN_MODULE}{stem}_{place}"

    @property
    def module(self) -> ModuleType:
        """The module that the file has become in this process."""
        return sys.modules[self.module_name]

    def record(self) -> dict[str, str]:
        """Return the entry of the file in a cell's record."""
        return {"file": self.path.name, "sha256": self.sha256}


def file_of_module(name: str) -> str:
    """Return the file that a module of this name was made of, without its folder; empty for any other module.

    Signs that no name of Python may hold come back as underscores.
    """
    made = re.fullmatch(rf"{PLUGIN_MODULE}(\w+)_[0-9a-f]{{12}}(\..*)?", name, flags=re.ASCII)
    return f"{made[1]}.py" if made else ""


def load_plugin_file(path: Path) -> PluginFile:
    """Run a file as a module; one that was loaded already and has not changed is not run again.

    Raises :class:`ErcBenchError` for a file that is not Python, and for errors in its code, with the line.
    """
    source = _read(path)
    file = PluginFile(path.resolve(), hashlib.sha256(source).hexdigest(), str(path))
    if file.module_name not in sys.modules:
        _run(source, file)
    return file


def load_shipped(file: PluginFile, place: Path) -> None:
    """Run a file that lies elsewhere on another machine, from its copy at ``place``, under the name that it has there.

    Raises :class:`ErcBenchError` for a copy that is not of that file, and for errors in its code.
    """
    source = _read(place)
    if hashlib.sha256(source).hexdigest() != file.sha256:
        raise ErcBenchError(f"{file.shown} changed since this run has started", "Start the run again.")
    if file.module_name not in sys.modules:
        _run(source, file, place)


def load_again(files: Iterable[PluginFile]) -> None:
    """Load in this process the files that another one has loaded.

    Raises :class:`ErcBenchError` where a file has changed.
    """
    for file in files:
        if load_plugin_file(file.path).sha256 != file.sha256:
            raise ErcBenchError(f"{file.shown} changed since this run has started", "Start the run again.")


def add_plugin_files(catalogue: Catalogue, files: Iterable[PluginFile]) -> None:
    """Register the components of the files.

    Raises :class:`ErcBenchError` for a file that brings nothing, and for a hook that cannot be used.
    """
    for file in files:
        catalogue.register(_plugin(file), f"{FILE}{file.shown}", required=True)


def brought(catalogue: Catalogue, file: PluginFile) -> list[str]:
    """Name the components of the catalogue that come from a file, as ``kind name``. Every kind is loaded for it."""
    package = f"{FILE}{file.shown}"
    entries = [entry for kind in HOOK_OF_KIND for entry in catalogue.entries(kind).values()]
    return [f"{entry.kind} {entry.name}" for entry in entries if entry.package == package]


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise ErcBenchError(
            f"{path} is a folder, and {OptionName('plugins')} loads a single file",
            f"A package is installed: pip install -e {path}",
        )
    if path.suffix != ".py":
        raise ErcBenchError(f"{path} is not a Python file: its name does not end in .py", _EXAMPLE)
    with naming(f"the plugin file {path} cannot be read"):
        return path.read_bytes()


def _run(source: bytes, file: PluginFile, place: Path | None = None) -> None:
    """Run the source that the digest was taken of; a file loaded by its path could be another one by now."""
    specification = importlib.util.spec_from_file_location(file.module_name, place or file.path)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    # Dataclasses look their module up while it runs.
    sys.modules[file.module_name] = module
    try:
        exec(compile(source, str(place or file.path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 (asked for)
    except BaseException as error:
        del sys.modules[file.module_name]
        if isinstance(error, (Exception, SystemExit)):
            raise _told(error, file) from error
        raise


def _told(error: BaseException, file: PluginFile) -> ErcBenchError:
    """Describe an error in a file in one sentence, with its line."""
    reason = error.msg if isinstance(error, SyntaxError) else str(error)
    line = _line(error, file)
    where = f"{file.shown}, line {line}" if line else file.shown
    hint = f"A plugin file stands alone: what it imports must be installed. {_EXAMPLE}"
    return ErcBenchError(
        f"{where}: {type(error).__name__}: {' '.join(reason.split())}", hint if isinstance(error, ImportError) else ""
    )


def _line(error: BaseException, file: PluginFile) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == str(file.path):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(file.path)), None)


def _plugin(file: PluginFile) -> Any:
    """Return the object for pluggy to register: the module, or hooks for a module without any."""
    module = file.module
    functions = {name: value for name, value in vars(module).items() if inspect.isroutine(value)}
    if any(hasattr(function, f"{PROJECT}_impl") for function in functions.values()):
        return module
    for name in functions.keys() & HOOK_OF_KIND.values():
        raise ErcBenchError(f"{file.shown}: {name} is not marked as a hook", "Write @erc.hookimpl above it.")
    hooks = {HOOK_OF_KIND[kind]: _hook(found) for kind, found in _defined(module, file).items()}
    return SimpleNamespace(**hooks)


def _hook(found: Sequence[Any]) -> Callable[[], list[Any]]:
    return hookimpl(lambda: list(found))


def _defined(module: ModuleType, file: PluginFile) -> dict[str, list[Any]]:
    """Return the components that a module defines itself, and the methods that it holds, by kind."""
    classes = [value for value in _unlike(module) if _is_own_component(value, module)]
    bases = {base for each in classes for base in each.__mro__[1:]}
    found: dict[str, list[Any]] = {}
    for component in classes:
        if component.name and kind_of(component) in HOOK_OF_KIND:
            found.setdefault(kind_of(component), []).append(component)
        elif not component.name and component not in bases:
            who = f"{file.shown}: the class {component.__name__}"
            raise ErcBenchError(f"{who} has no name", 'Give it one: name = "my-own"')
    methods = [value for value in _unlike(module) if isinstance(value, Method)]
    if methods:
        found["method"] = methods
    if not found:
        raise _nothing(module, classes, file)
    return found


def _nothing(module: ModuleType, classes: Sequence[type[Component]], file: PluginFile) -> ErcBenchError:
    if classes:
        name, system = classes[0].name, classes[0].__name__
        return ErcBenchError(
            f"{file.shown}: the system {system} belongs to no method",
            f'Name it in one: method = erc.Method("{name}", source=..., summary=..., system={system})',
        )
    meant = next((name for name in vars(module) if name.startswith("erc_")), None)
    if meant is not None:
        near = did_you_mean(meant, HOOK_OF_KIND.values())
        return ErcBenchError(f"{file.shown}: {meant} is not a hook; {near}", "Write @erc.hookimpl above a hook.")
    return ErcBenchError(f"{file.shown} brings nothing: no hook, no component of its own and no method", _EXAMPLE)


def _unlike(module: ModuleType) -> Iterator[Any]:
    """Yield the values in a module, each once, however many names it has."""
    yield from {id(value): value for value in vars(module).values()}.values()


def _is_own_component(value: Any, module: ModuleType) -> bool:
    return isinstance(value, type) and issubclass(value, Component) and value.__module__ == module.__name__

"""A call as bytes for a process that has never heard of its function or classes, and back."""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from types import FunctionType
from typing import Any


class NotHandedOverError(Exception):
    """A class can be had in one process alone: a notebook's, a script's own, or one that a function made."""


@dataclass(frozen=True)
class CallRequest:
    """A function to call with its arguments, and the means to find their modules.

    The other process takes over ``environment``; it keeps its own where that is ``None``.
    """

    call: bytes
    modules: tuple[tuple[str, str | None], ...]
    """Modules by name with their files, which need not lie where an import would look."""
    path: tuple[str, ...]
    environment: dict[str, str] | None
    encodes: bool = False
    """Whether a language model will be loaded."""


def request(function: Callable[..., Any], *arguments: Any) -> CallRequest:
    """Return a call as another process needs it; raise :class:`NotHandedOverError` for a class of this one alone."""
    stream = io.BytesIO()
    pickler = _Pickler(stream, pickle.HIGHEST_PROTOCOL)
    try:
        pickler.dump(partial(function, *arguments))
    # Whatever a component's own pickling raises: it cannot be had elsewhere.
    except Exception as error:
        raise NotHandedOverError(" ".join(str(error).split())) from error
    if "__main__" in pickler.modules:
        raise NotHandedOverError("what a script or a notebook defines cannot be imported")
    modules = tuple((name, _file(name)) for name in pickler.modules)
    return CallRequest(stream.getvalue(), modules, import_path(), dict(os.environ))


def import_path() -> tuple[str, ...]:
    """Return where modules are found, whatever the working directory."""
    return tuple(str(Path(entry).resolve()) for entry in sys.path)


def received(asked: CallRequest) -> Callable[[], Any]:
    """Return the call; raise :class:`NotHandedOverError` where a module cannot be loaded in this process."""
    if asked.environment is not None:
        os.environ.clear()
        os.environ.update(asked.environment)
    sys.path[:] = asked.path
    try:
        for name, file in asked.modules:
            _load(name, file)
        call: Callable[[], Any] = _Unpickler(io.BytesIO(asked.call)).load()
    # A module is foreign code: whatever it raises, and be it the end of the process.
    except (Exception, SystemExit) as error:
        raise NotHandedOverError(f"{type(error).__name__}: {' '.join(str(error).split())}") from error
    return call


class _Pickler(pickle.Pickler):
    """Writes down whose classes and functions it meets."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.modules: dict[str, None] = {}

    def reducer_override(self, value: Any) -> Any:
        """Leave the pickling as it is."""
        if isinstance(value, (type, FunctionType)):
            self.modules[value.__module__] = None
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Finds classes in loaded modules; an import would ask for the packages around a single file, too."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function."""
        return attrgetter(name)(sys.modules[module]) if module in sys.modules else super().find_class(module, name)


def _file(module: str) -> str | None:
    return getattr(sys.modules.get(module), "__file__", None)


def _load(name: str, file: str | None) -> None:
    """Import a module; one that lies elsewhere, as a single file does and a test, is run under the same name."""
    if name in sys.modules and _file(name) == file:
        return
    try:
        import_module(name)
    except ImportError:
        if file is None:
            raise
    if _file(name) != file:
        _run(name, str(file))


def _run(name: str, file: str) -> None:
    specification = importlib.util.spec_from_file_location(name, file)
    if specification is None or specification.loader is None:
        raise ImportError(f"{file} is not a module")
    module = importlib.util.module_from_spec(specification)
    # Dataclasses look their module up while it runs.
    sys.modules[name] = module
    specification.loader.exec_module(module)

"""Digests of components by the meaning of their code.

A digest covers a component's class, its base classes and everything of their packages that they use, wherever it
stands. The core counts by the versions of its parts (:mod:`erc_bench.training.core_versions`), libraries by theirs.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CellType, CodeType, FunctionType
from typing import Any

from erc_bench.plugin_host.code_digests.modules import VERSIONED
from erc_bench.plugin_host.code_digests.reachable_code import meaning


def code_digests(components: Mapping[str, type]) -> dict[str, str]:
    """Return a digest of the code of every component's class, by slot or name."""
    return {slot: _digest(component) for slot, component in components.items()}


def _digest(component: type) -> str:
    text = meaning(component)
    if text is None:
        # A class typed into a notebook may be derived from classes that stand in files.
        bases = [base for base in component.__mro__ if base.__module__.split(".")[0] not in VERSIONED]
        text = "\n".join(meaning(base) or typed_code(base) for base in bases)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
"""Types whose values are written out; of any other object only the type is."""
_HOLDERS = (tuple, list, set, frozenset, dict, property)


def typed_code(component: type) -> str:
    """Return a text that changes with the meaning of a class that no file defines (one typed into a notebook).

    It covers the compiled functions of the class, its values, and the functions, classes and plain values of
    the same notebook that these name. Comments and line numbers make no difference.
    """
    seen: set[int] = set()
    return "\n".join(_told(component, seen))


def _told(value: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    for inner in filter(None, (getattr(value, "__wrapped__", None), getattr(value, "func", None))):
        # The function inside a decorator: the wrapper itself may stand in a library.
        if callable(inner) and not isinstance(value, type):
            yield from _told(inner, seen)
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
    """Yield a text for each part of a value."""
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
        # Entries that Python itself writes (__module__, __dict__, __doc__) compute nothing.
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
    """Whether a function or a class is defined in a file, which has a digest or a version of its own."""
    if isinstance(value, type):
        return value.__module__.split(".")[0] in VERSIONED or _stands_in_a_file(value)
    return Path(value.__code__.co_filename).is_file()


def _stands_in_a_file(component: type) -> bool:
    try:
        source = inspect.getsourcefile(component)
    except (TypeError, OSError):
        return False
    return source is not None and Path(source).is_file()

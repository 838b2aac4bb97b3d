"""The plugin host: finds components of installed packages and gives them by kind and name.

Shipped components take the same road as third-party ones: entry points of the group ``erc_bench``.
An entry point named ``kind.name`` is loaded only when that kind is asked for, so that listing
datasets and methods imports no torch; any other name is loaded always.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any

import pluggy

from erc_bench.contracts import hookspecs
from erc_bench.contracts.component import kind_of
from erc_bench.contracts.method import Method
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

GROUP = "erc_bench"
BLOCK_VARIABLE = "ERC_BENCH_BLOCK"
FILE = "file "
"""Prefix of a single file's name as a package; its path follows."""
_OWN_PACKAGE = "erc-bench"
KINDS = ("dataset", "backbone", "encoder", "objective", "classifier", "method", "observer")
HOOK_OF_KIND = {kind: f"erc_{kind}s" for kind in KINDS}


@dataclass(frozen=True)
class Entry:
    """One component (a class) or method, the package that it came from, and the module whose hook named it."""

    kind: str
    name: str
    component: Any
    package: str
    module: str = ""


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin, or a part of it, that cannot be used; the others go on."""

    plugin: str
    package: str
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.plugin} of {self.package} is left out: {self.reason}"


class Catalogue:
    """All components that are installed, loaded kind by kind."""

    def __init__(self, points: Iterable[EntryPoint] | None = None) -> None:
        found = entry_points(group=GROUP) if points is None else points
        self._points = sorted(found, key=lambda point: (point.name, _package(point), point.value))
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._entries: dict[str, dict[str, Entry]] = {}
        self._loaded: set[str] = set()
        self._required: set[str] = set()
        self._broken: dict[BrokenPlugin, None] = {}

    @property
    def broken(self) -> list[BrokenPlugin]:
        """The plugins that were left out, of the kinds that were asked for so far."""
        return list(self._broken)

    def register(self, plugin: Any, package: str, required: bool = False) -> None:
        """Add a plugin module or object that is not installed; one of the same name is replaced.

        Where ``required`` is set, a part of the plugin that cannot be used is an error, and is not left out.
        """
        if required:
            self._required.add(package)
        key = f"{package}:{getattr(plugin, '__name__', type(plugin).__name__)}"
        if self._manager.has_plugin(key):
            self._manager.unregister(name=key)
        self._register(plugin, key)
        self._entries.clear()

    def entries(self, kind: str) -> Mapping[str, Entry]:
        """Return the components of a kind by name.

        Raises :class:`ErcBenchError` when two packages bring the same name, and when a plugin
        implements a hook that does not exist or that has other arguments.
        """
        if kind not in self._entries:
            self._load(kind)
            self._entries[kind] = self._collect(kind)
        return self._entries[kind]

    def get(self, kind: str, name: str) -> Any:
        """Return the component of a kind by name.

        Raises :class:`ErcBenchError` with near matches when there is none.
        """
        entries = self.entries(kind)
        if name not in entries:
            hint = "\n".join(map(str, self.broken))
            raise ErcBenchError(f"there is no {kind} {name!r}; {did_you_mean(name, entries)}", hint)
        return entries[name].component

    def _load(self, kind: str) -> None:
        blocked = {_normalised(name) for name in os.environ.get(BLOCK_VARIABLE, "").split(",")}
        for point in self._points:
            key = f"{_package(point)}:{point.name}"
            if self._may_bring(point, kind) and key not in self._loaded and _normalised(_package(point)) not in blocked:
                self._load_one(point, key)
                self._loaded.add(key)

    def _may_bring(self, point: EntryPoint, kind: str) -> bool:
        prefix, _, name = point.name.partition(".")
        if (kind, prefix) == ("method", "objective"):
            # A recipe may stand beside its objective, unless the package says where it does: ``method.`` and the name.
            return all((other.name, _package(other)) != (f"method.{name}", _package(point)) for other in self._points)
        return prefix == kind or prefix not in HOOK_OF_KIND

    def _load_one(self, point: EntryPoint, key: str) -> None:
        # Plugins are foreign code: whatever one raises, or where it exits, must not stop the others.
        try:
            plugin = point.load()
        except (Exception, SystemExit) as error:
            self._leave_out(f"{point.name} = {point.value}", _package(point), error)
            return
        try:
            self._register(plugin, key)
        except ErcBenchError:
            raise
        except Exception as error:
            self._leave_out(f"{point.name} = {point.value}", _package(point), error)

    def _register(self, plugin: Any, key: str) -> None:
        if self._manager.is_registered(plugin):
            return
        _check_hook_names(plugin, key)
        try:
            self._manager.register(plugin, name=key)
        except pluggy.PluginValidationError as error:
            # Newer versions of pluggy check before they register, older ones after.
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            raise ErcBenchError(
                f"plugin {_called(key)} has a hook with the wrong arguments: {' '.join(str(error).split())}",
                _remedy(key),
            ) from error

    def _collect(self, kind: str) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for implementation in getattr(self._manager.hook, HOOK_OF_KIND[kind]).get_hookimpls():
            package = _package_of(implementation.plugin_name)
            for component in self._components(kind, implementation, package):
                _add(found, Entry(kind, component.name, component, package, implementation.function.__module__))
        return dict(sorted(found.items()))

    def _components(self, kind: str, implementation: pluggy.HookImpl, package: str) -> list[Any]:
        """Call one implementation of a hook; returned objects that are not of the kind are left out and named."""
        hook = f"{HOOK_OF_KIND[kind]} ({implementation.function.__module__})"
        try:
            returned = implementation.function()
        except (Exception, SystemExit) as error:
            self._leave_out(hook, package, error)
            return []
        if not isinstance(returned, (list, tuple)):
            self._leave_out(hook, package, f"it returns {returned!r} and not a list")
            return []
        faults = [_fault(kind, component) for component in returned]
        for fault in filter(None, faults):
            self._leave_out(hook, package, fault)
        return [component for component, fault in zip(returned, faults, strict=True) if not fault]

    def _leave_out(self, plugin: str, package: str, reason: BaseException | str) -> None:
        if isinstance(reason, BaseException):
            reason = f"{type(reason).__name__}: {reason}"
        if package in self._required:
            hook = plugin.partition(" ")[0]
            raise ErcBenchError(f"{package}: {hook}: {' '.join(reason.split())}", _remedy(package))
        self._broken[BrokenPlugin(plugin, package, " ".join(reason.split()))] = None


def _fault(kind: str, component: Any) -> str:
    """Say why an object is not a component of a kind; empty when it is one."""
    wanted = "a Method" if kind == "method" else f"a subclass of erc_bench.api.{kind.capitalize()}"
    fits = (
        isinstance(component, Method)
        if kind == "method"
        else isinstance(component, type) and kind_of(component) == kind
    )
    if not fits:
        return f"it returns {component!r}, which is not {wanted}"
    if not isinstance(component.name, str) or not component.name:
        return f"it returns {component!r}, which has no name"
    return ""


def _add(found: dict[str, Entry], entry: Entry) -> None:
    other = found.get(entry.name)
    if other is None or other.component is entry.component:
        found[entry.name] = entry
        return
    if other.package == entry.package:
        file = entry.package.startswith(FILE)
        owner = entry.package.removeprefix(FILE) if file else f"the package {entry.package}"
        raise ErcBenchError(
            f"{owner} brings two components of the kind {entry.kind} that are named {entry.name!r}",
            _remedy(entry.package),
        )
    if entry.package.startswith(FILE) or other.package.startswith(FILE):
        raise _taken(*sorted((other, entry), key=lambda each: each.package.startswith(FILE)))
    # Leaving out erc-bench itself would leave out everything that it ships.
    unwanted = other.package if entry.package == _OWN_PACKAGE else entry.package
    raise ErcBenchError(
        f"two packages bring the {entry.kind} {entry.name!r}: {other.package} and {entry.package}",
        f"Uninstall one of them, or set {BLOCK_VARIABLE}={unwanted} to leave it out.",
    )


def _taken(other: Entry, own: Entry) -> ErcBenchError:
    """Say that a component of a file has the name of another one."""
    file = own.package.removeprefix(FILE)
    installed = other.package != _OWN_PACKAGE and not other.package.startswith(FILE)
    leave_out = f", or set {BLOCK_VARIABLE}={other.package} to leave the other out" if installed else ""
    return ErcBenchError(
        f"two plugins bring the {own.kind} {own.name!r}: {other.package} and {own.package}",
        f"Give the one in {file} a name of its own{leave_out}.",
    )


def _check_hook_names(plugin: Any, key: str) -> None:
    hooks = HOOK_OF_KIND.values()
    for attribute in dir(plugin):
        marked = getattr(getattr(plugin, attribute, None), f"{hookspecs.PROJECT}_impl", None)
        if marked is None:
            continue
        name = marked.get("specname") or attribute
        if name not in hooks and not marked.get("optionalhook"):
            raise ErcBenchError(
                f"plugin {_called(key)} implements the hook {name!r}, which does not exist; "
                f"{did_you_mean(name, hooks)}",
                _remedy(key),
            )


def _package_of(key: str) -> str:
    # The path of a file may hold a colon, the name of its module does not.
    return key.rpartition(":")[0] if key.startswith(FILE) else key.partition(":")[0]


def _called(key: str) -> str:
    """Return a plugin as a message names it: the module of a file says nothing to its author."""
    return _package_of(key) if key.startswith(FILE) else key


def _remedy(key: str) -> str:
    if key.startswith(FILE):
        return "Correct the file."
    return f"Correct it, or set {BLOCK_VARIABLE}={_package_of(key)} to leave the package out."


def _package(point: EntryPoint) -> str:
    return (_name_of(point.dist) if point.dist is not None else "") or "unknown package"


@cache
def _name_of(distribution: Distribution) -> str:
    # Each look reads the whole description of the package, which may be missing.
    name: str | None = distribution.name
    return name or ""


def _normalised(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package.strip()).lower()

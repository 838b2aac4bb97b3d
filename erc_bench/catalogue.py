"""The plugin host: finds components of installed packages and gives them by kind and name.

Shipped components take the same road as a stranger's: entry points of the group ``erc_bench``.
An entry point named ``kind.name`` is loaded only when that kind is asked for, so that listing
datasets imports no torch; any other name is loaded always.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from erc_bench import hookspecs
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

GROUP = "erc_bench"
BLOCK_VARIABLE = "ERC_BENCH_BLOCK"
HOOK_OF_KIND = {
    "dataset": "erc_datasets",
    "backbone": "erc_backbones",
    "encoder": "erc_encoders",
    "objective": "erc_objectives",
    "classifier": "erc_classifiers",
    "method": "erc_methods",
}
KINDS = tuple(HOOK_OF_KIND)
# A recipe stands beside its objective, so the methods are known when the objectives are.
_ENTRY_POINTS_OF_KIND = {kind: frozenset({kind}) for kind in KINDS} | {"method": frozenset({"method", "objective"})}


@dataclass(frozen=True)
class Entry:
    """One component (a class) or method, and the package that it came from."""

    kind: str
    name: str
    component: Any
    package: str


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded; the others go on."""

    entry_point: str
    package: str
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.entry_point} of {self.package} cannot be loaded and is left out: {self.reason}"


class Catalogue:
    """All components that are installed, loaded kind by kind."""

    def __init__(self, points: Iterable[EntryPoint] | None = None) -> None:
        self._points = list(entry_points(group=GROUP) if points is None else points)
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._entries: dict[str, dict[str, Entry]] = {}
        self._loaded: set[str] = set()
        self.broken: list[BrokenPlugin] = []

    def register(self, plugin: Any, package: str) -> None:
        """Add a plugin module or object that is not installed."""
        self._register(plugin, f"{package}:{getattr(plugin, '__name__', type(plugin).__name__)}")
        self._entries.clear()

    def entries(self, kind: str) -> Mapping[str, Entry]:
        """Return the components of a kind by name.

        Raises :class:`ErcBenchError` when two packages bring the same name.
        """
        if kind not in self._entries:
            self._load(_ENTRY_POINTS_OF_KIND[kind])
            self._entries[kind] = self._collect(kind)
        return self._entries[kind]

    def get(self, kind: str, name: str) -> Any:
        """Return the component of a kind by name.

        Raises :class:`ErcBenchError` with near matches when there is none.
        """
        entries = self.entries(kind)
        if name not in entries:
            raise ErcBenchError(f"there is no {kind} {name!r}; {did_you_mean(name, entries)}", self._broken_hint())
        return entries[name].component

    def _broken_hint(self) -> str:
        return "\n".join(str(plugin) for plugin in self.broken)

    def _load(self, kinds: frozenset[str]) -> None:
        blocked = set(os.environ.get(BLOCK_VARIABLE, "").split(","))
        for point in sorted(self._points, key=lambda point: (point.name, _package(point))):
            key = f"{_package(point)}:{point.name}"
            prefix = point.name.partition(".")[0]
            wanted = prefix in kinds or prefix not in HOOK_OF_KIND
            if key in self._loaded or not wanted or _package(point) in blocked:
                continue
            self._loaded.add(key)
            self._load_one(point, key)

    def _load_one(self, point: EntryPoint, key: str) -> None:
        # A plugin is a stranger's code: whatever it raises must not stop the others.
        try:
            plugin = point.load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.broken.append(BrokenPlugin(f"{point.name} = {point.value}", _package(point), reason))
            return
        self._register(plugin, key)

    def _register(self, plugin: Any, key: str) -> None:
        _check_hook_names(plugin, key)
        if self._manager.is_registered(plugin):
            return
        try:
            self._manager.register(plugin, name=key)
        except pluggy.PluginValidationError as error:
            raise ErcBenchError(f"plugin {key} has a hook with the wrong arguments: {error}") from error

    def _collect(self, kind: str) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        hook = getattr(self._manager.hook, HOOK_OF_KIND[kind])
        for implementation in hook.get_hookimpls():
            package = implementation.plugin_name.partition(":")[0]
            for component in implementation.function():
                _add(found, Entry(kind, component.name, component, package))
        return dict(sorted(found.items()))


def _add(found: dict[str, Entry], entry: Entry) -> None:
    other = found.get(entry.name)
    if other is not None and other.component is not entry.component:
        raise ErcBenchError(
            f"two plugins bring a {entry.kind} named {entry.name!r}: {other.package} and {entry.package}",
            f"Uninstall one of them, or set {BLOCK_VARIABLE}={entry.package} to leave it out.",
        )
    found[entry.name] = entry


def _check_hook_names(plugin: Any, key: str) -> None:
    hooks = set(HOOK_OF_KIND.values())
    marked = [name for name in dir(plugin) if hasattr(getattr(plugin, name, None), f"{hookspecs.PROJECT}_impl")]
    for name in marked:
        if name not in hooks:
            raise ErcBenchError(
                f"plugin {key} implements the hook {name!r}, which does not exist; {did_you_mean(name, hooks)}",
                f"Correct the name, or set {BLOCK_VARIABLE}={key.partition(':')[0]} to leave the plugin out.",
            )


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "unknown package"

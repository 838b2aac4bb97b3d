"""The names that can be typed: components by kind, their options, and the choices of methods."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from erc_bench.contracts.adapters import AdapterOptions
from erc_bench.contracts.options import format_value, specs
from erc_bench.corpora.shown_dialogues import DialogueOptions
from erc_bench.errors import ErcBenchError
from erc_bench.planning.combination import DEFAULT_CHOICES
from erc_bench.planning.settings import TrainingOptions
from erc_bench.plugin_host.catalogue import KINDS, Catalogue

Options = dict[str, list[str]]
"""The values of options that have few, by the options' names; an empty list for any other."""
_SHARED = {"training": TrainingOptions, "dialogues": DialogueOptions, "adapters": AdapterOptions}


@dataclass(frozen=True)
class Names:
    """The installed components, as plain data.

    ``options`` holds those of every component, by kind and name, and those that methods share under ``training``,
    ``dialogues`` and ``adapters``; ``choices`` the components of every method by slot.
    """

    kinds: dict[str, list[str]]
    options: dict[str, dict[str, Options]]
    choices: dict[str, dict[str, str]]

    def addresses(
        self, methods: Iterable[str], datasets: Iterable[str], backbones: Iterable[str]
    ) -> dict[str, list[str]]:
        """Return every setting of these methods (none named: of all) with its values, by address."""
        chosen = {"dataset": list(datasets), "backbone": list(backbones), **self._slots(methods)}
        shared = {slot: self.options.get(slot, {}).get("", {}) for slot in _SHARED}
        found = {f"{slot}.{option}": values for slot, known in shared.items() for option, values in known.items()}
        for slot, names in chosen.items():
            known = self.options.get(slot, {})
            for name in [name for name in names if name in known] or known:
                found |= {f"{slot}.{option}": values for option, values in known[name].items()}
        slots = {slot: self.kinds.get(slot, []) for slot in DEFAULT_CHOICES if chosen.get(slot)}
        return dict(sorted((found | slots).items()))

    def _slots(self, methods: Iterable[str]) -> dict[str, list[str]]:
        known = [self.choices[name] for name in methods if name in self.choices] or list(self.choices.values())
        slots: dict[str, list[str]] = {}
        for choices in known:
            for slot, name in choices.items():
                slots.setdefault(slot, []).append(name)
        return slots


def look_up_names(catalogue: Catalogue) -> Names:
    """Load all installed components and return their names; faulty ones are left out."""
    entries = {kind: _entries(catalogue, kind) for kind in KINDS}
    options = {
        kind: {name: _options(component.Options) for name, component in found.items()}
        for kind, found in entries.items()
        if kind != "method"
    }
    options |= {slot: {"": _options(shared)} for slot, shared in _SHARED.items()}
    systems = {method.system.name: method.system for method in entries["method"].values() if method.system}
    options["system"] = {name: _options(system.Options) for name, system in systems.items()}
    choices = {
        name: {"system": method.system.name} if method.system else {**DEFAULT_CHOICES, **method.choices}
        for name, method in entries["method"].items()
    }
    return Names({kind: list(found) for kind, found in entries.items()}, options, choices)


def _entries(catalogue: Catalogue, kind: str) -> Mapping[str, Any]:
    try:
        return {name: entry.component for name, entry in catalogue.entries(kind).items()}
    except ErcBenchError:
        return {}


def _options(options: type) -> Options:
    # A stranger's declaration may be wrong, and then the others are still to be offered.
    try:
        return {name: list(_values(spec.type)) for name, spec in specs(options).items()}
    except Exception:
        return {}


def _values(kind: Any) -> Iterator[str]:
    """Yield the values of a type that has few."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        yield from map(format_value, typing.get_args(kind))
    elif origin in (typing.Union, types.UnionType):
        for member in typing.get_args(kind):
            yield from _values(member)
    elif kind is bool:
        yield from ("false", "true")
    elif kind is type(None):
        yield "none"

"""Where a component or a method departs from its source, as ``erc-bench show`` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erc_bench.plugin_host.catalogue import Catalogue


def components_of(catalogue: Catalogue, method: Any) -> dict[str, Any]:
    """Return the components that a method consists of, by kind and name; those that are not installed are left out."""
    from erc_bench.planning.combination import DEFAULT_CHOICES

    if method.system is not None:
        return {f"system {method.system.name}": method.system}
    chosen = {**DEFAULT_CHOICES, **method.choices}
    found = {f"{kind} {name}": catalogue.entries(kind).get(name) for kind, name in chosen.items()}
    return {title: entry.component for title, entry in found.items() if entry is not None}


def departures_of(thing: Any, parts: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yield lines about a component or a method, then about its parts, by name, where these depart in anything."""
    yield from _lines("departures from the source", thing.departures)
    for title, part in (parts or {}).items():
        yield from _lines(f"departures of {title}", part.departures or None)


def _lines(title: str, departures: tuple[str, ...] | None) -> Iterator[str]:
    if departures is not None:
        yield f"{title}:" if departures else f"{title}: none known"
        yield from (f"  - {sentence}" for sentence in departures)

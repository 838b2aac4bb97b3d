"""Components by the names that a user types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from erc_bench.plugin_host.catalogue import Catalogue, Entry


def entries_named(catalogue: Catalogue, name: str, kinds: Sequence[str]) -> list[Entry]:
    """Return what is called ``name`` (or ``kind.name``) among the kinds: a method and its objective often share one.

    Raises :class:`ErcBenchError` with near matches where nothing is.
    """
    from erc_bench.names import did_you_mean

    kind, dot, rest = name.partition(".")
    if dot and kind in kinds:
        catalogue.get(kind, rest)
        return [catalogue.entries(kind)[rest]]
    found = [catalogue.entries(each)[name] for each in kinds if name in catalogue.entries(each)]
    if not found:
        every = {known for each in kinds for known in catalogue.entries(each)}
        called = f"no {kinds[0]} is called" if len(kinds) == 1 else "nothing is called"
        raise ErcBenchError(f"{called} {name!r}; {did_you_mean(name, every)}", "\n".join(map(str, catalogue.broken)))
    return found

"""The comparisons that a suite declared, and what a caption says of when that was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from erc_bench.comparison.caption_cells import Ledgers
from erc_bench.comparison.counted_cells import Address, address_of
from erc_bench.comparison.families import Contrasts
from erc_bench.statistics.results import counted
from erc_bench.store.reading import StoredCell


@dataclass(frozen=True)
class DeclaredFamily:
    """Comparisons of the tables of ``suite``.

    ``since`` is when they were put on record in this folder of runs (UTC, ISO 8601), empty where they were not.
    ``others`` counts other comparisons that a suite of this name declared there.
    """

    suite: str
    contrasts: tuple[Contrasts, ...]
    since: str = ""
    others: int = 0


def when_declared(family: DeclaredFamily | None, shown: Sequence[StoredCell], ledgers: Ledgers) -> str:
    """Say whether the comparisons were declared before the cells of the table were scored on test."""
    if family is None or not family.contrasts:
        return ""
    others = f" It declared {counted(family.others, 'other set')} of comparisons as well." if family.others else ""
    if not family.since:
        return (
            f"The comparisons are those of suite {family.suite} as it is now: there is no record in this folder of runs"
            f" of when they were declared.{others}"
        )
    since, scored = datetime.fromisoformat(family.since), _scored(ledgers)
    times = [scored.get(address_of(cell.typed)) for cell in shown]
    earlier = sum(time is not None and time < since for time in times)
    when = f"on record since {since:%Y-%m-%d %H:%M} UTC"
    if earlier:
        seen = f"{earlier} of the {counted(len(shown), 'cell')} had been scored on test by then"
    elif None in times:
        seen = f"of {times.count(None)} of the {counted(len(shown), 'cell')} it is not known when they were scored"
    else:
        seen = "before any of these cells was scored on test"
    return f"The comparisons are those that suite {family.suite} declared, {when}: {seen}.{others}"


def _scored(ledgers: Ledgers) -> Mapping[Address, datetime]:
    """Return when each cell was first scored on test, by its address as records have it."""
    found: dict[Address, datetime] = {}
    for entries in ledgers.by_folder.values():
        for entry in entries:
            address, time = astuple(entry.address), datetime.fromisoformat(entry.scored)
            found[address] = min(time, found.get(address, time))
    return found

"""Group cells into columns (results that may be compared) and entries (one row's seeds in one column)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from erc_bench.comparison.comparison_data import RowKey, Settings
from erc_bench.comparison.counted_cells import own_classifier
from erc_bench.comparison.mixed_conditions import mixtures
from erc_bench.comparison.outcomes import ColumnEntry, Columns, Condition, Outcome, read_outcome
from erc_bench.comparison.row_notes import departures, inert_terms
from erc_bench.comparison.same_gold_labels import with_same_gold
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import StoredCell

if TYPE_CHECKING:
    from erc_bench.corpora.corpus import GoldOf


@dataclass(frozen=True)
class Reference:
    """The references of outcomes: all cells of the folder of runs, and the gold labels of corpora."""

    cells: Sequence[StoredCell]
    gold_of: GoldOf | None = None


def group(
    cells: Sequence[StoredCell],
    metrics: Mapping[str, str],
    readouts: Sequence[str],
    reference: Reference,
    keeps_counts: bool = True,
) -> tuple[Columns, list[str]]:
    """Sort cells into columns and rows, and read their outcomes; notes name the cells that cannot be used.

    ``metrics`` maps datasets to metrics. Different data, limits and classes of hardware are
    columns of their own; different settings under one name are rows of their own. A cell scored against
    other gold labels than those of ``reference`` is left out. Without ``keeps_counts`` the scores are those of
    the records.
    """
    columns: dict[Condition, list[StoredCell]] = {}
    for cell in cells:
        columns.setdefault(_condition(cell), []).append(cell)
    notes: list[str] = []
    entries: Columns = {}
    for condition, members in columns.items():
        variants = _variants(members, condition, notes)
        read = partial(read_outcome, metric=metrics[condition.dataset], keeps_counts=keeps_counts)
        found = _entries(members, variants, read, readouts, notes)
        if found:
            entries[condition] = found
    entries, left_out = with_same_gold(entries, reference.cells, reference.gold_of)
    notes += left_out
    for condition, found in entries.items():
        for look in (mixtures, inert_terms, departures):
            notes += look(found, condition.dataset)
    return entries, notes


def _condition(cell: StoredCell) -> Condition:
    fingerprint = str(cell.record.get("data", {}).get("fingerprint", ""))
    return Condition(cell.dataset, fingerprint, cell.record.get("limit"), hardware_class(cell))


def hardware_class(cell: StoredCell) -> str:
    """Return the condition that makes results comparable: the kind of device that the cell ran on."""
    provenance = cell.record.get("provenance", {})
    hardware = provenance.get("hardware")
    known = hardware.get("class") if isinstance(hardware, dict) else None
    return str(known or str(provenance.get("device", "")).partition(":")[0])


def _base_key(cell: StoredCell) -> RowKey:
    overrides = cell.record.get("overrides", {})
    shown = tuple(sorted((address, shown_value(value)) for address, value in overrides.items()))
    return RowKey(cell.method, cell.record["backbone"], shown)


def shown_value(value: Any) -> str:
    """Write the value of a setting as one would type it after ``--set``."""
    return value if isinstance(value, str) else json.dumps(value)


def _variants(
    cells: Sequence[StoredCell], condition: Condition, notes: list[str]
) -> dict[tuple[RowKey, str], Settings]:
    """Return the settings that tell the variants of one row apart, by (key, settings hash)."""
    by_key: dict[RowKey, dict[str, StoredCell]] = {}
    for cell in cells:
        by_key.setdefault(_base_key(cell), {}).setdefault(cell.record["settings_hash"], cell)
    variants: dict[tuple[RowKey, str], Settings] = {}
    for key, by_hash in by_key.items():
        for digest, settings in _differences(by_hash).items():
            variants[key, digest] = settings
        if len(by_hash) > 1:
            notes.append(
                f"{condition.dataset}: {key.method} was run with {len(by_hash)} settings that the same request gave"
                " at different times (a default or a recipe has changed); each is a row of its own"
            )
    return variants


def _differences(by_hash: Mapping[str, StoredCell]) -> dict[str, Settings]:
    if len(by_hash) == 1:
        return dict.fromkeys(by_hash, ())
    flat = {digest: _flat_settings(cell) for digest, cell in by_hash.items()}
    addresses = sorted({address for settings in flat.values() for address in settings})
    differing = [a for a in addresses if len({settings.get(a, "absent") for settings in flat.values()}) > 1]
    told = {digest: tuple((a, s.get(a, "absent")) for a in differing) for digest, s in flat.items()}
    if len(set(told.values())) == len(told):
        return told
    return {digest: (*settings, ("settings", digest)) for digest, settings in told.items()}


def _flat_settings(cell: StoredCell) -> dict[str, str]:
    record = cell.record
    values = {**record.get("settings", {}), **record.get("choices", {}), "readouts": record.get("readouts", [])}
    return {address: shown_value(value) for address, value in values.items()}


def _entries(
    cells: Sequence[StoredCell],
    variants: Mapping[tuple[RowKey, str], Settings],
    read: Callable[..., Outcome],
    readouts: Sequence[str],
    notes: list[str],
) -> list[ColumnEntry]:
    entries: dict[RowKey, ColumnEntry] = {}
    for cell in cells:
        base = _base_key(cell)
        key = replace(base, variant=variants[base, cell.record["settings_hash"]])
        for readout in ("", *_further(cell, readouts)):
            row = replace(key, readout=readout)
            try:
                outcome = read(cell, readout=readout)
            except ErcBenchError as error:
                notes.append(f"{cell.name} is left out: {error.message}")
                continue
            _add(entries.setdefault(row, ColumnEntry(row)), outcome, notes)
    return list(entries.values())


def _further(cell: StoredCell, readouts: Sequence[str]) -> list[str]:
    known = set(cell.record.get("readouts", ())) - {own_classifier(cell)}
    return [name for name in dict.fromkeys(readouts) if name in known]


def _add(entry: ColumnEntry, outcome: Outcome, notes: list[str]) -> None:
    if outcome.seed in entry.outcomes:
        first = entry.outcomes[outcome.seed].cell.name
        notes.append(f"{outcome.cell.name} is left out: its record is of the same cell as {first}")
        return
    entry.outcomes[outcome.seed] = outcome

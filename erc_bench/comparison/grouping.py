"""Group cells into columns (results that may be compared) and entries (one row's seeds in one column)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from erc_bench.comparison.counted_cells import own_classifier, with_same_gold
from erc_bench.comparison.outcomes import ColumnEntry, Columns, Condition, Outcome, read_outcome
from erc_bench.comparison.row_key import FREEZING, NO_BACKBONE, RowKey, Settings
from erc_bench.comparison.rows import departures, inert_terms, unknown_tokens
from erc_bench.corpora.corpus import GoldOf
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import StoredCell


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

    ``metrics`` maps datasets to metrics. Different data, limits and classes of hardware are columns of their own;
    different settings under one name are rows of their own. A cell scored against other gold labels than those of
    ``reference`` is left out. Without ``keeps_counts`` the scores are those of the records.
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
        for look in (mixtures, inert_terms, unknown_tokens, departures):
            notes += look(found, condition.dataset)
    return entries, notes


def _condition(cell: StoredCell) -> Condition:
    return Condition(cell.dataset, cell.typed.data.fingerprint or "", cell.typed.limit, hardware_class(cell))


def hardware_class(cell: StoredCell) -> str:
    """Return the condition that makes results comparable: the kind of device that the cell ran on."""
    provenance = cell.typed.provenance
    return str((provenance.hardware or {}).get("class") or (provenance.device or "").partition(":")[0])


def _base_key(cell: StoredCell) -> RowKey:
    shown = tuple(sorted((address, shown_value(value)) for address, value in cell.typed.overrides.items()))
    has_model = cell.typed.backbone != NO_BACKBONE
    trained = cell.typed.regime not in (None, "frozen") or cell.typed.upstream is not None
    frozen = cell.typed.regime == "frozen" and not trained and not set(FREEZING).isdisjoint(shown)
    return RowKey(cell.method, cell.typed.backbone, shown, tuned=trained and has_model, frozen=frozen and has_model)


def shown_value(value: Any) -> str:
    """Write the value of a setting as one would type it after ``--set``."""
    return value if isinstance(value, str) else json.dumps(value)


def _variants(
    cells: Sequence[StoredCell], condition: Condition, notes: list[str]
) -> dict[tuple[RowKey, str], Settings]:
    """Return the settings that tell the variants of one row apart, by (key, settings hash)."""
    by_key: dict[RowKey, dict[str, StoredCell]] = {}
    for cell in cells:
        by_key.setdefault(_base_key(cell), {}).setdefault(cell.typed.settings_hash, cell)
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
    values = {**cell.typed.settings, **cell.typed.choices, "readouts": cell.typed.readouts}
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
        key = replace(base, variant=variants[base, cell.typed.settings_hash])
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
    known = set(cell.typed.readouts) - {own_classifier(cell)}
    return [name for name in dict.fromkeys(readouts) if name in known]


def _add(entry: ColumnEntry, outcome: Outcome, notes: list[str]) -> None:
    if outcome.seed in entry.outcomes:
        first = entry.outcomes[outcome.seed].cell.name
        notes.append(f"{outcome.cell.name} is left out: its record is of the same cell as {first}")
        return
    entry.outcomes[outcome.seed] = outcome


Record = Mapping[str, Any]


def _inputs(name: str) -> Callable[[Record], Any]:
    return lambda record: record.get("inputs", {}).get(name)


def _precision(record: Record) -> Any:
    return record.get("provenance", {}).get("precision")


def _machine(record: Record) -> Any:
    """Return the class of the hardware in words: cpu, AMD EPYC, AVX512."""
    hardware = record.get("provenance", {}).get("hardware")
    if not isinstance(hardware, dict):
        return hardware
    return ", ".join(str(hardware[part]) for part in ("class", "name", "instructions") if hardware.get(part))


# Between rows, code and weights differ by design; within a row nothing should.
_WITHIN_A_ROW = {
    "with different versions of its code": _inputs("code"),
    "with different versions of the core": _inputs("core"),
    "with different weights of its backbone": _inputs("backbone"),
    "in different precision": _precision,
    "on different machines": _machine,
}
_BETWEEN_ROWS = {"in different precision": _precision, "on different machines": _machine}


def mixtures(entries: Sequence[ColumnEntry], dataset: str) -> list[str]:
    """Return a note for each difference within a row, and between the rows of a column."""
    own = [entry for entry in entries if not entry.key.readout]
    notes = []
    for entry in own:
        cells = [(str(seed), outcome.cell.record) for seed, outcome in sorted(entry.outcomes.items())]
        notes += _named_differences(cells, _WITHIN_A_ROW, f"{dataset}: the seeds of {entry.key.method} ran")
    rows = [(entry.key.method, outcome.cell.record) for entry in own for outcome in entry.outcomes.values()]
    notes += _trained_twice(rows, dataset)
    return notes + _named_differences(rows, _BETWEEN_ROWS, f"{dataset}: the rows ran")


def _trained_twice(rows: Iterable[tuple[str, Record]], dataset: str) -> list[str]:
    """Return a note on each upstream that cells of one seed should share and read in different trainings."""
    trainings: dict[tuple[str, int, str], dict[str, dict[str, None]]] = {}
    for method, record in rows:
        if told := record.get("upstream"):
            shared = trainings.setdefault((told["method"], record["seed"], told["key"]), {})
            shared.setdefault(told["weights"], {})[method] = None
    return [
        f"{dataset}: seed {seed} read different trainings of the upstream {upstream} "
        f"({' against '.join(', '.join(methods) + ': ' + weights for weights, methods in shared.items())})"
        for (upstream, seed, _), shared in trainings.items()
        if len(shared) > 1
    ]


def _side(value: str, names: Iterable[str]) -> str:
    """Name the cells of one side, and their differing value where that is a text."""
    told = json.loads(value)
    return ", ".join(names) + (f": {told}" if isinstance(told, str) and " " in told else "")


def _named_differences(
    cells: Iterable[tuple[str, Record]], facts: Mapping[str, Callable[[Record], Any]], subject: str
) -> list[str]:
    cells = list(cells)
    notes = []
    for words, read in facts.items():
        parts: dict[str, dict[str, None]] = {}
        written: dict[int, str] = {}  # records share what is large, and keep it as long as this lasts
        for name, record in cells:
            value = read(record)
            if value is not None:
                text = written.get(id(value)) or json.dumps(value, sort_keys=True)
                if isinstance(value, dict):
                    written[id(value)] = text
                parts.setdefault(text, {})[name] = None
        if len(parts) > 1:
            notes.append(f"{subject} {words} ({' against '.join(_side(*part) for part in parts.items())})")
    return notes

"""Name the conditions that differ between cells that stand side by side although their settings agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from erc_bench.comparison.outcomes import ColumnEntry

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
        notes += _differences(cells, _WITHIN_A_ROW, f"{dataset}: the seeds of {entry.key.method} ran")
    rows = [(entry.key.method, outcome.cell.record) for entry in own for outcome in entry.outcomes.values()]
    notes += _trained_twice(rows, dataset)
    return notes + _differences(rows, _BETWEEN_ROWS, f"{dataset}: the rows ran")


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


def _differences(
    cells: Iterable[tuple[str, Record]], facts: Mapping[str, Callable[[Record], Any]], subject: str
) -> list[str]:
    cells = list(cells)
    notes = []
    for words, read in facts.items():
        parts: dict[str, dict[str, None]] = {}
        for name, record in cells:
            value = read(record)
            if value is not None:
                parts.setdefault(json.dumps(value, sort_keys=True), {})[name] = None
        if len(parts) > 1:
            notes.append(f"{subject} {words} ({' against '.join(_side(*part) for part in parts.items())})")
    return notes

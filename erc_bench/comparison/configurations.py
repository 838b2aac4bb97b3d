"""How many configurations of each method were scored on test: those that are stored, and those that once were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.store.ledger import LedgerEntry, read_ledger
from erc_bench.store.reading import StoredCell

_Configurations = dict[tuple[str, str], set[tuple[str, str]]]
"""By dataset and method: backbones with settings."""


@dataclass(frozen=True)
class Ledgers:
    """The ledgers of the folders of runs that cells lie in; ``notes`` name lines that cannot be read."""

    by_folder: Mapping[Path, Sequence[LedgerEntry]]
    notes: tuple[str, ...] = ()


def ledgers_of(cells: Iterable[StoredCell]) -> Ledgers:
    """Read the ledgers of all folders of runs that the cells lie in."""
    notes: list[str] = []
    folders = dict.fromkeys(cell.folder.parents[4] for cell in cells)
    return Ledgers({runs: read_ledger(runs, notes.append) for runs in folders}, tuple(notes))


def configurations(comparison: Comparison, cells: Iterable[StoredCell], ledgers: Ledgers) -> str:
    """Say how often the test split was looked at: the more configurations, the less a best one means.

    A folder without a ledger, as old runs have none, counts the stored cells.
    """
    shown = {row.key.method for row in comparison.rows}
    datasets = {column.dataset for column in comparison.columns}
    stored: _Configurations = {}
    for cell in cells:
        record = cell.record
        if cell.status == "done" and record["metrics"].get("test"):
            configuration = record["backbone"], record["settings_hash"]
            stored.setdefault((cell.dataset, cell.method), set()).add(configuration)
    ever, gone = _of_ledgers(stored, ledgers)
    counted: dict[str, list[str]] = {}
    for (dataset, method), found in sorted(ever.items()):
        if dataset in datasets and method in shown:
            counted.setdefault(dataset, []).append(_counted(method, len(found), len(gone.get((dataset, method), ()))))
    if not counted:
        return ""
    parts = [f"{dataset}: {', '.join(own)}" for dataset, own in counted.items()]
    place = "this folder of runs" if len(ledgers.by_folder) == 1 else "these folders of runs"
    what = "ever scored on test in" if any(ledgers.by_folder.values()) else "with test scores in"
    return f"Configurations {what} {place}: {'; '.join(parts)}."


def _of_ledgers(stored: _Configurations, ledgers: Ledgers) -> tuple[_Configurations, _Configurations]:
    """Return the configurations that were ever scored, and those among them without a folder today."""
    ever = {key: set(found) for key, found in stored.items()}
    there: _Configurations = {}
    for runs, entries in ledgers.by_folder.items():
        for entry in entries:
            key = entry.address.dataset, entry.address.method
            ever.setdefault(key, set()).add(entry.configuration)
            known = entry.configuration in stored.get(key, ()) or entry.configuration in there.get(key, ())
            # A cell that is there and not among those at hand: it failed since, or a part of the folder is compared.
            if not known and entry.address.folder(runs).is_dir():
                there.setdefault(key, set()).add(entry.configuration)
    gone = {key: found - stored.get(key, set()) - there.get(key, set()) for key, found in ever.items()}
    return ever, gone


def _counted(method: str, number: int, gone: int) -> str:
    if not gone:
        return f"{method} {number}"
    which = f"{gone} of them" if gone < number else "all" if number > 1 else ""
    return f"{method} {number} ({' '.join(filter(None, (which, 'removed')))})"

"""Sentences of a caption about a table's cells: their number, the drift on another machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.comparison.counted_cells import address_of
from erc_bench.comparison.row_key import NO_BACKBONE
from erc_bench.statistics.results import counted
from erc_bench.store.ledger import LedgerEntry, read_ledger
from erc_bench.store.reading import StoredCell
from erc_bench.store.record import Record, RecordedCounts

MOVED_MEAN, MOVED_SEED = 0.2, 2.2
"""Points of weighted F1 by which means over five seeds, and single seeds, moved at most between instruction sets, with
frozen states in float32: docs/another-machine.md. Most methods did not move at all; these are of the one that did."""
_EXACT = ("float32", "float64")


def shown_cells(comparison: Comparison, cells: Iterable[StoredCell]) -> list[StoredCell]:
    """Return the finished cells whose scores stand in the table, each once."""
    shown = {
        (column.dataset, key.method, key.backbone, score.settings_hash, seed)
        for column in comparison.columns
        for score in column.scores
        if score is not None
        for seed in score.seeds
        for key in [comparison.rows[score.row].key]
    }
    done = (cell for cell in cells if cell.status == "done")
    return list({address: cell for cell in done if (address := address_of(cell.typed)) in shown}.values())


def upstreams(shown: Sequence[StoredCell]) -> list[str]:
    """Say which rows read through an upstream, and how much better that fits its training data."""
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for cell in shown:
        if told := cell.typed.upstream:
            train, dev = (scores.of(cell.typed.headline_metric) or 0.0 for scores in (told.train, told.dev))
            found.setdefault((cell.method, told.method, cell.dataset), []).append((train, dev))
    by_pair: dict[tuple[str, str], list[str]] = {}
    for (method, upstream, dataset), scores_of in found.items():
        train, dev = (mean(each) for each in zip(*scores_of, strict=True))
        by_pair.setdefault((method, upstream), []).append(f"{dataset}: train {train:.1f}, dev {dev:.1f}")
    return [
        f"{method} reads utterances through {upstream}, trained with each run's own seed ({'; '.join(told)}: what it"
        " gives of training turns is over-fitted unless upstream.folds says otherwise)."
        for (method, upstream), told in by_pair.items()
    ]


def may_have_read(shown: Sequence[StoredCell]) -> str:
    """Say which rows are language models that may have read the test split before."""
    found: dict[str, dict[str, None]] = {}
    methods: dict[str, None] = {}
    for cell in shown:
        if cell.typed.provenance.generates and (text := cell.typed.data.public_text):
            found.setdefault(text, {})[cell.dataset] = None
            methods[cell.method] = None
    if not found:
        return ""
    parts = [f"{' and '.join(datasets)}: {text}" for text, datasets in found.items()]
    return f"Language models may have read the test split ({'; '.join(parts)}): {', '.join(methods)}."


def told_by_systems(shown: Sequence[StoredCell]) -> list[str]:
    """Return what systems say of how they came to their answers, once for each method and dataset."""
    told: dict[tuple[str, str], dict[str, None]] = {}
    for cell in shown:
        said = cell.typed.provenance.system.get("caption")
        if isinstance(said, str) and said:
            told.setdefault((cell.method, cell.dataset), {})[said] = None
    by_method: dict[tuple[str, str], list[str]] = {}
    for (method, dataset), sayings in told.items():
        by_method.setdefault((method, "; or ".join(sayings)), []).append(dataset)
    return [f"{method} on {', '.join(datasets)}: {saying}." for (method, saying), datasets in by_method.items()]


def unanswered(comparison: Comparison, shown: Sequence[StoredCell]) -> str:
    """Say which rows had no answer to some utterances, and to how many; of several of a method each by its label."""
    found: dict[tuple[str, str, str, str], list[float]] = {}
    for cell in shown:
        asked = cell.typed.data.counts.get("test", RecordedCounts()).labelled
        if (test := cell.typed.metrics.test) and asked:
            found.setdefault(address_of(cell.typed)[:4], []).append(100 * test.unanswered / asked)
    rows = Counter(configuration[:2] for configuration in found)
    labels = {
        (column.dataset, row.key.method, row.key.backbone, score.settings_hash): row.label
        for column in comparison.columns
        for score in column.scores
        if score is not None
        for row in [comparison.rows[score.row]]
    }
    parts = [
        f"{labels[which] if rows[which[:2]] > 1 else which[1]} on {which[0]} {mean(shares):.1f} %"
        for which, shares in found.items()
        if any(shares)
    ]
    return f"Answers that are no label count as wrong: {', '.join(parts)}." if parts else ""


def another_machine(shown: Sequence[StoredCell]) -> str:
    """Say how far another processor moves the numbers, where that was measured: with a frozen backbone."""
    trained = [cell.typed for cell in shown if cell.typed.backbone != "none"]
    if not trained or not all(_is_frozen_and_exact(record) for record in trained):
        return ""
    return (
        f"Another machine: about ± {MOVED_MEAN:g} points for a mean over five seeds, up to ± {MOVED_SEED:g} for one"
        " seed (measured with frozen backbones; most methods do not move)."
    )


def _is_frozen_and_exact(record: Record) -> bool:
    # Only cells that record the versions of the core computed in float64.
    versions = record.inputs.core
    frozen = "features" in versions and "fine-tuning" not in versions
    return frozen and record.provenance.precision in _EXACT


def unverified(shown: Sequence[StoredCell]) -> str:
    """Say how many cells of the table could be damaged without anybody seeing it."""
    found = sum(not cell.verified for cell in shown)
    if not found:
        return ""
    were = "was" if found == 1 else "were"
    return (
        f"Unverified: {found} of {counted(len(shown), 'cell')} {were} stored without digests of their files, so"
        " damage to them would not show."
    )


_Configurations = dict[tuple[str, str], set[tuple[str, str]]]
"""By dataset and method: backbones with settings."""


@dataclass(frozen=True)
class Ledgers:
    """The ledgers of the folders of runs that cells lie in; ``notes`` name lines that cannot be read."""

    by_folder: Mapping[Path, Sequence[LedgerEntry]]
    notes: tuple[str, ...] = ()

    def removed(self, dataset: str, fingerprint: str) -> list[tuple[str | None, set[int]]]:
        """Return regime and seeds of each row that was scored on the whole test split of a corpus and is gone."""
        found: dict[tuple[Path, str, tuple[str, str]], tuple[str | None, set[int]]] = {}
        there: set[tuple[Path, str, tuple[str, str]]] = set()
        for runs, entries in self.by_folder.items():
            for entry in entries:
                address, row = entry.address, (runs, entry.address.method, entry.configuration)
                if address.dataset != dataset or entry.limit is not None or address.backbone == NO_BACKBONE:
                    continue
                if entry.data_fingerprint not in ("", fingerprint):
                    continue
                found.setdefault(row, (entry.regime, set()))[1].add(address.seed)
                if address.folder(runs).is_dir():
                    there.add(row)
        return [each for row, each in found.items() if row not in there]


def ledgers_of(cells: Iterable[StoredCell]) -> Ledgers:
    """Read the ledgers of all folders of runs that the cells lie in."""
    notes: list[str] = []
    folders = dict.fromkeys(cell.folder.parents[4] for cell in cells)
    return Ledgers({runs: read_ledger(runs, notes.append) for runs in folders}, tuple(notes))


def configurations(comparison: Comparison, cells: Iterable[StoredCell], ledgers: Ledgers) -> str:
    """Say how often the test split was looked at: the more configurations, the less a best one means.

    Folders of old runs lack a ledger: their stored cells are counted.
    """
    shown = {row.key.method for row in comparison.rows}
    datasets = {column.dataset for column in comparison.columns}
    stored: _Configurations = {}
    for cell in cells:
        if cell.status == "done" and cell.typed.metrics.test:
            configuration = cell.typed.backbone, cell.typed.settings_hash
            stored.setdefault((cell.dataset, cell.method), set()).add(configuration)
    ever, gone = _of_ledgers(stored, ledgers)
    said: dict[str, list[str]] = {}
    for (dataset, method), found in sorted(ever.items()):
        if dataset in datasets and method in shown:
            said.setdefault(dataset, []).append(_counted(method, len(found), len(gone.get((dataset, method), ()))))
    if not said:
        return ""
    parts = [f"{dataset}: {', '.join(own)}" for dataset, own in said.items()]
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

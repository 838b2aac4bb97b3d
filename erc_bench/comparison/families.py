"""The family of a correction: the comparisons that were declared, or that the folder of runs holds, shown or not.

Choosing rows must not buy a mark. Without a suite every row of a dataset and regime in the folder is of the family, a
removed one by its entry in the ledger; a suite declares its comparisons by its tables, before it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from erc_bench.comparison.caption_cells import Ledgers
from erc_bench.comparison.comparison_data import Column, TableRow
from erc_bench.comparison.counted_cells import select
from erc_bench.comparison.grouping import Reference, group
from erc_bench.comparison.outcomes import ColumnEntry, Columns, Condition, is_floor
from erc_bench.comparison.requested_tests import Tests
from erc_bench.comparison.row_key import NO_BACKBONE, RowKey
from erc_bench.comparison.rows import Baseline, all_pairs, partners
from erc_bench.comparison.significance import compare_pair
from erc_bench.comparison.slices import slice_columns
from erc_bench.comparison.tested_differences import UnshownTest
from erc_bench.store.reading import StoredCell


@dataclass(frozen=True)
class Contrasts:
    """Comparisons with one baseline. ``methods``, ``datasets``: those that take part, all where empty.

    ``whole_folder``: not of a suite; rows of the regime that is shown take part, and removed ones.
    """

    baseline: Baseline
    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    readouts: tuple[str, ...] = ()
    all_pairs: bool = False
    whole_folder: bool = False

    def hold(self, dataset: str, key: RowKey, regimes: frozenset[bool]) -> bool:
        """Whether a row on a dataset takes part; ``regimes`` are those shown (language model trained or not)."""
        if self.datasets and dataset not in self.datasets:
            return False
        if self.whole_folder and key.backbone != NO_BACKBONE and key.tuned not in regimes:
            return False
        named = not self.methods or key.method in (*self.methods, self.baseline.method)
        return named and (not key.readout or key.readout in self.readouts)


@dataclass(frozen=True)
class TestedTogether:
    """What is corrected together with a column: ``contrasts``, over ``entries`` of all rows by condition."""

    contrasts: tuple[Contrasts, ...]
    entries: Columns
    ledgers: Ledgers

    def complete(self, column: Column, rows: Sequence[TableRow], alpha: float, tests: Tests) -> Column:
        """Return the column with the tests of its family that are not shown, and the number of removed rows."""
        condition = Condition(column.dataset, column.fingerprint, column.limit, column.hardware)
        entries = self.entries.get(condition, [])
        if column.slice_name and tests.by:
            parts = {part.slice_name: found for part, found in slice_columns(column, entries, (), alpha, tests.by)}
            entries = parts.get(column.slice_name, [])
        shown = {frozenset((rows[pair.row].key, rows[pair.baseline].key)) for pair in column.pairs}
        regimes = frozenset(row.key.tuned for row in rows if row.key.backbone != NO_BACKBONE)
        by_key = {entry.key: entry for entry in entries}
        unshown = [
            _tested(by_key[ours], by_key[theirs], against, column.metric, alpha, tests)
            for ours, theirs, against in self._pairs(condition.dataset, by_key, regimes)
            if frozenset((ours, theirs)) not in shown and not is_floor(by_key[ours]) and not is_floor(by_key[theirs])
        ]
        removed = 0 if column.slice_name else self._removed(condition, regimes)
        return replace(column, unshown=tuple(unshown), removed=removed)

    def _pairs(
        self, dataset: str, keys: Iterable[RowKey], regimes: frozenset[bool]
    ) -> Iterator[tuple[RowKey, RowKey, bool]]:
        """Yield each two rows that are compared, once, and whether the second is the first one's baseline."""
        known: set[frozenset[RowKey]] = set()
        for contrasts in self.contrasts:
            held = [key for key in keys if contrasts.hold(dataset, key, regimes)]
            against = list(partners(held, contrasts.baseline).items())
            wanted = all_pairs(held, contrasts.baseline) if contrasts.all_pairs else against
            for mine, other in wanted:
                pair = frozenset((held[mine], held[other]))
                if pair not in known:
                    known.add(pair)
                    yield held[mine], held[other], (mine, other) in against

    def _removed(self, condition: Condition, regimes: frozenset[bool]) -> int:
        """Count the rows that were scored on two seeds or more and are no longer there: they could have been tested."""
        if not any(contrasts.whole_folder for contrasts in self.contrasts) or condition.limit is not None:
            return 0
        return sum(
            len(seeds) > 1
            for regime, seeds in self.ledgers.removed(condition.dataset, condition.fingerprint)
            if (regime != "frozen") in regimes
        )


def _tested(
    ours: ColumnEntry, theirs: ColumnEntry, against_baseline: bool, metric: str, alpha: float, tests: Tests
) -> UnshownTest:
    pair = compare_pair((0, ours), (1, theirs), metric, alpha, tests)
    return UnshownTest(
        row=ours.key if against_baseline else None,
        seeds=pair.seed_test.p if tests.over_seeds else None,
        joint=pair.joint.p,
        dialogues=pair.over_dialogues.test.p if pair.over_dialogues else None,
        equivalence=pair.equivalence.p if pair.equivalence else None,
        better=pair.better,
    )


def all_entries(
    every: Sequence[StoredCell],
    kept: Sequence[StoredCell],
    grouped: Columns,
    metrics: Mapping[str, str],
    contrasts: Sequence[Contrasts],
    tests: Tests,
) -> Columns:
    """Return the rows of the family by condition: those that are shown, and those of the other cells of the folder."""
    shown = {cell.folder for cell in kept}
    further, _ = select(every, sorted(metrics), ())
    unshown = [cell for cell in further if cell.folder not in shown]
    # Other tables of a suite may have classifiers read what this one shows as it was trained.
    readouts = list(dict.fromkeys(name for each in contrasts for name in each.readouts))
    wanted = [*unshown, *(kept if readouts else ())]
    found = group(wanted, metrics, readouts, Reference(every), tests.needs_counts)[0] if wanted else {}
    return {condition: _together(entries, found.get(condition, ()), shown) for condition, entries in grouped.items()}


def _together(shown: Sequence[ColumnEntry], found: Iterable[ColumnEntry], folders: Set[Path]) -> list[ColumnEntry]:
    """Return the rows that are shown and the others; another row with the key of a shown one gets a key of its own."""
    known = {entry.key for entry in shown}
    together = list(shown)
    for entry in found:
        is_shown = next(iter(entry.outcomes.values())).cell.folder in folders
        if entry.key not in known:
            together.append(entry)
        elif not is_shown:
            key = replace(entry.key, variant=(("settings", entry.record.settings_hash),))
            together.append(replace(entry, key=key))
    return together

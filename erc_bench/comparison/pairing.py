"""The comparisons of one column, and notes on what has no partner."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.baselines import Baseline, partners
from erc_bench.comparison.caption import seed_list
from erc_bench.comparison.entries import Entry
from erc_bench.comparison.model import Column, Pair, Row
from erc_bench.comparison.significance import compare_pair


def pair_rows(
    column: Column, entries: Sequence[Entry], rows: Sequence[Row], baseline: Baseline, alpha: float
) -> tuple[tuple[Pair, ...], list[str]]:
    """Compare every row of a column with its baseline row; notes name rows and seeds left alone."""
    by_key = {entry.key: entry for entry in entries}
    present = [i for i, row in enumerate(rows) if row.key in by_key]
    chosen = {
        present[mine]: present[other] for mine, other in partners([rows[i].key for i in present], baseline).items()
    }
    pairs = tuple(
        compare_pair((row, by_key[rows[row].key]), (base, by_key[rows[base].key]), column.metric, alpha)
        for row, base in chosen.items()
    )
    alone = [rows[i].label for i in present if i not in chosen and rows[i].key.method != baseline.method]
    return pairs, _alone(column, alone, baseline) + [note for pair in pairs for note in _unshared(column, pair, rows)]


def _alone(column: Column, labels: Sequence[str], baseline: Baseline) -> list[str]:
    if not labels:
        return []
    condition = "" if baseline.backbone else " with the same backbone"
    return [f"{column.title}: {', '.join(labels)} compared with nothing: there is no run of {baseline}{condition}"]


def _unshared(column: Column, pair: Pair, rows: Sequence[Row]) -> list[str]:
    names = rows[pair.row].label, rows[pair.baseline].label
    found = [
        f"{f'seed {seeds[0]} exists' if len(seeds) == 1 else f'seeds {seed_list(seeds)} exist'} only for {name}"
        for seeds, name in zip((pair.only_row, pair.only_baseline), names, strict=True)
        if seeds
    ]
    if not found:
        return []
    return [f"{column.title}: {names[0]} is compared with {names[1]} on shared seeds; {' and '.join(found)}"]

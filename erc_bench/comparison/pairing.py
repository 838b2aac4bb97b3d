"""The comparisons of one column, and notes on what has no partner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.comparison.baselines import Baseline, all_pairs, partners
from erc_bench.comparison.entries import Entry
from erc_bench.comparison.model import Column, Row
from erc_bench.comparison.pair import Pair
from erc_bench.comparison.significance import compare_pair
from erc_bench.comparison.tests import Tests
from erc_bench.comparison.words import seed_list


def pair_rows(
    column: Column,
    entries: Sequence[Entry],
    rows: Sequence[Row],
    baseline: Baseline,
    alpha: float,
    tests: Tests | None = None,
) -> tuple[tuple[Pair, ...], list[str]]:
    """Compare every row of a column with its baseline row, or each two rows; notes name what is left alone.

    Raises :class:`ErcBenchError` where the clusters of the dialogues are not known.
    """
    tests = tests or Tests()
    by_key = {entry.key: entry for entry in entries}
    present = [i for i, row in enumerate(rows) if row.key in by_key]
    keys = [rows[i].key for i in present]
    chosen = {present[mine]: present[other] for mine, other in partners(keys, baseline).items()}
    wanted = list(chosen.items())
    if tests.all_pairs:
        wanted = [(present[mine], present[other]) for mine, other in all_pairs(keys, baseline)]
    pairs = tuple(
        replace(
            compare_pair((row, by_key[rows[row].key]), (base, by_key[rows[base].key]), column.metric, alpha, tests),
            against_baseline=chosen.get(row) == base,
        )
        for row, base in wanted
    )
    met = {row for pair in wanted for row in pair}
    alone = [rows[i].label for i in present if i not in met and rows[i].key.method != baseline.method]
    return pairs, _alone(column, alone, baseline) + [
        note for pair in pairs for note in _unshared(column, pair, rows, tests)
    ]


def _alone(column: Column, labels: Sequence[str], baseline: Baseline) -> list[str]:
    if not labels:
        return []
    condition = "" if baseline.backbone else " with the same backbone"
    return [f"{column.title}: {', '.join(labels)} compared with nothing: there is no run of {baseline}{condition}"]


def _unshared(column: Column, pair: Pair, rows: Sequence[Row], tests: Tests) -> list[str]:
    # A test that does not pair the seeds reads all of them.
    if tests.unit == "seed" and not tests.seed_test.paired:
        return []
    names = rows[pair.row].label, rows[pair.baseline].label
    found = [
        f"{f'seed {seeds[0]} exists' if len(seeds) == 1 else f'seeds {seed_list(seeds)} exist'} only for {name}"
        for seeds, name in zip((pair.only_row, pair.only_baseline), names, strict=True)
        if seeds
    ]
    if not found:
        return []
    what = f"{names[0]} is compared with {names[1]} on"
    if pair.unpaired is not None:
        what = f"the joint test of {names[0]} and {names[1]} is over"
    return [f"{column.title}: {what} shared seeds; {' and '.join(found)}"]

"""Claims over several datasets: on how many a row is better, and ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.multiple_testing import adjusted
from erc_bench.comparison.row_key import RowKey
from erc_bench.comparison.tested_differences import OverDatasets, Ranking
from erc_bench.statistics.corrections import holm_chains, partial_conjunction, stouffer
from erc_bench.statistics.ranks import friedman, midranks, nemenyi_distance


def over_datasets(comparison: Comparison) -> tuple[OverDatasets, ...]:
    """Say of each row with a baseline on two datasets or more on how many of them it is better.

    A dataset that is there in several columns, because its runs differ in data or hardware or a variant of it stands
    beside it, counts in none: they are not independent datasets. Rows of which nothing can be tested are left out. All
    rows of the family are corrected together, those that are not shown as well.
    """
    if comparison.per_class:
        return ()
    single = _single(comparison.columns)
    found = [each for row in range(len(comparison.rows)) if (each := _of_row(comparison, row, single)) is not None]
    family = [*found, *_unshown(comparison, single)]
    chains = holm_chains([[test.p for test in each.better if test.p is not None] for each in family])
    combined = adjusted([each.combined.p for each in family], comparison.tests)
    return tuple(
        replace(
            each,
            adjusted=tuple(chain),
            at_least=sum(p <= comparison.alpha for p in chain),
            combined_adjusted_p=p,
            family=len(family),
        )
        for each, chain, p in zip(found, chains, combined, strict=False)
    )


def _single(columns: Sequence[Column]) -> list[int]:
    """Return the positions of the columns that are a whole dataset, and the only such one of its corpus."""
    whole = [position for position, column in enumerate(columns) if not (column.slice_name or column.class_name)]
    corpora = [columns[position].corpus for position in whole]
    return [position for position, name in zip(whole, corpora, strict=True) if corpora.count(name) == 1]


def _of_row(comparison: Comparison, row: int, single: Sequence[int]) -> OverDatasets | None:
    pairs = {position: pair for position in single if (pair := comparison.columns[position].pair_of(row))}
    return _claim(row, {position: pair.better for position, pair in pairs.items() if pair.in_family})


def _unshown(comparison: Comparison, single: Sequence[int]) -> list[OverDatasets]:
    """Return the claims of rows that are of the family and not in the table."""
    by_row: dict[RowKey, dict[int, float | None]] = {}
    for position in single:
        for test in comparison.columns[position].unshown:
            if test.row is not None:
                by_row.setdefault(test.row, {})[position] = test.better
    return [claim for p_values in by_row.values() if (claim := _claim(-1, p_values)) is not None]


def _claim(row: int, p_values: dict[int, float | None]) -> OverDatasets | None:
    if len(p_values) < 2 or all(p is None for p in p_values.values()):
        return None
    # A row that cannot be tested gives no reason to believe that it is better there.
    values = [1.0 if p is None else p for p in p_values.values()]
    return OverDatasets(
        row,
        tuple(p_values),
        tuple(partial_conjunction(values, k) for k in range(1, len(values) + 1)),
        stouffer([p for p in p_values.values() if p is not None]),
    )


def ranking(comparison: Comparison, force: bool) -> Ranking:
    """Rank the rows that have a score on every dataset, and test whether they differ.

    ``force`` also tests below five datasets, where the tests' distributions are far off.
    """
    single = _single(comparison.columns)
    everywhere = [
        row
        for row in range(len(comparison.rows))
        if all(comparison.columns[position].scores[row] is not None for position in single)
    ]
    rows = everywhere if single else []
    columns = [comparison.columns[position] for position in single]
    means = [score.summary.mean for column in columns for row in rows if (score := column.scores[row])]
    scores = np.array(means).reshape(len(single), len(rows))
    return Ranking(
        columns=tuple(single),
        rows=tuple(rows),
        ranks=tuple(tuple(map(float, ranks)) for ranks in midranks(-scores).T),
        test=friedman(scores, force),
        distance=nemenyi_distance(len(rows), len(single), comparison.alpha, force),
        left_out=tuple(row for row in range(len(comparison.rows)) if row not in rows),
        forced=force,
    )

"""Many tests at once: the correction and the verdicts after it, and claims over several datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from erc_bench.comparison.comparison_data import Column, Comparison, Family
from erc_bench.comparison.requested_tests import Tests
from erc_bench.comparison.tested_differences import OverDatasets, Pair, Ranking, Verdict
from erc_bench.statistics.corrections import CORRECTIONS, holm_chains, one_sided, partial_conjunction, stouffer
from erc_bench.statistics.ranks import friedman, midranks, nemenyi_distance
from erc_bench.statistics.results import DiscreteTest


def correct(columns: Sequence[Column], alpha: float, family: Family, tests: Tests | None = None) -> tuple[Column, ...]:
    """Adjust the p-values of the columns of each dataset (family ``table``: of all columns together).

    A comparison that cannot be tested cannot be falsely significant and does not count. The slices
    of a dataset are of one family with the whole.
    """
    tests = tests or Tests()
    if family == "table":
        return tuple(_corrected(columns, alpha, tests))
    by_dataset: dict[str, list[Column]] = {}
    for column in columns:
        by_dataset.setdefault(f"{column.header}\n{column.fingerprint}", []).append(column)
    return tuple(done for together in by_dataset.values() for done in _corrected(together, alpha, tests))


def _corrected(columns: Sequence[Column], alpha: float, tests: Tests) -> list[Column]:
    pairs = [pair for column in columns for pair in column.pairs]
    seeds = adjusted([pair.seed_test.p for pair in pairs] if tests.over_seeds else [None] * len(pairs), tests)
    joint = adjusted([pair.joint.p for pair in pairs], tests)
    over = [pair.over_dialogues.test.p if pair.over_dialogues else None for pair in pairs]
    dialogues = adjusted(over, tests)
    pairs = _equivalent(pairs, alpha, tests)
    together = zip(pairs, seeds, joint, dialogues, strict=True)
    done = iter([_judged(pair, p_values, alpha) for pair, *p_values in together])
    family, joint_family, dialogue_family = (sum(p is not None for p in found) for found in (seeds, joint, dialogues))
    return [
        replace(
            column,
            pairs=tuple(next(done) for _ in column.pairs),
            family=family,
            joint_family=joint_family,
            dialogue_family=dialogue_family,
        )
        for column in columns
    ]


def _equivalent(pairs: Sequence[Pair], alpha: float, tests: Tests) -> list[Pair]:
    found = adjusted([pair.equivalence.p if pair.equivalence else None for pair in pairs], tests)
    return [
        replace(pair, equivalence_adjusted_p=p, equivalent=p is not None and p <= alpha)
        for pair, p in zip(pairs, found, strict=True)
    ]


def adjusted(p_values: Sequence[float | None], tests: Tests) -> list[float | None]:
    """Correct the p-values of one family; tests that were not made stay without one."""
    found = iter(CORRECTIONS[tests.correction]([p for p in p_values if p is not None]))
    return [None if p is None else next(found) for p in p_values]


def _judged(pair: Pair, p_values: Sequence[float | None], alpha: float) -> Pair:
    seeds, joint, dialogues = p_values
    pair = replace(pair, adjusted_p=seeds, joint_adjusted_p=joint, dialogue_adjusted_p=dialogues)
    if pair.held_back:
        return replace(pair, equivalent=False)
    found, contradiction = _verdict(pair.difference, seeds, alpha), False
    if found and isinstance(pair.seed_test, DiscreteTest) and pair.seed_test.leaning is not None:
        contradiction = pair.seed_test.leaning != _SIGNS[found]
    verdict = "" if contradiction else found
    joint_verdict = _verdict(pair.joint.difference, joint, alpha)
    # "Also on new dialogues" needs the first claim.
    joint_verdict = joint_verdict if joint_verdict == verdict else ""
    return replace(
        pair,
        verdict=verdict,
        joint_verdict=joint_verdict,
        dialogue_verdict=_verdict(pair.test.difference, dialogues, alpha),
        contradiction=contradiction,
    )


_SIGNS: Mapping[Verdict, int] = {"better": 1, "worse": -1}


def _verdict(difference: float | None, p: float | None, alpha: float) -> Verdict:
    if not difference or p is None or p > alpha:
        return ""
    return "better" if difference > 0 else "worse"


def over_datasets(comparison: Comparison) -> tuple[OverDatasets, ...]:
    """Say of each row with a baseline on two datasets or more on how many of them it is better.

    A dataset that is there in several columns, because its runs differ in data or hardware, counts in
    none: they are not independent datasets. Rows of which nothing can be tested are left out.
    """
    if comparison.per_class:
        return ()
    single = _single(comparison.columns)
    found = [each for row in range(len(comparison.rows)) if (each := _of_row(comparison, row, single)) is not None]
    chains = holm_chains([[test.p for test in each.better if test.p is not None] for each in found])
    combined = adjusted([each.combined.p for each in found], comparison.tests)
    return tuple(
        replace(each, adjusted=tuple(chain), at_least=sum(p <= comparison.alpha for p in chain), combined_adjusted_p=p)
        for each, chain, p in zip(found, chains, combined, strict=True)
    )


def _single(columns: Sequence[Column]) -> list[int]:
    """Return the positions of the columns that are a whole dataset, and the only such one of it."""
    whole = [position for position, column in enumerate(columns) if not (column.slice_name or column.class_name)]
    datasets = [columns[position].dataset for position in whole]
    return [position for position, name in zip(whole, datasets, strict=True) if datasets.count(name) == 1]


def _of_row(comparison: Comparison, row: int, single: Sequence[int]) -> OverDatasets | None:
    pairs = {position: pair for position in single if (pair := comparison.columns[position].pair_of(row))}
    p_values = [_better(pair) for pair in pairs.values()]
    if len(pairs) < 2 or all(p is None for p in p_values):
        return None
    # A row that cannot be tested gives no reason to believe that it is better there.
    values = [1.0 if p is None else p for p in p_values]
    return OverDatasets(
        row,
        tuple(pairs),
        tuple(partial_conjunction(values, k) for k in range(1, len(values) + 1)),
        stouffer([p for p in p_values if p is not None]),
    )


def _better(pair: Pair) -> float | None:
    """Return the one-sided p of "better", of the test that marks the table; ``None`` where no mark is given."""
    if pair.held_back:
        return None
    if pair.over_dialogues is not None:
        p, difference = pair.over_dialogues.test.p, pair.test.difference
    else:
        p, difference = pair.seed_test.p, pair.difference
        # Ranks that favour the other side than the means do speak for neither.
        if isinstance(pair.seed_test, DiscreteTest) and pair.seed_test.leaning == -1 and difference is not None:
            difference = -abs(difference)
    return None if p is None or difference is None else one_sided(p, difference)


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

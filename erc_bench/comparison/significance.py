"""Each row against its baseline: the tests over seeds, over seeds and dialogues, and Holm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from erc_bench.comparison.entries import Entry
from erc_bench.comparison.model import Column, Family, Pair, Verdict
from erc_bench.comparison.outcomes import Outcome
from erc_bench.metrics import leave_one_out
from erc_bench.statistics import (
    ZERO_VARIANCE,
    JointTest,
    correlation,
    detectable_effect,
    hedges_g,
    holm,
    joint_test,
    paired_t,
    sign_flip,
)


def compare_pair(row: tuple[int, Entry], baseline: tuple[int, Entry], metric: str, alpha: float) -> Pair:
    """Compare a row with its baseline over the seeds that both have, before any correction."""
    (row_index, ours), (baseline_index, theirs) = row, baseline
    seeds = sorted(ours.outcomes.keys() & theirs.outcomes.keys())
    mine, other = [ours.outcomes[seed] for seed in seeds], [theirs.outcomes[seed] for seed in seeds]
    first, second = [outcome.value for outcome in mine], [outcome.value for outcome in other]
    return Pair(
        row=row_index,
        baseline=baseline_index,
        seeds=tuple(seeds),
        only_row=tuple(sorted(ours.outcomes.keys() - theirs.outcomes.keys())),
        only_baseline=tuple(sorted(theirs.outcomes.keys() - ours.outcomes.keys())),
        test=paired_t(first, second, alpha),
        sign_flip=sign_flip(first, second),
        effect=hedges_g(first, second),
        detectable=detectable_effect(first, second, alpha),
        joint=_joint(mine, other, metric, alpha),
        seed_correlation=correlation(first, second),
    )


def _joint(mine: Sequence[Outcome], other: Sequence[Outcome], metric: str, alpha: float) -> JointTest:
    differences = [ours.value - theirs.value for ours, theirs in zip(mine, other, strict=True)]
    mean = sum(differences) / len(differences) if differences else None
    if any(outcome.counts is None for outcome in (*mine, *other)):
        return JointTest(mean, reason="not testable: no test predictions")
    if len({outcome.test_set for outcome in (*mine, *other)}) > 1:
        return JointTest(mean, reason="not testable: the rows scored different utterances")
    if not differences:
        return joint_test([], [], alpha)
    ours, theirs = (
        leave_one_out(
            np.stack([outcome.counts for outcome in side if outcome.counts is not None]), metric, mine[0].scored
        )
        for side in (mine, other)
    )
    return joint_test(differences, (ours - theirs).mean(0), alpha)


def correct(columns: Sequence[Column], alpha: float, family: Family) -> tuple[Column, ...]:
    """Adjust the p-values of each column after Holm (family ``table``: of all columns together).

    A comparison that cannot be tested cannot be falsely significant and does not count.
    """
    if family == "dataset":
        return tuple(_corrected([column], alpha)[0] for column in columns)
    return tuple(_corrected(columns, alpha))


def _corrected(columns: Sequence[Column], alpha: float) -> list[Column]:
    pairs = [pair for column in columns for pair in column.pairs]
    seeds = _adjusted([pair.test.p for pair in pairs])
    joint = _adjusted([pair.joint.p for pair in pairs])
    done = iter([_judged(pair, p, q, alpha) for pair, p, q in zip(pairs, seeds, joint, strict=True)])
    sizes = sum(p is not None for p in seeds), sum(p is not None for p in joint)
    return [
        replace(column, pairs=tuple(next(done) for _ in column.pairs), family=sizes[0], joint_family=sizes[1])
        for column in columns
    ]


def _adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    adjusted = iter(holm([p for p in p_values if p is not None]))
    return [None if p is None else next(adjusted) for p in p_values]


def _judged(pair: Pair, holm_p: float | None, joint_holm_p: float | None, alpha: float) -> Pair:
    verdict = _verdict(pair.test.difference, holm_p, alpha)
    joint = _verdict(pair.joint.difference, joint_holm_p, alpha)
    # "Also on new dialogues" needs the first claim, unless the seeds do not vary at all.
    if not verdict and pair.test.reason != ZERO_VARIANCE:
        joint = ""
    return replace(pair, holm_p=holm_p, joint_holm_p=joint_holm_p, verdict=verdict, joint_verdict=joint)


def _verdict(difference: float | None, p: float | None, alpha: float) -> Verdict:
    if difference is None or p is None or p > alpha:
        return ""
    return "better" if difference > 0 else "worse"

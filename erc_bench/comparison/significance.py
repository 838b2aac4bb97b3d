"""Two rows of a column: the tests over seeds, over dialogues and over both, before any correction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from erc_bench.comparison.clusters import clustered
from erc_bench.comparison.entries import Entry
from erc_bench.comparison.model import OverDialogues, Pair
from erc_bench.comparison.outcomes import Outcome
from erc_bench.comparison.tests import Tests
from erc_bench.metrics import from_counts
from erc_bench.statistics import (
    NO_SEEDS,
    BootstrapInterval,
    DialogueSignFlip,
    DiscreteTest,
    JointTest,
    TTest,
    correlation,
    detectable_effect,
    dialogue_bootstrap,
    dialogue_sign_flip,
    hedges_g,
    joint_test,
    paired_t,
    sign_flip,
)
from erc_bench.statistics.resampling import Counts, Score, left_out_scores

_OTHER_UTTERANCES = "not testable: the rows scored different utterances"
_NO_ANSWERS = "not testable: no test predictions"
_NOT_ASKED = "not asked for"


def compare_pair(
    row: tuple[int, Entry], baseline: tuple[int, Entry], metric: str, alpha: float, tests: Tests | None = None
) -> Pair:
    """Compare a row with another one over the seeds that both have, before any correction."""
    tests = tests or Tests()
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
        sign_flip=sign_flip(first, second, alpha),
        effect=hedges_g(first, second),
        detectable=detectable_effect(first, second, alpha),
        joint=_joint(mine, other, metric, alpha, tests),
        seed_correlation=correlation(first, second),
        sd=float(np.subtract(first, second).std(ddof=1)) if len(seeds) > 1 else None,
        difference=_difference(ours, theirs, seeds, tests),
        chosen=_chosen(ours, theirs, seeds, tests, alpha),
        over_dialogues=_over_dialogues(mine, other, metric, alpha, tests),
    )


def _values(entry: Entry, shared: Sequence[int], tests: Tests) -> list[float]:
    """Return the scores that the test over seeds reads: an unpaired one reads those of all seeds."""
    paired = tests.seed_test.paired or not tests.over_seeds
    return [entry.outcomes[seed].value for seed in (shared if paired else sorted(entry.outcomes))]


def _difference(ours: Entry, theirs: Entry, shared: Sequence[int], tests: Tests) -> float | None:
    first, second = _values(ours, shared, tests), _values(theirs, shared, tests)
    if tests.seed_test.paired or not tests.over_seeds:
        return paired_t(first, second).difference
    return float(np.mean(first) - np.mean(second))


def _chosen(
    ours: Entry, theirs: Entry, shared: Sequence[int], tests: Tests, alpha: float
) -> TTest | DiscreteTest | None:
    if tests.test == "paired-t" or not tests.over_seeds:
        return None
    return tests.seed_test.function(_values(ours, shared, tests), _values(theirs, shared, tests), alpha)


def _joint(mine: Sequence[Outcome], other: Sequence[Outcome], metric: str, alpha: float, tests: Tests) -> JointTest:
    differences = [ours.value - theirs.value for ours, theirs in zip(mine, other, strict=True)]
    mean = sum(differences) / len(differences) if differences else None
    reason = _NOT_ASKED if tests.unit != "both" else _why_no_counts(mine, other)
    if reason:
        return JointTest(mean, reason=reason)
    if len(differences) < 2:
        return joint_test(differences, [], alpha)
    without = left_out_scores(_counts(mine, other, tests.cluster), _score(metric, mine)).mean(-1)
    return joint_test(differences, without, alpha)


def _over_dialogues(
    mine: Sequence[Outcome], other: Sequence[Outcome], metric: str, alpha: float, tests: Tests
) -> OverDialogues | None:
    if tests.unit != "dialogue":
        return None
    reason = _why_no_counts(mine, other) if mine else NO_SEEDS
    if reason:
        return OverDialogues(DialogueSignFlip(0, None, None, reason), BootstrapInterval(None, reason=reason))
    counts, score = _counts(mine, other, tests.cluster), _score(metric, mine)
    return OverDialogues(dialogue_sign_flip(counts, score, alpha), dialogue_bootstrap(counts, score, alpha))


def _why_no_counts(mine: Sequence[Outcome], other: Sequence[Outcome]) -> str:
    outcomes = (*mine, *other)
    if any(outcome.counts is None for outcome in outcomes):
        return _NO_ANSWERS
    return _OTHER_UTTERANCES if len({outcome.test_set for outcome in outcomes}) > 1 else ""


def _counts(mine: Sequence[Outcome], other: Sequence[Outcome], cluster: str) -> Counts:
    """Return confusion counts: (2, seeds, clusters, classes, classes)."""
    return np.stack([[clustered(outcome, cluster) for outcome in side] for side in (mine, other)])


def _score(metric: str, outcomes: Sequence[Outcome]) -> Score:
    return partial(from_counts, metric=metric, scored=outcomes[0].scored if outcomes else ())

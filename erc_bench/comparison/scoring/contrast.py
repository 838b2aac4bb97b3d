"""One file of answers against another: over dialogues, over utterances and, with several seeds, over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from erc_bench.comparison.scoring.answers import Answers
from erc_bench.comparison.scoring.counts import Scorer
from erc_bench.comparison.scoring.model import Contrast, SeedTests
from erc_bench.errors import ErcBenchError
from erc_bench.statistics import (
    correlation,
    detectable_effect,
    dialogue_bootstrap,
    dialogue_sign_flip,
    hedges_g,
    intra_cluster_correlation,
    joint_test,
    mcnemar,
    paired_t,
    sign_flip,
    two_level_bootstrap,
)
from erc_bench.statistics.resampling import Counts, left_out_scores

Seed = int | None


def contrast(first: Answers, second: Answers, scorer: Scorer, alpha: float, draws: int) -> Contrast:
    """Compare two files of answers over the seeds that both have.

    Raises :class:`ErcBenchError` where it cannot be told which runs belong together.
    """
    ours, theirs, notes = _paired(first, second)
    counts = np.stack([scorer.counts(first, ours), scorer.counts(second, theirs)])
    right, other = scorer.right(first, ours), scorer.right(second, theirs)
    moved = (right.astype(float) - other).mean(0)
    return Contrast(
        seeds=tuple(ours),
        interval=dialogue_bootstrap(counts, scorer.score, alpha, draws),
        test=dialogue_sign_flip(counts, scorer.score, alpha, draws),
        shared=intra_cluster_correlation(moved, scorer.clusters),
        mcnemar=tuple(mcnemar(a, b, alpha) for a, b in zip(right, other, strict=True)),
        seed_tests=_seed_tests(counts, scorer, alpha, draws) if len(ours) > 1 else None,
        notes=tuple(notes),
    )


def _paired(first: Answers, second: Answers) -> tuple[list[Seed], list[Seed], list[str]]:
    """Return the runs of either side that belong together, and notes on those that have no partner."""
    ours, theirs = list(first.runs), list(second.runs)
    if len(ours) == len(theirs) == 1:
        return ours, theirs, _alone(first, second)
    shared = [seed for seed in ours if seed in theirs and seed is not None]
    if not shared:
        raise ErcBenchError(
            f"no run of {first.file} can be paired with one of {second.file}:"
            f" they have {_seeds(ours)} and {_seeds(theirs)}",
            "Runs are paired by the column seed; give both files the seeds that they share, or one run each.",
        )
    notes = [
        f"{_seeds(alone)} {'is' if len(alone) == 1 else 'are'} only in {answers.file} and not compared"
        for answers, seeds in ((first, ours), (second, theirs))
        if (alone := [seed for seed in seeds if seed not in shared])
    ]
    paired: list[Seed] = list(shared)
    return paired, paired, notes


def _alone(first: Answers, second: Answers) -> list[str]:
    """Return a note where the only run of either file is of another seed."""
    (mine,), (other,) = first.runs, second.runs
    if mine == other or None in (mine, other):
        return []
    return [
        f"seed {mine} of {first.file} is compared with seed {other} of {second.file}: their difference is also one of"
        " seeds"
    ]


def _seeds(seeds: Sequence[Seed]) -> str:
    if list(seeds) == [None]:
        return "one run without a seed"
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"


def _seed_tests(counts: Counts, scorer: Scorer, alpha: float, draws: int) -> SeedTests:
    first, second = scorer.score(counts.sum(2))
    differences = first - second
    without = left_out_scores(counts, scorer.score).mean(-1) if counts.shape[2] > 1 else []
    return SeedTests(
        paired_t=paired_t(first, second, alpha),
        sign_flip=sign_flip(first, second, alpha),
        effect=hedges_g(first, second),
        detectable=detectable_effect(first, second, alpha),
        correlation=correlation(first, second),
        joint=joint_test(differences, without, alpha),
        two_level=two_level_bootstrap(counts, scorer.score, alpha, draws),
    )

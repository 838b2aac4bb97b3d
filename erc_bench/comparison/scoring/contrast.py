"""One file of answers against another: over dialogues, over utterances and, with several seeds, over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from erc_bench.comparison.scoring.answer_file import AnswerFile
from erc_bench.comparison.scoring.scored_split import Split
from erc_bench.comparison.scoring.scoring_result import Contrast, SeedTests
from erc_bench.corpora.corpus import CLUSTERS, group_names
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.dialogues import dialogue_bootstrap, dialogue_sign_flip, intra_cluster_correlation, mcnemar
from erc_bench.statistics.joint import joint_test, two_level_bootstrap
from erc_bench.statistics.metrics import answer_indices, from_counts, grouped_confusion, label_indices
from erc_bench.statistics.power import detectable_effect
from erc_bench.statistics.resampling import Counts, Score, left_out_scores
from erc_bench.statistics.seeds import correlation, hedges_g, paired_t, sign_flip


class SplitScorer:
    """Knows the gold labels and the clusters of a split, and counts answers by them.

    Answers that are no label have a column of their own.
    """

    def __init__(self, split: Split, cluster: str, metric: str, scored_labels: Sequence[str]) -> None:
        self.split = split
        gold = split.gold()
        self.gold = label_indices(list(gold.values()), split.labels)
        names = cluster_names(split, cluster)
        self.clusters = [names[dialogue] for dialogue, _ in gold]
        position = {name: index for index, name in enumerate(dict.fromkeys(self.clusters))}
        self.position = np.array([position[name] for name in self.clusters], dtype=np.intp)
        self.cluster_count = len(position)
        self.score: Score = partial(
            from_counts, metric=metric, scored=label_indices(scored_labels, split.labels).tolist()
        )

    def right(self, answers: AnswerFile, seeds: Sequence[int | None]) -> npt.NDArray[np.bool_]:
        """Return whether each answer is right: (seeds, utterances)."""
        return np.stack([self._indices(answers, seed) == self.gold for seed in seeds])

    def counts(self, answers: AnswerFile, seeds: Sequence[int | None]) -> Counts:
        """Return confusion counts: (seeds, clusters, classes, classes + 1)."""
        classes = len(self.split.labels)
        count = partial(grouped_confusion, self.gold, classes=classes, answers=classes + 1)
        return np.stack(
            [
                count(self._indices(answers, seed), groups=self.position, group_count=self.cluster_count)
                for seed in seeds
            ]
        )

    def _indices(self, answers: AnswerFile, seed: int | None) -> npt.NDArray[np.intp]:
        return answer_indices(answers.runs[seed], self.split.labels)


def cluster_names(split: Split, cluster: str) -> dict[str, str]:
    """Return the cluster of each dialogue of a split: the dialogue itself, its episode, its session or its script.

    Raises :class:`ErcBenchError` where the corpus, in the layout that was read, does not name such clusters.
    """
    if cluster == "dialogue":
        return {dialogue.id: dialogue.id for dialogue in split.dialogues}
    names = group_names(split.dialogues, cluster)
    if not names:
        known = [kind for kind in CLUSTERS[1:] if group_names(split.dialogues, kind)]
        where = f"the layout {split.layout} of {split.dataset}" if split.layout else split.dataset
        other = f" Another layout may say it: {', '.join(split.other_layouts)}." if split.other_layouts else ""
        raise ErcBenchError(
            f"{where} does not say of which {cluster} a dialogue is",
            f"It has: {', '.join(['dialogue', *known])}.{other}",
        )
    return names


Seed = int | None


def contrast(first: AnswerFile, second: AnswerFile, scorer: SplitScorer, alpha: float, draws: int) -> Contrast:
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


def _paired(first: AnswerFile, second: AnswerFile) -> tuple[list[Seed], list[Seed], list[str]]:
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


def _alone(first: AnswerFile, second: AnswerFile) -> list[str]:
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


def _seed_tests(counts: Counts, scorer: SplitScorer, alpha: float, draws: int) -> SeedTests:
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

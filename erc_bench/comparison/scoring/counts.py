"""Answers as arrays: right or wrong by utterance, confusion counts by dialogue or by what dialogues share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from erc_bench.comparison.scoring.answers import Answers, Split
from erc_bench.corpora.groups import CLUSTERS
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import from_counts, grouped_confusion, label_indices
from erc_bench.statistics.resampling import Counts, Score


class Scorer:
    """Knows the gold labels and the clusters of a split, and counts answers by them."""

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

    def right(self, answers: Answers, seeds: Sequence[int | None]) -> npt.NDArray[np.bool_]:
        """Return whether each answer is right: (seeds, utterances)."""
        return np.stack([self._indices(answers, seed) == self.gold for seed in seeds])

    def counts(self, answers: Answers, seeds: Sequence[int | None]) -> Counts:
        """Return confusion counts: (seeds, clusters, classes, classes)."""
        classes = len(self.split.labels)
        return np.stack(
            [
                grouped_confusion(self.gold, self._indices(answers, seed), classes, self.position, self.cluster_count)
                for seed in seeds
            ]
        )

    def _indices(self, answers: Answers, seed: int | None) -> npt.NDArray[np.intp]:
        return label_indices(answers.runs[seed], self.split.labels)


def cluster_names(split: Split, cluster: str) -> dict[str, str]:
    """Return the cluster of each dialogue of a split: the dialogue itself, its episode or its session.

    Raises :class:`ErcBenchError` where the corpus, in the layout that was read, does not say what is asked for.
    """
    if cluster == "dialogue":
        return {dialogue.id: dialogue.id for dialogue in split.dialogues}
    names = {dialogue.id: str(getattr(dialogue, cluster)) for dialogue in split.dialogues}
    if not all(names.values()):
        known = [kind for kind in CLUSTERS[1:] if all(getattr(dialogue, kind) for dialogue in split.dialogues)]
        where = f"the layout {split.layout} of {split.dataset}" if split.layout else split.dataset
        other = f" Another layout may say it: {', '.join(split.other_layouts)}." if split.other_layouts else ""
        raise ErcBenchError(
            f"{where} does not say of which {cluster} a dialogue is",
            f"It has: {', '.join(['dialogue', *known])}.{other}",
        )
    return names

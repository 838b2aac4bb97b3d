"""Dev scores during training. Test labels do not exist here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from erc_bench.statistics.metrics import score


@dataclass(frozen=True)
class Scorer:
    """Knows how the dataset is scored."""

    labels: Sequence[str]
    scored_labels: Sequence[str]
    headline: str

    def metrics(self, classes: Tensor, scores: Tensor) -> dict[str, Any]:
        """classes: (n,) gold; scores: (n, classes) → metrics in points."""
        gold = [self.labels[i] for i in classes.tolist()]
        predicted = [self.labels[i] for i in scores.argmax(-1).tolist()]
        return dict(score(gold, predicted, self.labels, self.scored_labels))

    def headline_score(self, classes: Tensor, scores: Tensor) -> float:
        """classes: (n,) gold; scores: (n, classes) → the metric that decides."""
        return self.headline_of(self.metrics(classes, scores))

    def headline_of(self, metrics: dict[str, Any]) -> float:
        """Return the metric that decides."""
        return float(metrics[self.headline])

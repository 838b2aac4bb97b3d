"""Which epoch's weights are kept. The runner decides, on dev or not at all; never on test."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from erc_bench.statistics.metrics import score

Rule = Literal["dev", "last", "average-last-k"]
State = dict[str, Any]


class Selector:
    """Is offered the state of every epoch and keeps those that its rule chooses."""

    def __init__(self, rule: Rule, last_k: int = 1) -> None:
        self.rule = rule
        self.best_epoch = -1
        self.best_score = float("-inf")
        self.last_epoch = -1
        self._last_k = last_k
        self._kept: deque[State] = deque(maxlen=last_k if rule == "average-last-k" else 1)

    def offer(self, epoch: int, score: float, state: Callable[[], State]) -> None:
        """Take notice of an epoch; ``state`` is called only when the state is wanted."""
        self.last_epoch = epoch
        better = score > self.best_score
        if better:
            self.best_epoch, self.best_score = epoch, score
        if self.rule == "average-last-k" or (better and self.rule == "dev"):
            self._kept.append(state())

    def epochs_without_gain(self) -> int:
        """Return how many epochs have passed since the best one."""
        return self.last_epoch - self.best_epoch

    def chosen_epoch(self) -> int:
        """Return the epoch that the rule chose (the last one where it averages)."""
        return self.best_epoch if self.rule == "dev" else self.last_epoch

    def chosen_state(self) -> State | None:
        """Return the state to load; ``None`` where it is the present one."""
        if self.rule == "last" or not self._kept:
            return None
        return self._kept[0] if self.rule == "dev" else average(list(self._kept))

    def record(self) -> Mapping[str, Any]:
        """Describe the choice for the run's record; epochs count from 1."""
        chosen = {"rule": self.rule, "epoch": self.chosen_epoch() + 1, "best_dev_epoch": self.best_epoch + 1}
        return chosen | ({"last_k": self._last_k} if self.rule == "average-last-k" else {})


def average(states: list[State]) -> State:
    """Return the mean of floating-point tensors; everything else is the last state's."""
    mean = dict(states[-1])
    for name, value in mean.items():
        if isinstance(value, Tensor) and value.is_floating_point():
            mean[name] = torch.stack([state[name] for state in states]).mean(0)
    return mean


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

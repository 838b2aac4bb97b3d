"""From log-likelihoods of labels' tokens to scores of labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Rule = Literal["sum", "mean", "calibrated"]
Array = npt.NDArray[np.float64]
_Makes = Callable[[Array, Array, Array], Array]
"""(targets, classes) log-likelihoods of labels, (classes,) tokens, (classes,) log-likelihoods unread → scores."""


def _sum(whole: Array, lengths: Array, unread: Array) -> Array:
    return whole


def _mean(whole: Array, lengths: Array, unread: Array) -> Array:
    return whole / lengths


def _calibrated(whole: Array, lengths: Array, unread: Array) -> Array:
    return whole - unread


RULES: dict[Rule, _Makes] = {
    "sum": _sum,
    "mean": _mean,
    "calibrated": _calibrated,
}
"""``sum``: of all tokens; ``mean``: of a token, so that long labels are no worse; ``calibrated``: the sum less that
behind a prompt without content (Zhao et al. 2021, arXiv:2102.09690, its mean over log-probabilities), so that a word
the model always likes is no better."""


SAID: dict[Rule, str] = {
    "sum": "the log-likelihood of its words",
    "mean": "the mean log-likelihood of its tokens",
    "calibrated": "the log-likelihood of its words less that behind an empty conversation",
}


def scores(rule: Rule, likelihoods: np.ndarray, lengths: Sequence[int], unread: np.ndarray) -> np.ndarray:
    """likelihoods: (targets, classes, tokens), unread: (classes, tokens), zeros behind a label → (targets, classes).

    Probabilities: the softmax of what the rule makes of the log-likelihoods.
    """
    whole = likelihoods.sum(-1, dtype=float)
    found = RULES[rule](whole, np.asarray(lengths, dtype=float), unread.sum(-1, dtype=float))
    exponentials = np.exp(found - found.max(-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))

"""From an answer in words to a label, or to none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_MOST, _LONGEST = 10, 40
"""How many of the answers without a label a record shows, and how many characters of each."""


class WrittenLabels:
    """Finds the first of the labels' words that stands in an answer, whole and in whatever case.

    It remembers the answers in which none does.
    """

    def __init__(self, label_words: Sequence[str]) -> None:
        self._words = [word.casefold() for word in label_words]
        # Of two that begin at one place the longer one is meant.
        longest_first = sorted(self._words, key=len, reverse=True)
        self._any = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
        self._read = 0
        self._others: Counter[str] = Counter()

    def place(self, answer: str) -> int | None:
        """Return the place of the label that an answer names; ``None`` where it names none."""
        self._read += 1
        if found := self._any.search(answer.casefold()):
            return self._words.index(found[0])
        self._others[" ".join(answer.split())[:_LONGEST]] += 1
        return None

    def scores(self, answer: str) -> np.ndarray | None:
        """Return (classes,) scores, 1 for the label that an answer names; ``None`` where it names none."""
        place = self.place(answer)
        return None if place is None else np.eye(len(self._words))[place]

    def facts(self) -> Mapping[str, Any]:
        """Return how many answers named a label, and the most frequent ones that did not."""
        others = self._others.total()
        return {
            "answers": {"read": self._read, "without_label": others},
            "answers_without_label": dict(self._others.most_common(_MOST)),
        }

"""From an answer in words to a label, or to none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import normalize

import numpy as np

_MOST, _LONGEST = 10, 40
"""How many of the answers without a label a record shows, and how many characters of each."""
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
"""How models that reason mark what is no answer yet, where a server does not take it out."""


class WrittenLabels:
    """Finds the first of the labels' words that stands in an answer, whole, in whatever case and between what signs.

    What stands between ``<think>`` and ``</think>`` is passed over. It remembers the answers in which there is none.
    """

    def __init__(self, label_words: Sequence[str]) -> None:
        self._words = [_plain(word) for word in label_words]
        # Of two that begin at one place the longer one is meant.
        longest_first = sorted(self._words, key=len, reverse=True)
        # The underscore belongs to no word here: _joy_ is one way to write it emphasised.
        self._any = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, longest_first))})(?![^\W_])")
        self._read = 0
        self._others: Counter[str] = Counter()

    def place(self, answer: str) -> int | None:
        """Return the place of the label that an answer names; ``None`` where it names none."""
        self._read += 1
        if found := self._any.search(_plain(_THOUGHTS.sub(" ", answer))):
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


def _plain(text: str) -> str:
    """Return a text without the differences that are none: of case, of composed letters, of spaces."""
    return " ".join(normalize("NFKC", normalize("NFKC", text).casefold()).split())

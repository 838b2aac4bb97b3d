"""Turns whose words are nearest to those of another one: cosine of word counts, rare words weighing more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

_WORD = re.compile(r"\w+")


class NearestTurns:
    """Finds the nearest of n texts.

    The weight of a word in a text is its count times log((1 + n) / (1 + number of texts that have it)) + 1 (as
    scikit-learn has it); words that none of them has count nowhere.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [_words(text) for text in texts]
        self._columns = {word: place for place, word in enumerate(sorted({word for each in counts for word in each}))}
        having = Counter(word for each in counts for word in each)
        self._weights = {word: np.log((1 + len(texts)) / (1 + number)) + 1 for word, number in having.items()}
        self._texts = self._rows(counts)

    def of(self, text: str, number: int) -> list[int]:
        """Return the places of the nearest texts, the nearest first; of equally near ones those that come first."""
        similarity = (self._texts @ self._rows([_words(text)]).T).toarray().ravel()
        found: list[int] = np.argsort(-similarity, kind="stable")[:number].tolist()
        return found

    def _rows(self, counts: Sequence[Counter[str]]) -> Any:
        """Return a sparse matrix (texts, words), each row of length 1, or of nothing but zeros."""
        from scipy.sparse import csr_array

        values: list[float] = []
        places: list[tuple[int, int]] = []
        for row, own in enumerate(counts):
            weighted = {word: times * self._weights[word] for word, times in own.items() if word in self._columns}
            length = float(np.sqrt(sum(value**2 for value in weighted.values())))
            for word, value in weighted.items():
                values.append(value / length)
                places.append((row, self._columns[word]))
        where = tuple(np.array(places, dtype=np.int64).reshape(-1, 2).T)
        return csr_array((values, where), shape=(len(counts), len(self._columns)))


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))

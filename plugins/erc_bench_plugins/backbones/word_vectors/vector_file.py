"""Files of word vectors in plain text: untrusted, so that every line is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import erc_bench.api as erc

_FORM = "Each line holds a word and its numbers, with single spaces between them."


def read_vectors(file: Path) -> tuple[list[str], np.ndarray]:
    """Return the words of a file and their vectors, (words, width) float32.

    A first line of two whole numbers, as word2vec writes it, is passed over. Raises :class:`ErcBenchError` naming the
    line where a number is none or not finite, where a word comes twice, and where a vector has another length.
    """
    places: dict[str, int] = {}
    vectors: list[np.ndarray] = []
    width = 0
    for place, line in _lines(file):
        width = width or line.count(" ")
        # A word of GloVe's largest file may hold spaces: what stands last are the numbers.
        word, *numbers = line.rsplit(" ", width)
        if not width or len(numbers) != width:
            raise _fault(file, place, f"{len(numbers)} numbers follow the word, {width} in the lines before")
        if word in places:
            raise _fault(file, place, f"the word {word!r} was in line {places[word]} already")
        places[word] = place
        vectors.append(_vector(file, place, numbers))
    if not vectors:
        raise erc.ErcBenchError(f"{file} holds no word vectors", _FORM)
    return list(places), np.stack(vectors)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with file.open("rb") as stream:
        for place, content in enumerate(stream, 1):
            try:
                line = content.decode("utf-8").rstrip("\n").rstrip("\r").rstrip(" ")
            except UnicodeDecodeError:
                raise _fault(file, place, "it is no UTF-8") from None
            if place > 1 or not _are_counts(line):
                yield place, line


def _are_counts(line: str) -> bool:
    fields = line.split(" ")
    return len(fields) == 2 and all(field.isdecimal() for field in fields)


def _vector(file: Path, place: int, numbers: list[str]) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):
            vector = np.array(numbers, dtype=np.float32)
    except ValueError:
        raise _fault(file, place, "what follows the word are no numbers") from None
    if not np.isfinite(vector).all():
        raise _fault(file, place, "a number is not finite in float32")
    return vector


def _fault(file: Path, place: int, what: str) -> erc.ErcBenchError:
    return erc.ErcBenchError(f"{file}, line {place}: {what}", _FORM)

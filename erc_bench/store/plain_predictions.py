"""Read answers that stand in plain columns, a whole file at once: no loop over rows.

That is for files without quotes and without a mistake. For all others, :mod:`erc_bench.store.reading`
asks a parser of CSV, which takes many times as long and names the line of a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.store.layout import KEY_COLUMNS

_COMMA, _LINE_END = b",\n"
# A key or a label that is longer is read by the parser of CSV.
_LONGEST = 256

Places = npt.NDArray[np.intp]
Codes = npt.NDArray[np.unsignedinteger[Any]]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class AskedUtterances:
    """The scored utterances, in the order of a file: n dialogue ids, positions within them, gold labels.

    Files with the same utterances share one object, so that everything derived from it is derived once.
    """

    dialogue_ids: tuple[str, ...]
    utterances: tuple[int, ...]
    gold: tuple[str, ...]
    gold_labels: frozenset[str]


@dataclass(frozen=True, eq=False)
class CodedAnswers:
    """The answers of one classifier: ``predicted`` (n,), as positions in the labels of the record.

    One behind the last label stands where there was no answer.
    ``score_labels`` are the columns of scores that the file has beside the answers.
    """

    asked: AskedUtterances
    predicted: Codes
    score_labels: tuple[str, ...]


def plain_answers(content: bytes, labels: Sequence[str]) -> CodedAnswers | None:
    """Read a file of answers; ``None`` where it is not plain, or anything in it does not fit.

    Raises :class:`UnicodeDecodeError` for bytes that are not UTF-8.
    """
    if not content.isascii():
        content.decode("utf-8")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    if any(byte in content for byte in (b'"', b"\r", b"\0")):
        return None
    columns = _columns(content if content.endswith(b"\n") else content + b"\n")
    if columns is None:
        return None
    header, keys, answers = columns
    asked = _utterances(len(keys), keys.tobytes())
    predicted = _positions(answers, labels)
    if asked is None or predicted is None or not asked.gold_labels.issubset(labels):
        return None
    return CodedAnswers(asked, as_codes(predicted, labels), header[len(KEY_COLUMNS) :])


def as_codes(positions: Places, labels: Sequence[str]) -> Codes:
    """Return positions in labels, or one behind the last of them, in as few bytes as hold them."""
    return positions.astype(np.min_scalar_type(len(labels)))


def _columns(content: bytes) -> tuple[tuple[str, ...], Bytes, Bytes] | None:
    """Return the names of the columns, (n, longest) bytes of the first three, and likewise of the fourth."""
    header = tuple(content[: content.index(b"\n")].decode().split(","))
    text = np.frombuffer(content, dtype=np.uint8)
    # Few other bytes are as low as comma and line end: one pass over the text finds both.
    places = np.flatnonzero(text <= max(_COMMA, _LINE_END))
    found = text[places]
    wanted = (found == _COMMA) | (found == _LINE_END)
    if not wanted.all():
        places, found = places[wanted], found[wanted]
    if header[: len(KEY_COLUMNS)] != KEY_COLUMNS or len(places) % len(header) or len(places) == len(header):
        return None
    # The last separator of each line, and no other one, ends it.
    by_line, ends = places.reshape(-1, len(header)), found.reshape(-1, len(header)) == _LINE_END
    if not ends[:, -1].all() or np.count_nonzero(ends) != len(ends):
        return None
    keys = _cut(text, by_line[:-1, -1] + 1, by_line[1:, 2])
    answers = _cut(text, by_line[1:, 2] + 1, by_line[1:, 3])
    return None if keys is None or answers is None else (header, keys, answers)


def _cut(text: Bytes, starts: Places, ends: Places) -> Bytes | None:
    """Return the bytes from ``starts`` (n,) to ``ends`` (n,), filled up with zeros: (n, longest)."""
    lengths = ends - starts
    longest = max(int(lengths.max()), 1)
    if longest > _LONGEST:
        return None
    if int(starts.max()) + longest > len(text):  # the last lines are shorter than what is cut from each
        text = np.concatenate((text, np.zeros(longest, dtype=np.uint8)))
    found: Bytes = np.lib.stride_tricks.sliding_window_view(text, longest)[starts]
    found *= np.tri(longest + 1, longest, -1, dtype=np.uint8)[lengths]
    return found


def _positions(answers: Bytes, labels: Sequence[str]) -> Places | None:
    """Return the position of each answer (n, longest) in the labels, (n,); ``None`` where one is not a label.

    An empty one has the position behind the last label.
    """
    found = np.full(len(answers), -1, dtype=np.intp)
    words = answers.view(f"S{answers.shape[1]}")[:, 0]
    np.putmask(found, words == b"", len(labels))
    for position, label in enumerate(labels):
        if "\0" not in label:  # numpy does not tell it from the zeros that a word is filled up with
            np.putmask(found, words == label.encode(errors="surrogatepass"), position)
    return None if (found < 0).any() else found


@lru_cache(maxsize=16)  # all cells of a dataset have the same: they are looked at once
def _utterances(count: int, keys: bytes) -> AskedUtterances | None:
    """Read (count, longest) bytes; ``None`` where a position is not a number, or an utterance is there twice."""
    width = len(keys) // count
    lines = [keys[start : start + width].rstrip(b"\0").decode() for start in range(0, len(keys), width)]
    dialogue_ids, positions, gold = zip(*(line.split(",") for line in lines), strict=True)
    try:
        utterances = tuple(map(int, positions))
    except ValueError:
        return None
    twice = len(set(zip(dialogue_ids, positions, strict=True))) < count
    return None if twice else shared_utterances(dialogue_ids, utterances, gold)


@lru_cache(maxsize=16)
def shared_utterances(
    dialogue_ids: tuple[str, ...], utterances: tuple[int, ...], gold: tuple[str, ...]
) -> AskedUtterances:
    """Return the shared object for these utterances, (n,) each: equal utterances give the same object."""
    return AskedUtterances(dialogue_ids, utterances, gold, frozenset(gold))

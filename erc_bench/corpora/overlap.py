"""Overlap between the splits of a corpus: dialogues, utterances and runs of four words.

Texts are compared without case, punctuation and white space, so that two ways of writing one
sentence are one sentence. Dialogues of one utterance are left out of the comparison of dialogues:
that two people both say "Okay." does not make a repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from erc_bench.contracts.types import Dialogue, SplitName, Splits

_WORD = re.compile(r"[^\W_]+")
_GRAM = 4
_LONG = 6

Words = tuple[str, ...]


@dataclass(frozen=True)
class Repeats:
    """Repetitions within one split: dialogues and long utterances that occurred before in it."""

    dialogues: int
    long_utterances: int


@dataclass(frozen=True)
class Overlap:
    """The overlap of one slice of a later split with an earlier split.

    ``dialogues``, ``utterances`` and ``long_utterances`` (at least six words) count those of the
    later split whose text occurs in the earlier one; ``four_grams`` of its ``all_four_grams``
    different runs of four words do. ``slice`` is empty where the corpus has no slices.
    """

    earlier: SplitName
    later: SplitName
    slice: str
    dialogues: int
    utterances: int
    long_utterances: int
    all_long_utterances: int
    four_grams: int
    all_four_grams: int


@dataclass(frozen=True)
class _Content:
    """The texts of some dialogues, in the form in which they are compared."""

    dialogues: Sequence[str]
    utterances: Sequence[str]
    long_utterances: Sequence[str]
    four_grams: frozenset[int]


_PAIRS: tuple[tuple[SplitName, SplitName], ...] = (("train", "dev"), ("train", "test"), ("dev", "test"))


def overlap(splits: Splits) -> tuple[Overlap, ...]:
    """Compare dev and test with train, and test with dev, slice by slice of the later split."""
    dialogues = dict(splits.items())
    contents = {name: _content(members) for name, members in dialogues.items()}
    found = []
    for earlier, later in _PAIRS:
        for part, members in _by_slice(dialogues[later]):
            found.append(_overlap(earlier, later, part, contents[earlier], _content(members)))
    return tuple(found)


def _by_slice(dialogues: Sequence[Dialogue]) -> Iterator[tuple[str, list[Dialogue]]]:
    for part in sorted({dialogue.slice for dialogue in dialogues}):
        yield part, [dialogue for dialogue in dialogues if dialogue.slice == part]


def _overlap(earlier: SplitName, later: SplitName, part: str, before: _Content, after: _Content) -> Overlap:
    return Overlap(
        earlier=earlier,
        later=later,
        slice=part,
        dialogues=_known(after.dialogues, before.dialogues),
        utterances=_known(after.utterances, before.utterances),
        long_utterances=_known(after.long_utterances, before.long_utterances),
        all_long_utterances=len(after.long_utterances),
        four_grams=len(after.four_grams & before.four_grams),
        all_four_grams=len(after.four_grams),
    )


def _known(texts: Sequence[str], earlier: Sequence[str]) -> int:
    known = set(earlier)
    return sum(text in known for text in texts)


def repeats(dialogues: Sequence[Dialogue]) -> Repeats:
    """Count the repetitions within the same split."""
    content = _content(dialogues)
    return Repeats(_repeated(content.dialogues), _repeated(content.long_utterances))


def _repeated(texts: Sequence[str]) -> int:
    return len(texts) - len(set(texts))


def _content(dialogues: Sequence[Dialogue]) -> _Content:
    whole: list[str] = []
    utterances: list[Words] = []
    for dialogue in dialogues:
        turns = [tuple(_WORD.findall(turn.text.casefold())) for turn in dialogue.utterances]
        utterances.extend(words for words in turns if words)
        if len(turns) > 1:
            whole.append("\n".join(map("".join, turns)))
    return _Content(
        dialogues=whole,
        utterances=["".join(words) for words in utterances],
        long_utterances=["".join(words) for words in utterances if len(words) >= _LONG],
        four_grams=frozenset(_four_grams(utterances)),
    )


def _four_grams(utterances: Iterable[Words]) -> Iterator[int]:
    # A hash of 64 bits stands for the words: a million runs fit in memory, and none will collide.
    for words in utterances:
        for start in range(len(words) - _GRAM + 1):
            yield hash(words[start : start + _GRAM])

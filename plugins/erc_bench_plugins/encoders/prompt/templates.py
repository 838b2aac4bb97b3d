"""The wordings of the prompt encoder's input.

Exact inputs for the third turn of a dialogue, with the special tokens of RoBERTa (the line breaks
are not part of them)::

    paper   <s>Ross says: Hi.</s>Joey says: Hey!</s>Ross says: I am fine.</s>
            For utterance I am fine., speaker Ross feels<mask></s>
    eacl    <s>Ross says: Hi.</s>Joey says: Hey!</s>
            For utterance: I am fine. Ross feels<mask> </s>
    spcl    <s>Ross:Hi.</s>Joey:Hey!</s>Ross:I am fine.</s>
            For utterance:Ross:I am fine.</s>Ross feels<mask></s>

``paper`` is Eq 1 of Yu et al. 2024 (EACL) with the utterance and the speaker's name put in literally:
its turns, "s_t, u_t" there, are worded as in the code of EACL. ``eacl`` is what that code builds: the
target's own turn stands in the prompt only. ``spcl`` is what the code of SPCL (Song et al. 2022)
builds: the query repeats the whole turn, its separator included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SEPARATOR = "[separator]"
"""Stands among the patterns for the tokenizer's separator."""


@dataclass(frozen=True)
class Template:
    """``turn`` and ``query`` are patterns, tokenised one by one; the mask follows the query.

    ``allowance`` is what the authors' choice of the first turn sets aside for the words of the
    prompt; ``None``: the template has no such rule.
    """

    turn: tuple[str, ...]
    query: tuple[str, ...]
    after_mask: str = ""
    repeats_target: bool = True
    allowance: int | None = None

    def patterns(self) -> Iterator[str]:
        """Yield everything that is filled with a speaker and a text."""
        yield from (pattern for pattern in (*self.turn, *self.query) if pattern != SEPARATOR)

    def around_text(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the patterns of the query before and after the words of the utterance."""
        (index,) = (index for index, pattern in enumerate(self.query) if "{text}" in pattern)
        before, after = self.query[index].split("{text}")
        return (*self.query[:index], before), (after, *self.query[index + 1 :])


TEMPLATES = {
    "paper": Template(
        turn=("{speaker} says: {text}", SEPARATOR),
        query=("For utterance {text}, speaker {speaker} feels",),
    ),
    "eacl": Template(
        turn=("{speaker} says: {text}", SEPARATOR),
        query=("For utterance: {text} {speaker} feels",),
        after_mask=" ",
        repeats_target=False,
        allowance=8,
    ),
    "spcl": Template(
        turn=("{speaker}:{text}", SEPARATOR),
        query=("For utterance:", "{speaker}:{text}", SEPARATOR, "{speaker} feels"),
        allowance=8,
    ),
}

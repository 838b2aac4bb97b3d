"""From utterances to token ids: each (speaker, text) is tokenised once.

Text between two special tokens is tokenised as one string, so that the ids are those of the
whole turn in every vocabulary (a word of a byte-level vocabulary has other ids behind a blank than
at the beginning of a string). Two exceptions: ``For utterance:`` of the template ``spcl`` is
tokenised on its own, as its authors did, and no token stands for the blank before the mask, which
RoBERTa's own mask swallows. ``eacl`` keeps the blank behind the mask: one token for RoBERTa, none
for BERT.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import erc_bench.api as erc
from erc_bench_plugins.encoders.prompt.templates import SEPARATOR, Template

_BATCH = 2048
"""Turns per call of the tokenizer, whose encodings take much memory while they live."""


class SpecialIds:
    """The special tokens of a tokenizer, by their role in the prompt."""

    def __init__(self, tokenizer: Any) -> None:
        def first(*names: str) -> int | None:
            found = (getattr(tokenizer, f"{name}_token_id", None) for name in names)
            return next((id_ for id_ in found if id_ is not None), None)

        self.opening = first("cls", "bos")
        self.separator = first("sep", "eos")
        self.mask = first("mask")
        self.unknown = first("unk")
        self.all = frozenset(tokenizer.all_special_ids)


@dataclass(frozen=True, slots=True)
class Turn:
    """Token ids of one utterance: as a turn of the context, and as the query up to the mask.

    ``shortened``: the query lost the middle of the utterance.
    """

    context: list[int]
    query: list[int]
    shortened: bool


class Turns:
    """Token ids of every utterance that was asked for; a query has at most ``room`` ids."""

    def __init__(self, tokenizer: Any, special: SpecialIds, template: Template, length: int) -> None:
        self._tokenizer = tokenizer
        self._special = special
        self._never_in_text = special.all - {special.unknown}
        self._template = template
        self._known: dict[tuple[str, str], Turn] = {}
        self._wordings: dict[str, tuple[list[int], list[int]]] = {}
        self.opening = _present(special.opening)
        after_mask = template.after_mask
        self.ending = [*_present(special.mask), *self._ids_of([after_mask])[after_mask], *_present(special.separator)]
        self._room = length - len(self.opening) - len(self.ending)

    def __getitem__(self, utterance: erc.Utterance) -> Turn:
        key = (utterance.speaker, utterance.text)
        if key not in self._known:
            self._tokenise([key])
        return self._known[key]

    def words(self, utterance: erc.Utterance) -> range:
        """Return the positions in the query that hold the utterance itself: all that its wording does not account for.

        A token that joins the utterance's end to the wording counts.
        """
        query = self[utterance].query
        before, after = self._wording(utterance.speaker)
        start = _shared(query, before)
        return range(start, len(query) - _shared(query[start:][::-1], after[::-1]))

    def prepare(self, utterances: Iterable[erc.Utterance]) -> None:
        """Tokenise many utterances at once: several times as fast as one by one."""
        keys = dict.fromkeys((utterance.speaker, utterance.text) for utterance in utterances)
        new = [key for key in keys if key not in self._known]
        for start in range(0, len(new), _BATCH):
            self._tokenise(new[start : start + _BATCH])

    def _tokenise(self, turns: Sequence[tuple[str, str]]) -> None:
        patterns = list(self._template.patterns())
        ids_of = self._ids_of(p.format(speaker=speaker, text=text) for speaker, text in turns for p in patterns)
        for speaker, text in turns:
            query = self._filled(self._template.query, speaker, text, ids_of)
            context = self._filled(self._template.turn, speaker, text, ids_of)
            kept = query if len(query) <= self._room else self._without_middle(query, speaker, text)
            self._known[speaker, text] = Turn(context, kept, shortened=kept is not query)

    def _ids_of(self, strings: Iterable[str]) -> dict[str, list[int]]:
        """Return the token ids of each string, in which nothing counts as a special token."""
        distinct = list(dict.fromkeys(strings))
        encoded = self._tokenizer(
            [_encodable(string) for string in distinct],
            add_special_tokens=False,
            split_special_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        return {string: self._plain(ids) for string, ids in zip(distinct, encoded["input_ids"], strict=True)}

    def _plain(self, ids: list[int]) -> list[int]:
        # Unigram and word-level vocabularies hold the special tokens as words and find them in plain text.
        if self._never_in_text.isdisjoint(ids):
            return ids
        unknown = _present(self._special.unknown)
        return [plain for id_ in ids for plain in (unknown if id_ in self._never_in_text else [id_])]

    def _filled(self, patterns: Iterable[str], speaker: str, text: str, ids_of: dict[str, list[int]]) -> list[int]:
        separator = _present(self._special.separator)
        ids: list[int] = []
        for pattern in patterns:
            ids += separator if pattern == SEPARATOR else ids_of[pattern.format(speaker=speaker, text=text)]
        return ids

    def _without_middle(self, query: list[int], speaker: str, text: str) -> list[int]:
        """Cut the middle of the utterance out of a query that is too long on its own.

        Where even the speaker's name is too long, the middle of the whole query goes.
        """
        before, after = map(len, self._wording(speaker))
        kept = self._room - before - after
        if kept < 0:
            before, after, kept = 0, 0, self._room
        return query[: before + (kept + 1) // 2] + query[len(query) - after - kept // 2 :]

    def _wording(self, speaker: str) -> tuple[list[int], list[int]]:
        """Return the token ids of the query before and after the words of an utterance."""
        if speaker not in self._wordings:
            before, after = self._template.around_text()
            ids_of = self._ids_of(pattern.format(speaker=speaker) for pattern in (*before, *after))
            filled = (self._filled(patterns, speaker, "", ids_of) for patterns in (before, after))
            self._wordings[speaker] = next(filled), next(filled)
        return self._wordings[speaker]


def _shared(ids: Sequence[int], others: Sequence[int]) -> int:
    """Count the ids that two sequences begin with alike."""
    differing = (i for i, pair in enumerate(zip(ids, others, strict=False)) if pair[0] != pair[1])
    return next(differing, min(len(ids), len(others)))


def _present(id_: int | None) -> list[int]:
    return [] if id_ is None else [id_]


def _encodable(text: str) -> str:
    """Replace lone surrogates, which no tokenizer reads, by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

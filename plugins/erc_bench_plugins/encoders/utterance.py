"""The bare utterance: no turn before it, no speaker, no prompt. What every context must beat.

Source: the utterance features of COSMIC (Ghosal et al. 2020, arXiv:2010.02795, section 3.1), on which most
dialogue-level systems rest; there RoBERTa's opening token.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import erc_bench.api as erc

_log = logging.getLogger("erc_bench")
_BATCH = 2048
"""Texts per call of the tokenizer, whose encodings take much memory while they live."""


class Utterance(erc.Encoder):
    """Encode an utterance by itself, read where the backbone keeps the state of a text.

    An utterance longer than ``length`` loses its end; a warning counts such utterances.
    """

    name = "utterance"
    source = "Ghosal et al. 2020, arXiv:2010.02795, section 3.1 (utterance features)"

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """How much of the utterance is read, and where."""

        length: int = erc.option(
            256, "Tokens of an utterance at most; a backbone that reads fewer lowers it.", at_least=8
        )
        reading: Literal["native", "opening", "mean", "last"] = erc.option(
            "native",
            "State that represents the utterance: the opening token's, the mean of all, or the last token's; native: "
            "what the backbone was pretrained for.",
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self.length = min(options.length, self.maximum_length)
        self._reading = backbone.reading if options.reading == "native" else options.reading
        # A token that means something to the model must not come from what somebody typed.
        self._special = frozenset(self.tokenizer.all_special_ids) - {self.tokenizer.unk_token_id}
        self._before, self._after = _frame(self.tokenizer)
        self._known: dict[str, list[int]] = {}

    @property
    def reads(self) -> Literal["mask", "opening", "any"]:
        """The token that every row is read at."""
        return "opening" if self._reading == "opening" else "any"

    def examples(self, dialogues: Sequence[erc.Dialogue], training: bool, rng: Random) -> list[erc.Example]:
        """Make one example of every scored utterance."""
        self._tokenise([utterance.text for dialogue in dialogues for utterance in dialogue.utterances])
        return [erc.Example(dialogue, (target,)) for dialogue in dialogues for target in dialogue.targets()]

    def rows(self, example: erc.Example) -> list[erc.TokenRow]:
        """Return the one row of the example's target."""
        (target,) = example.targets
        text = example.dialogue.utterances[target].text
        if text not in self._known:
            self._tokenise([text])
        ids = self._known[text]
        positions: Sequence[int] = range(len(ids))
        if self._reading != "mean":
            positions = (0,) if self._reading == "opening" else (len(ids) - 1,)
        return [erc.TokenRow(ids, positions)]

    def _tokenise(self, texts: Sequence[str]) -> None:
        room = self.length - len(self._before) - len(self._after)
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        shortened = 0
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            for text, ids in zip(batch, self._ids_of(batch), strict=True):
                plain = [id_ for id_ in ids if id_ not in self._special]
                shortened += len(plain) > room
                self._known[text] = [*self._before, *plain[:room], *self._after] or [self.tokenizer.pad_token_id]
        if shortened:
            _log.warning("%d utterance(s) longer than %d tokens lose their end", shortened, self.length)

    def _ids_of(self, texts: Sequence[str]) -> list[list[int]]:
        readable = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
        encoded = self.tokenizer(readable, add_special_tokens=False, split_special_tokens=True, verbose=False)
        ids: list[list[int]] = encoded["input_ids"]
        return ids


def _frame(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the special tokens that a tokenizer puts before and after a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    framed = tokenizer("a", add_special_tokens=True)["input_ids"]
    start = next(i for i in range(len(framed)) if framed[i : i + len(bare)] == bare)
    return framed[:start], framed[start + len(bare) :]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Utterance]

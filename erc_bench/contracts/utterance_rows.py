"""Token rows of bare utterances, which encoders share: the same text gives the same row, so that states are shared."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.encoder import TokenRow
from erc_bench.contracts.language_models import MAIN

_log = logging.getLogger("erc_bench")
_BATCH = 2048
"""Texts per call of the tokenizer, whose encodings take much memory while they live."""

Reading = Literal["native", "opening", "mean", "last"]


class UtteranceRows:
    """Makes one row of each text: special tokens around it, read where the backbone keeps the state of a text.

    ``length`` is the number of tokens at most. A longer text loses its end, and a warning counts such texts.
    """

    def __init__(self, backbone: LoadedBackbone, length: int, reading: Reading) -> None:
        self._tokenizer = backbone.tokenizer
        self._length = min(length, backbone.maximum_length)
        self.reading = backbone.reading if reading == "native" else reading
        self._before, self._after = special_frame(self._tokenizer)
        self._known: dict[str, list[int]] = {}

    @property
    def reads(self) -> Literal["opening", "any"]:
        """The token that every row is read at, as :attr:`Encoder.reads` declares it."""
        return "opening" if self.reading == "opening" else "any"

    def row(self, text: str, model: str = MAIN) -> TokenRow:
        """Return the row of a text, for the language model of a role."""
        if text not in self._known:
            self.tokenise([text])
        ids = self._known[text]
        positions: Sequence[int] = range(len(ids))
        if self.reading != "mean":
            positions = (0,) if self.reading == "opening" else (len(ids) - 1,)
        return TokenRow(ids, positions, model=model)

    def tokenise(self, texts: Sequence[str]) -> None:
        """Tokenise many texts at once, which is quicker than one after the other."""
        room = self._length - len(self._before) - len(self._after)
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        shortened = 0
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            for text, plain in zip(batch, plain_ids(self._tokenizer, batch), strict=True):
                shortened += len(plain) > room
                self._known[text] = [*self._before, *plain[:room], *self._after] or [self._tokenizer.pad_token_id]
        if shortened:
            _log.warning("%d utterance(s) longer than %d tokens lose their end", shortened, self._length)


def plain_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of texts, none of which is special.

    A token that means something to the model must not come from what somebody typed; an unknown word is none.
    """
    special = frozenset(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    readable = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    encoded = tokenizer(readable, add_special_tokens=False, split_special_tokens=True, verbose=False)
    return [[id_ for id_ in ids if id_ not in special] for ids in encoded["input_ids"]]


def special_frame(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the special tokens that a tokenizer puts before and after a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    framed = tokenizer("a", add_special_tokens=True)["input_ids"]
    start = next(i for i in range(len(framed)) if framed[i : i + len(bare)] == bare)
    return framed[:start], framed[start + len(bare) :]

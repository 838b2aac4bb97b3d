"""How much of a text a tokenizer does not know: what is left of it in another script, or behind emoji."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from erc_bench.contracts.types import Dialogue

_MOST = 2000
"""Turns that stand for all, so that the share costs no time of a cell."""


def unknown_share(tokenizer: Any, texts: Iterable[str]) -> float:
    """Return the share of the tokens of texts that are the tokenizer's sign for what it does not know, 0 to 1.

    0 for tokenizers that know every byte, for no text, and where nothing is tokenized (``tokenizer`` is ``None``).
    """
    unknown = getattr(tokenizer, "unk_token_id", None)
    said = list(texts)
    if unknown is None or not said:
        return 0.0
    ids = tokenizer(said, add_special_tokens=False, verbose=False)["input_ids"]
    count = sum(map(len, ids))
    return sum(own.count(unknown) for own in ids) / count if count else 0.0


def sample(dialogues: Iterable[Dialogue]) -> list[str]:
    """Return texts of turns from all over the dialogues; all of them where they are few."""
    every = [turn.text for dialogue in dialogues for turn in dialogue.utterances]
    step = -(-len(every) // _MOST) or 1
    return list(islice(every, 0, None, step))

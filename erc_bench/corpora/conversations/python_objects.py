"""Conversations that Python code hands over, in any of the shapes that come to hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from erc_bench.contracts.types import Dialogue
from erc_bench.corpora.conversations.conversation import Conversation, Turn, read_turn
from erc_bench.corpora.conversations.reading import read_conversation
from erc_bench.errors import ErcBenchError
from erc_bench.validation import fits


def as_conversation(given: Any) -> Conversation:
    """Return a ``Dialogue``, an object with ``utterances``, or a list of turns as a conversation.

    A turn is a text, a (speaker, text) tuple, or an object with ``text`` and perhaps ``speaker``. Raises
    :class:`ErcBenchError` for anything else.
    """
    if isinstance(given, Dialogue):
        return Conversation(tuple(Turn(each.speaker, each.text) for each in given.utterances), given.id)
    if isinstance(given, Mapping):
        return read_conversation(given, "the conversation")
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise ErcBenchError(
            f"a conversation is a Dialogue, or a list of turns, found {type(given).__name__}",
            'For example: predict([("Ann", "Hello!"), ("Bob", "Go away.")])',
        )
    return Conversation(tuple(_turn(each, f"turn {number}") for number, each in enumerate(given, start=1)))


def _turn(given: Any, place: str) -> Turn:
    if isinstance(given, tuple):
        if not fits(given, tuple[str, str]):
            raise ErcBenchError(f"{place}: a tuple is (speaker, text), found {given!r}")
        return Turn(*given)
    return read_turn(given, place).turn

"""Traces that exports leave in what people said: characters that were encoded twice, and stand-ins for signs.

Models read the words that were meant; the fields of a file stay as they stood.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace

from ftfy import fix_encoding

from erc_bench.corpora.conversations.conversation import Document, Turn

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_COMMA = "_comma_"


def without_traces(document: Document) -> Document:
    """Return a document whose texts and names are those that were meant, with a note for each kind of trace."""
    document = _encoded_once(document)
    document = _changed(document, _without_entities, "{} signs as HTML writes them (&amp; for &): read as the signs")
    return _changed(document, lambda text: text.replace(_COMMA, ","), f"{{}} {_COMMA} for a comma: read as one")


def trace_in(text: str) -> str | None:
    """Return the first trace of an export in a text, of those that ``without_traces`` undoes; ``None`` without any."""
    found = re.search(_COMMA, text) or _entity_in(text)
    return _garbled(text) if found is None else found[0]


def _entity_in(text: str) -> re.Match[str] | None:
    return next((found for found in _ENTITY.finditer(text) if html.unescape(found[0]) != found[0]), None)


def _encoded_once(document: Document) -> Document:
    """Undo a second encoding, of a file in which every text beyond ASCII has it."""
    turns = [turn for conversation in document.conversations for turn in conversation.turns]
    texts = [text for turn in turns for text in (turn.speaker, turn.text) if not text.isascii()]
    garbled = [_garbled(text) for text in texts]
    first = next(filter(None, garbled), None)
    if first is None:
        return document
    if all(garbled):
        return _changed(document, fix_encoding, "{} characters that were encoded twice: read as they were once")
    count = sum(any(map(_garbled, (turn.speaker, turn.text))) for turn in turns)
    note = f"{_have(count)} garbled characters ({first!r}), and others have none: read as they stand"
    return replace(document, notes=(*document.notes, note))


def _garbled(text: str) -> str | None:
    """Return the first characters of a text that were encoded twice, as far as can be told; ``None`` without any."""
    meant = text if text.isascii() else fix_encoding(text)
    if meant == text:
        return None
    start = next((place for place, (one, other) in enumerate(zip(text, meant, strict=False)) if one != other), 0)
    return text[start : start + 3]


def _without_entities(text: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _changed(document: Document, change: Callable[[str], str], told: str) -> Document:
    conversations, count = [], 0
    for conversation in document.conversations:
        turns = tuple(_with(turn, change) for turn in conversation.turns)
        count += sum(new is not old for new, old in zip(turns, conversation.turns, strict=True))
        conversations.append(replace(conversation, turns=turns))
    if not count:
        return document
    return replace(document, conversations=tuple(conversations), notes=(*document.notes, told.format(_have(count))))


def _with(turn: Turn, change: Callable[[str], str]) -> Turn:
    speaker, text = change(turn.speaker), change(turn.text)
    return turn if (speaker, text) == (turn.speaker, turn.text) else replace(turn, speaker=speaker, text=text)


def _have(count: int) -> str:
    return "1 turn has" if count == 1 else f"{count} turns have"

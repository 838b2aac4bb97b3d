"""Traces that exports leave in what people said: characters that were encoded twice, and stand-ins for signs.

Models read the words that were meant; the fields of a file stay as they stood.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace

from erc_bench.corpora.conversations.conversation import Document, Turn


def _byte_of_sign() -> dict[str, int]:
    """Map characters to their bytes in cp1252, and in latin-1 where cp1252 has none."""
    latin_1 = {chr(byte): byte for byte in range(0x80, 0x100)}
    cp1252 = {bytes([byte]).decode("cp1252", errors="ignore"): byte for byte in range(0x80, 0xA0)}
    return {sign: byte for sign, byte in (latin_1 | cp1252).items() if sign}


_BYTE = _byte_of_sign()
_NEXT = "[" + "".join(sign for sign, byte in _BYTE.items() if byte < 0xC0) + "]"
"""What a byte of UTF-8 that continues a character is misread as."""
# Beginnings of Latin, Greek, Cyrillic, Hebrew and Arabic letters, of Asian characters, and of emoji.
_TWO, _THREE, _FOUR = "[\u00c2-\u00c5\u00ce-\u00d1\u00d7-\u00d9]", "[\u00e0-\u00ef]", "[\u00f0-\u00f4]"
_MISREAD = re.compile(f"{_TWO}{_NEXT}|{_THREE}{_NEXT}{{2}}|{_FOUR}{_NEXT}{{3}}")
_CERTAIN = re.compile(f"{_TWO}{_NEXT}|\u00e2{_NEXT}{{2}}|(?:{_THREE}{_NEXT}{{2}}){{2}}|{_FOUR}{_NEXT}{{3}}")
"""The same without what may be meant, such as a word that ends with a letter, an ellipsis and a quotation mark."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_COMMA = "_comma_"


def without_traces(document: Document) -> Document:
    """Return a document whose texts and names are those that were meant, with a note for each kind of trace."""
    document = _encoded_once(document)
    document = _changed(document, _without_entities, "{} signs as HTML writes them (&amp; for &): read as the signs")
    return _changed(document, lambda text: text.replace(_COMMA, ","), f"{{}} {_COMMA} for a comma: read as one")


def trace_in(text: str) -> str | None:
    """Return the first trace of an export in a text, of those that ``without_traces`` undoes; ``None`` without any."""
    found = _CERTAIN.search(text) or re.search(_COMMA, text) or _entity_in(text)
    return None if found is None else found[0]


def _entity_in(text: str) -> re.Match[str] | None:
    return next((found for found in _ENTITY.finditer(text) if html.unescape(found[0]) != found[0]), None)


def _encoded_once(document: Document) -> Document:
    """Undo a second encoding, of a file in which every character beyond ASCII has it."""
    turns = [turn for conversation in document.conversations for turn in conversation.turns]
    texts = [text for turn in turns for text in (turn.speaker, turn.text) if not text.isascii()]
    first = next(filter(None, map(_CERTAIN.search, texts)), None)
    if first is None:
        return document
    if all(_meant(text) is not None for text in texts):
        return _changed(
            document, lambda text: _meant(text) or text, "{} characters that were encoded twice: read as they were once"
        )
    count = sum(bool(_CERTAIN.search(turn.speaker) or _CERTAIN.search(turn.text)) for turn in turns)
    note = f"{_have(count)} garbled characters ({first[0]!r}), and others have none: read as they stand"
    return replace(document, notes=(*document.notes, note))


def _meant(text: str) -> str | None:
    """Return the text whose UTF-8 was misread as cp1252 or latin-1; ``None`` where that cannot be."""
    if not _MISREAD.sub("", text).isascii():
        return None
    try:
        return bytes(_BYTE.get(sign, ord(sign)) for sign in text).decode()
    except ValueError:
        return None


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

"""Plain text: ``Speaker: words``, a blank line between conversations; who is not named is the speaker before."""

from __future__ import annotations

import re

from erc_bench.corpora.conversations.conversation import Conversation, Document, Turn, in_sequence

_SPEAKER = re.compile(r"(?P<speaker>[^\s:][^:]{0,39}?)\s*:(?:\s+(?P<text>.*))?")
_MOST_WORDS = 3
"""Characters of a speaker's name at most: a longer start of a line before a colon belongs to the text."""


def lines_of(text: str) -> list[tuple[int, str]]:
    """Return lines with their numbers; LF or CRLF ends a line and nothing else does."""
    return [(number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1)]


def read_text(text: str, _place: str) -> Document:
    """Return the conversations of a text; every text can be read."""
    conversations: list[list[Turn]] = [[]]
    for _, line in lines_of(text):
        if not line.strip():
            conversations.append([])
            continue
        before = conversations[-1][-1].speaker if conversations[-1] else ""
        conversations[-1].append(_spoken(line, before))
    read = tuple(Conversation(tuple(turns)) for turns in conversations if turns)
    return Document("text", read, in_sequence(read))


def _spoken(line: str, before: str) -> Turn:
    named = _speaker_and_words(line)
    return Turn(*(named or (before, line.strip())), {"line": line})


def _speaker_and_words(line: str) -> tuple[str, str] | None:
    """Take a line of text apart; ``None`` where it names no speaker."""
    found = _SPEAKER.fullmatch(line.strip())
    if found is None or len(found["speaker"].split()) > _MOST_WORDS:
        return None
    return found["speaker"], found["text"] or ""


def taken_over(document: Document) -> int:
    """Return how many turns of a text name no speaker and have the one of the line before."""
    if document.form != "text":
        return 0
    turns = (turn for conversation in document.conversations for turn in conversation.turns)
    return sum(bool(turn.speaker) and _speaker_and_words(turn.fields["line"]) is None for turn in turns)

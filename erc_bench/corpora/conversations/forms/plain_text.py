"""Conversations in plain text: ``Speaker: words``, with or without a time before it, blank lines between them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from erc_bench.corpora.conversations.conversation import LINE, Conversation, Document, Turn, in_sequence
from erc_bench.corpora.conversations.fields import Columns
from erc_bench.corpora.conversations.forms.stamps import StampedLine, stamped
from erc_bench.corpora.conversations.lines import lines_of

_SPEAKER = re.compile(r"(?P<speaker>[^\s:][^:]{0,39}?)\s*:(?:\s+(?P<text>.*))?")
_EMPHASIS = re.compile(r"\A(?P<mark>\*\*|__|\*|_)(?P<name>[^*_:]+)(?::(?P=mark)|(?P=mark)\s*:)")
"""``**Ann:** words``, as Markdown has it."""
_MOST_WORDS = 3
"""Words of a speaker's name at most: a longer start of a line before a colon belongs to the text."""


_FEW = 3


def read_text(text: str, _place: str, _columns: Columns) -> Document:
    """Return the conversations of a text; every text can be read.

    Each line is a turn. In an export of a chat, where lines begin with a time, one without belongs to the message
    before it.
    """
    lines = [line for _, line in lines_of(text)]
    conversations = _messages(lines) if is_chat(lines) else _turns(lines)
    read = tuple(Conversation(tuple(turns)) for turns in conversations if turns)
    return Document("text", read, in_sequence(read), tuple(_notes(read)))


def is_chat(lines: Sequence[str]) -> bool:
    """Whether lines are an export of a chat: at least half of those that name a speaker begin with a time."""
    dated = sum(bool(found and found.speaker) for found in map(stamped, lines))
    return bool(dated) and dated >= sum(stamped(line) is None and speaker_and_words(line) is not None for line in lines)


def _turns(lines: Sequence[str]) -> list[list[Turn]]:
    conversations: list[list[Turn]] = [[]]
    for line in lines:
        if not line.strip():
            conversations.append([])
            continue
        before = conversations[-1][-1].speaker if conversations[-1] else ""
        spoken = speaker_and_words(line) or (before, line.strip())
        conversations[-1].append(Turn(*spoken, {LINE: line}))
    return conversations


def _messages(lines: Sequence[str]) -> list[list[Turn]]:
    """Return the messages of a chat.

    A blank line begins another conversation only where a message follows; it does not where one is before each.
    """
    conversations: list[list[list[str]]] = [[]]
    blank: list[str] = []
    for line in lines:
        if not line.strip():
            blank.append(line)
            continue
        starts = stamped(line) is not None
        if starts and blank:
            conversations.append([])
        if starts or not conversations[-1]:
            conversations[-1].append([line])
        else:
            conversations[-1][-1] += [*blank, line]
        blank = []
    if all(len(messages) == 1 for messages in conversations):
        conversations = [[message for messages in conversations for message in messages]]
    return [[_message(message) for message in messages] for messages in conversations]


def _message(lines: Sequence[str]) -> Turn:
    found = stamped(lines[0]) or StampedLine("", *(speaker_and_words(lines[0]) or ("", lines[0].strip())))
    text = "\n".join((found.text, *map(str.strip, lines[1:]))).strip()
    return Turn(found.speaker, text, {LINE: "\n".join(lines), "time": found.time})


def speaker_and_words(line: str) -> tuple[str, str] | None:
    """Take a line of text apart; ``None`` where it names no speaker."""
    found = _SPEAKER.fullmatch(_EMPHASIS.sub(r"\g<name>:", line.strip(), count=1))
    if found is None or len(found["speaker"].split()) > _MOST_WORDS:
        return None
    return found["speaker"], found["text"] or ""


def _notes(conversations: Sequence[Conversation]) -> list[str]:
    turns = [turn for conversation in conversations for turn in conversation.turns]
    notes = []
    if any("time" in turn.fields for turn in turns):
        notes.append(f"read as an export of a chat, with a time before each of {len(turns)} messages")
    else:
        taken = sum(bool(turn.speaker) and speaker_and_words(turn.fields[LINE]) is None for turn in turns)
        notes += [f"{_counted(taken)} no speaker: taken for the speaker of the line before"] if taken else []
    if len(turns) > _FEW and len({turn.speaker for turn in turns}) == len(turns):
        notes.append("no two turns have one speaker")
    nobody = sum(not turn.speaker for turn in turns)
    if nobody == len(turns):
        return [*notes, "no turn names a speaker"]
    return [*notes, f"{_counted(nobody)} no speaker: taken for nobody's"] if nobody else notes


def _counted(count: int) -> str:
    return "1 turn names" if count == 1 else f"{count} turns name"

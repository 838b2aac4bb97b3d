"""Conversations as DailyDialog has them: one on each line, with ``__eou__`` after every utterance."""

from __future__ import annotations

from erc_bench.corpora.conversations.conversation import Conversation, Document, Turn, in_sequence
from erc_bench.corpora.conversations.fields import TURNS, Columns
from erc_bench.corpora.conversations.forms.nesting import ALTERNATING
from erc_bench.corpora.conversations.lines import lines_of

END = "__eou__"


def is_dailydialog(text: str) -> bool:
    """Whether every line of a text that is not blank has an end of an utterance."""
    lines = [line for _, line in lines_of(text) if line.strip()]
    return bool(lines) and all(END in line for line in lines)


def read_dailydialog(text: str, _place: str, _columns: Columns) -> Document:
    """Return the conversation of every line; its two speakers, whom the corpus does not name, take turns."""
    read = tuple(_conversation(line, number) for number, line in lines_of(text) if line.strip())
    note = f"read as DailyDialog has it ({END}): the speakers, whom it does not name, are A and B in turn"
    return Document("jsonl", read, in_sequence(read), (note,))


def _conversation(line: str, number: int) -> Conversation:
    said = [words.strip() for words in line.split(END)]
    said = said if said[-1] else said[:-1]
    speakers = (ALTERNATING[position % 2] for position in range(len(said)))
    turns = tuple(
        Turn(each, words, {"speaker": each, "text": words}) for each, words in zip(speakers, said, strict=True)
    )
    name = str(number - 1)
    return Conversation(turns, name, {"id": name}, TURNS[0])

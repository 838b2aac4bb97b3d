"""A conversation as it was given, and the dialogue that models read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.corpora.reading import clean_text

Format = Literal["json", "jsonl", "csv", "tsv", "text"]
FORMATS: tuple[Format, ...] = ("json", "jsonl", "csv", "tsv", "text")
"""What answers are written in."""

UNKNOWN_SPEAKER = "Speaker"
"""The name that a model reads for a speaker without one."""

LINE = "line"
"""The field of a turn of plain text: its line, or its lines, as they stood in the file."""


@dataclass(frozen=True)
class Turn:
    """One turn. ``fields`` are its values in the file, by name; ``speaker`` is empty where none was named."""

    speaker: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Conversation:
    """Turns in their order; ``id`` is empty where the file gave none.

    ``fields`` are its values in the file, by name; the turns are under ``turns_key``, which is empty where
    they stood by themselves.
    """

    turns: tuple[Turn, ...]
    id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    turns_key: str = ""


Place = tuple[str | int, ...]
"""Where a value is in JSON: the names and positions that lead to it."""


@dataclass(frozen=True)
class Source:
    """The JSON of a file, and where its turns are, as they stood in it."""

    content: Any
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Document:
    """The content of a file of conversations.

    ``form`` is what answers are written in where nothing else is asked for. ``order`` names the turns as they stood
    in the file, by (conversation, position): those of several conversations may stand between each other, and
    those of one in another order than they are read in. ``notes`` say what a user should know of the reading.
    """

    form: Format
    conversations: tuple[Conversation, ...]
    order: tuple[tuple[int, int], ...]
    notes: tuple[str, ...] = ()
    source: Source | None = None
    separator: str = ","

    @property
    def by_conversation(self) -> bool:
        """Whether turns are written inside their conversations, and not one by one."""
        return self.form == "text" or all(conversation.turns_key for conversation in self.conversations)

    def in_order(self) -> Iterator[tuple[Conversation, Turn, tuple[int, int]]]:
        """Yield every turn as the file had it, with its conversation and its place."""
        for number, position in self.order:
            conversation = self.conversations[number]
            yield conversation, conversation.turns[position], (number, position)

    def positions(self) -> list[list[int]]:
        """Return of every conversation the positions of its turns, as the file had them."""
        found: list[list[int]] = [[] for _ in self.conversations]
        for number, position in self.order:
            found[number].append(position)
        return found


def in_sequence(conversations: Sequence[Conversation]) -> tuple[tuple[int, int], ...]:
    """Return the order of turns that stand conversation by conversation."""
    return tuple(
        (number, position)
        for number, conversation in enumerate(conversations)
        for position in range(len(conversation.turns))
    )


def sealed(
    conversations: Sequence[Conversation], normalise: Callable[[str], str] = lambda text: text
) -> list[Dialogue]:
    """Return the dialogues that a model reads: every turn is to be answered, and no two dialogues have one id.

    ``normalise`` makes the changes of the model's corpus to texts and names.
    """
    counts = Counter(conversation.id for conversation in conversations)
    dialogues = []
    for number, conversation in enumerate(conversations, start=1):
        utterances = tuple(_utterance(turn, normalise) for turn in conversation.turns)
        dialogues.append(Dialogue(_unique(conversation.id, number, counts), utterances))
    return dialogues


def _unique(name: str, number: int, counts: Mapping[str, int]) -> str:
    return name if name and counts[name] == 1 else f"{name} (the conversation at place {number})".strip()


def _utterance(turn: Turn, normalise: Callable[[str], str]) -> Utterance:
    speaker, text = (normalise(clean_text(part)) for part in (turn.speaker, turn.text))
    return Utterance(speaker or UNKNOWN_SPEAKER, text, None, True)

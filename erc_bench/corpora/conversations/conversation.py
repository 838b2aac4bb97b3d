"""A conversation as it was given, its fields read from foreign names, and the dialogue that models read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.corpora.reading import clean_text
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.validation import fits

Format = Literal["json", "jsonl", "csv", "text"]
FORMATS: tuple[Format, ...] = ("json", "jsonl", "csv", "text")

UNKNOWN_SPEAKER = "Speaker"
"""The name that a model reads for a speaker without one."""


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


@dataclass(frozen=True)
class Document:
    """The content of a file of conversations.

    ``order`` names the turns as they stood in it, by (conversation, position): those of several conversations may
    stand between each other. ``single`` says that it held one conversation as an object and not in a list.
    """

    form: Format
    conversations: tuple[Conversation, ...]
    order: tuple[tuple[int, int], ...]
    single: bool = False

    @property
    def by_conversation(self) -> bool:
        """Whether turns are written inside their conversations, and not one by one."""
        return self.form == "text" or all(conversation.turns_key for conversation in self.conversations)

    def in_order(self) -> Iterator[tuple[Conversation, Turn, tuple[int, int]]]:
        """Yield every turn as the file had it, with its conversation and its place."""
        for number, position in self.order:
            conversation = self.conversations[number]
            yield conversation, conversation.turns[position], (number, position)


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


TEXT = ("text", "utterance")
SPEAKER = ("speaker",)
DIALOGUE = ("dialogue_id", "dialogue", "conversation_id", "conversation", "scene_id")
TURNS = ("utterances", "turns")
ID = ("id", *DIALOGUE)


def named(names: Iterable[str], known: tuple[str, ...]) -> str | None:
    """Return the first of the known names that is there, as it is written there; case and ``_`` do not count."""
    folded = {_folded(name): name for name in reversed(list(names)) if isinstance(name, str)}
    return next((folded[_folded(name)] for name in known if _folded(name) in folded), None)


def _folded(name: str) -> str:
    return name.strip().lower().replace("_", "").replace(" ", "").replace("-", "")


@dataclass(frozen=True)
class PlacedTurn:
    """A turn with the place where it was found and the id of its conversation (``None``: it names none)."""

    turn: Turn
    conversation: str | None
    place: str


def read_turn(value: Any, place: str) -> PlacedTurn:
    """Return a turn that JSON gave: its text alone, or an object; raises naming the place."""
    if isinstance(value, str):
        return PlacedTurn(Turn("", value, {"text": value}), None, place)
    if not isinstance(value, Mapping):
        raise ErcBenchError(f"{place}: a turn is a text or an object with 'text' and 'speaker', found {kind(value)}")
    text = named(value, TEXT)
    if text is None:
        raise ErcBenchError(f"{place}: 'text' is missing; {did_you_mean('text', map(str, value))}")
    speaker, conversation = named(value, SPEAKER), named(value, DIALOGUE)
    turn = Turn(
        _word(value[speaker], f"{place}, {speaker!r}") if speaker else "",
        _text(value[text], f"{place}, {text!r}"),
        dict(value),
    )
    return PlacedTurn(turn, _id(value[conversation], f"{place}, {conversation!r}") if conversation else None, place)


def read_id(fields: Mapping[str, Any], place: str) -> str:
    """Return the id of a conversation; empty where it has none."""
    name = named(fields, ID)
    return "" if name is None else _id(fields[name], f"{place}, {name!r}") or ""


def _text(value: Any, place: str, type_of: Any = str) -> str:
    if not fits(value, type_of):
        raise ErcBenchError(f"{place}: expected a text, found {kind(value)}")
    return "" if value is None else str(value)


def _word(value: Any, place: str) -> str:
    return _text(value, place, str | int | None).strip()


def _id(value: Any, place: str) -> str | None:
    return None if value is None or value == "" else _word(value, place)


def kind(value: Any) -> str:
    """Name the kind of a JSON value."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)


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
        spoken = _speaker_and_words(line) or (before, line.strip())
        conversations[-1].append(Turn(*spoken, {"line": line}))
    read = tuple(Conversation(tuple(turns)) for turns in conversations if turns)
    return Document("text", read, in_sequence(read))


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

"""Where conversations are in nested values: in lists, under names, in episodes and scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erc_bench.corpora.conversations.conversation import Conversation, Place, Turn
from erc_bench.corpora.conversations.fields import (
    BESIDE,
    ID,
    NONE,
    SCOPE,
    SPEAKER,
    TEXT,
    TURNS,
    TURNS_FOR_CERTAIN,
    USUAL,
    Columns,
    chosen,
    folded,
    named,
)
from erc_bench.corpora.conversations.grouping import Group
from erc_bench.corpora.conversations.turns import PlacedTurn, check_texts, kind, read_id, read_key, read_turn, read_word
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

CONTAINERS = (
    *("episodes", "scenes", "dialogues", "dialogs", "conversations", "chats", "threads", "sessions"),
    *("data", "items", "rows", "train", "dev", "validation", "valid", "test"),
)
"""What conversations lie in."""
_DEEPEST = 12
_EXAMPLE = 'For example: {"utterances": [{"speaker": "Ann", "text": "Hello!"}]}'
ALTERNATING = ("A", "B")
"""What the two speakers of DailyDialog are called, who take turns: the corpus names none."""


@dataclass
class Found:
    """A conversation in JSON: where its list of turns is, which of its fields are not read, and what to tell."""

    group: Group
    place: Place
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def turns_key(value: Mapping[str, Any]) -> str | None:
    """Return under which name an object has its turns."""
    certain = named(value, TURNS_FOR_CERTAIN) or _segments(value)
    return named((name for name, each in value.items() if isinstance(each, list)), TURNS) or certain


def _segments(value: Mapping[str, Any]) -> str | None:
    """Return under which name an object has what was recognised of speech; segments of other kinds are no turns."""
    name = named(value, ("segments",))
    segments = [] if name is None else value[name]
    return name if isinstance(segments, list) and segments and is_turn(segments[0]) else None


def is_turn(value: Any) -> bool:
    """Whether an object is a turn and no conversation."""
    text = named(value, TEXT) if isinstance(value, Mapping) else None
    return text is not None and isinstance(value[text], str) and not is_conversation(value)


def is_conversation(value: Any) -> bool:
    """Whether a value is a conversation, or holds some."""
    if isinstance(value, Mapping):
        return turns_key(value) is not None or _containers(value) != []
    return isinstance(value, list)


def _containers(value: Mapping[str, Any]) -> list[str]:
    """Return the names under which an object holds conversations."""
    usual = [name for name, each in value.items() if folded(name) in CONTAINERS and isinstance(each, (list, dict))]
    if usual or not value or named(value, TEXT) is not None:
        return usual
    return list(value) if all(map(_holds_turns, value.values())) else []


def _holds_turns(value: Any) -> bool:
    if isinstance(value, Mapping):
        return turns_key(value) is not None
    # A list of texts may be anything; a list of turns may lie in a list of its own.
    first = value[0] if isinstance(value, list) and value else None
    return is_turn(first) or (isinstance(first, list) and _holds_turns(first))


def conversations_of(value: Any, place: str, at: Place, columns: Columns, name: str = "") -> Iterator[Found]:
    """Yield the conversations in a value, in their order; raises naming the place."""
    yield from _found(value, place, at, columns, name, {}, 0)


def _found(
    value: Any, place: str, at: Place, columns: Columns, name: str, around: Mapping[str, Any], depth: int
) -> Iterator[Found]:
    if depth > _DEEPEST:
        raise ErcBenchError(f"{place}: no turn within {_DEEPEST} lists and objects", _EXAMPLE)
    if isinstance(value, Mapping):
        yield from _in_object(value, place, at, columns, name, around, depth)
    elif isinstance(value, list) and value and all(map(is_conversation, value)):
        for number, each in enumerate(value):
            yield from _found(each, f"{place}, item {number + 1}", (*at, number), columns, name, around, depth + 1)
    else:
        group = Group(name, {}, TURNS[0], turns=_turns(value, place, {}, columns))
        yield Found(group, at)


def _in_object(
    value: Mapping[str, Any], place: str, at: Place, columns: Columns, name: str, around: Mapping[str, Any], depth: int
) -> Iterator[Found]:
    key, containers = turns_key(value), _containers(value)
    if key is None and not containers:
        if isinstance(value.get(named(value, TEXT) or ""), (list, dict)):
            raise ErcBenchError(
                f"{place}: a table by columns, each a list or an object of its own",
                "Write it row by row: DataFrame.to_json(..., orient='records').",
            )
        raise ErcBenchError(
            f"{place}: 'utterances' is missing; {did_you_mean('utterances', map(str, value))}", _EXAMPLE
        )
    if key is not None:
        yield _conversation(value, key, place, at, columns, name, around)
        return
    around = {**around, **{other: each for other, each in value.items() if not isinstance(each, (list, dict))}}
    for container in containers:
        own = "" if folded(container) in CONTAINERS else container
        here = f"{place}, {container}"
        for each in _found(value[container], here, (*at, container), columns, own, around, depth + 1):
            if own:
                each.notes.append("the names of lists are taken for the ids of conversations")
            yield each


def _conversation(
    value: Mapping[str, Any], key: str, place: str, at: Place, columns: Columns, name: str, around: Mapping[str, Any]
) -> Found:
    identifier = _asked_id({**around, **value}, columns, place) or read_id(value, place) or name
    found = Found(Group(identifier, dict(value), key), (*at, key))
    found.group.turns = _turns(value[key], f"{place}", value, columns, key, found.notes)
    read = {key, named(value, ID), *columns.dialogue, _speakers_key(value, key)}
    found.unread = [each for each in value if each not in read and folded(each) not in {*BESIDE, *SCOPE}]
    return found


def _asked_id(fields: Mapping[str, Any], columns: Columns, place: str) -> str:
    if columns.dialogue in ((), (NONE,)):
        return ""
    names = [part.strip() for given in columns.dialogue for part in given.split(",")]
    there = [chosen(list(fields), each, "dialogue_columns", place) or each for each in names]
    return "/".join(read_key(fields[each], f"{place}, {each!r}") or "" for each in there)


def _turns(
    value: Any,
    place: str,
    around: Mapping[str, Any],
    columns: Columns,
    key: str = "",
    notes: list[str] | None = None,
) -> list[PlacedTurn]:
    """Return the turns in a list; ``around`` are the fields beside it, which may list its speakers."""
    if not isinstance(value, (list, tuple)):
        raise ErcBenchError(f"{place}, {key!r}: expected a list of turns, found {kind(value)}", _EXAMPLE)
    turns = [read_turn(turn, f"{place}, turn {number}", columns) for number, turn in enumerate(value, start=1)]
    if not value or not all(isinstance(turn, str) for turn in value):
        return turns
    speakers = _speakers(around, key, len(value), place)
    if not speakers and folded(key) == "dialog" and _is_aligned(around.get("emotion"), len(value)):
        speakers = [ALTERNATING[number % 2] for number in range(len(value))]
        if notes is not None:
            notes.append("no turn names a speaker: taken to alternate between A and B, as DailyDialog's do")
    return [_by(turn, speaker) for turn, speaker in zip(turns, speakers, strict=True)] if speakers else turns


def _by(turn: PlacedTurn, speaker: str) -> PlacedTurn:
    fields = {"speaker": speaker, "text": turn.turn.text}
    return PlacedTurn(Turn(speaker, turn.turn.text, fields), turn.place, ("text", "speaker"))


def _speakers_key(fields: Mapping[str, Any], key: str) -> str | None:
    turns = fields[key] if key else None
    texts = isinstance(turns, (list, tuple)) and all(isinstance(turn, str) for turn in turns)
    name = named(fields, SPEAKER)
    return name if texts and name is not None and _is_aligned(fields[name], len(turns or ())) else None


def _speakers(fields: Mapping[str, Any], key: str, count: int, place: str) -> list[str]:
    """Return the speakers of turns that are bare texts, where they stand in a list of the same length."""
    name = _speakers_key(fields, key) if key else None
    return [] if name is None else [read_word(each, f"{place}, {name!r}") for each in fields[name]]


def _is_aligned(value: Any, count: int) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) == count


def read_conversation(item: Mapping[str, Any], place: str) -> Conversation:
    """Return a conversation that was handed over as an object; raises naming the place."""
    key = turns_key(item)
    if key is None:
        raise ErcBenchError(f"{place}: 'utterances' is missing; {did_you_mean('utterances', map(str, item))}", _EXAMPLE)
    group = _conversation(item, key, place, (), USUAL, "", {}).group
    check_texts(group.turns)
    return Conversation(tuple(turn.turn for turn in group.turns), group.id, group.fields, key)

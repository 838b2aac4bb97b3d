"""Under which names files hold speaker, text, and the conversation that a turn belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from erc_bench.corpora.conversations.conversation import Turn
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

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


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ErcBenchError(f"{place}: expected a text, found {kind(value)}")
    return value


def _word(value: Any, place: str) -> str:
    if value is None:
        return ""
    return str(value) if type(value) is int else _text(value, place).strip()


def _id(value: Any, place: str) -> str | None:
    return None if value is None or value == "" else _word(value, place)


def kind(value: Any) -> str:
    """Name the kind of a JSON value."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)

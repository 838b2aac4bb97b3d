"""A turn of a conversation, its speaker and its text read from the values of a file."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from erc_bench.corpora.conversations.conversation import Turn
from erc_bench.corpora.conversations.fields import ID, SPEAKER, TEXT, USUAL, WORDLESS, Columns, chosen, folded, named
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.validation import fits


@dataclass(frozen=True)
class PlacedTurn:
    """A turn with the place where it was found, and the fields that say text and speaker.

    ``further_speakers`` counts the speakers beside the first. ``has_text`` is false of a message that has no field
    for one.
    """

    turn: Turn
    place: str
    read: tuple[str, ...] = ()
    further_speakers: int = 0
    has_text: bool = True


def read_turn(value: Any, place: str, columns: Columns = USUAL) -> PlacedTurn:
    """Return a turn that JSON gave: its text alone, or an object; raises naming the place."""
    if isinstance(value, str):
        return PlacedTurn(Turn("", value, {"text": value}), place, ("text",))
    if not isinstance(value, Mapping):
        raise ErcBenchError(f"{place}: a turn is a text or an object with 'text' and 'speaker', found {kind(value)}")
    names = list(value)
    text = _text_field(value, columns, place)
    said = "" if text is None else _text(value[text], f"{place}, {text!r}")
    speaker = chosen(names, columns.speaker, "speaker_column", place) or named(names, SPEAKER)
    speakers = read_speakers(value[speaker], f"{place}, {speaker!r}") if speaker else [""]
    read = tuple(name for name in (text, speaker) if name is not None)
    return PlacedTurn(Turn(speakers[0], said, dict(value)), place, read, len(speakers) - 1, text is not None)


def _text_field(value: Mapping[str, Any], columns: Columns, place: str) -> str | None:
    """Return the name of the text of a turn; ``None`` for a message of pictures and the like that has none."""
    asked = columns.text
    text = asked if asked in value else named(value, TEXT if asked is None else (folded(asked),))
    if text is None and not any(folded(name) in WORDLESS for name in value):
        _refuse_without_text(value, place, columns)
    return text


def check_texts(turns: Sequence[PlacedTurn]) -> None:
    """Raise where no turn has a field for its text: none of them is a message of pictures and the like then."""
    if turns and not any(turn.has_text for turn in turns):
        _refuse_without_text(turns[0].turn.fields, turns[0].place)


def _refuse_without_text(value: Mapping[str, Any], place: str, columns: Columns = USUAL) -> NoReturn:
    chosen(list(value), columns.text, "text_column", place)
    raise ErcBenchError(f"{place}: 'text' is missing; {did_you_mean('text', map(str, value))}", _TEXT_COLUMN)


_TEXT_COLUMN = "Another field is named by --text-column."


def read_speakers(value: Any, place: str) -> list[str]:
    """Return the speakers of a turn, of whom a model reads the first; one without a name is empty.

    Several are a list, in CSV one that is written as in Python: ``['Ann', 'Bob']``.
    """
    value = listed(value) if isinstance(value, str) else value
    if isinstance(value, Mapping) and (name := named(value, SPEAKER)) is not None:
        value = value[name]
    if isinstance(value, (list, tuple)):
        return [read_word(each, place) for each in value] or [""]
    return [read_word(value, place)]


def listed(text: str) -> Any:
    """Return the list of names that a text is, or the text itself; no code is run."""
    if not text.lstrip().startswith("["):
        return text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a strange escape in a name does not concern us
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
    return value if isinstance(value, list) and all(isinstance(name, str) for name in value) else text


def read_id(fields: Mapping[str, Any], place: str) -> str:
    """Return the id of a conversation; empty where it has none."""
    # The turns themselves may stand under the name of an id: {"dialogue": [...]}.
    name = named((each for each, value in fields.items() if not isinstance(value, list)), ID)
    return "" if name is None else read_key(fields[name], f"{place}, {name!r}") or ""


def read_key(value: Any, place: str) -> str | None:
    """Return an id as a text; ``None`` where there is none."""
    return None if value is None or value == "" else read_word(value, place)


def _text(value: Any, place: str) -> str:
    if value is None:
        return ""  # what a language model answers when it calls a tool
    if isinstance(value, list) and value:
        # Telegram writes a text with links and the like in parts, and language models are given pictures among them.
        value = "".join(_part(each, place) for each in value)
    if not isinstance(value, str):
        raise ErcBenchError(f"{place}: expected a text, found {kind(value)}", _TEXT_COLUMN)
    return value


def _part(value: Any, place: str) -> str:
    part = value.get("text", "" if is_picture(value) else None) if isinstance(value, Mapping) else value
    if not isinstance(part, str):
        raise ErcBenchError(f"{place}: expected a text or parts of one, found a list with {kind(value)}", _TEXT_COLUMN)
    return part


def is_picture(part: Any) -> bool:
    """Whether a part of a message says that it is of another kind than text."""
    return isinstance(part, Mapping) and isinstance(part.get("type"), str) and "text" not in part


def read_word(value: Any, place: str) -> str:
    """Return a short text that may be a number or nothing, without blanks around it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # what pandas makes of whole numbers beside an empty cell
    if not fits(value, str | int | float | None):
        raise ErcBenchError(f"{place}: expected a text, found {kind(value)}")
    return "" if value is None else str(value).strip()


def kind(value: Any) -> str:
    """Name the kind of a JSON value."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)

"""Conversations in JSON and JSON Lines, in whichever of the usual nestings."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from erc_bench.corpora.conversations.conversation import Document, Format, Source
from erc_bench.corpora.conversations.fields import Columns, roles_of
from erc_bench.corpora.conversations.forms.nesting import conversations_of, is_conversation, is_turn
from erc_bench.corpora.conversations.grouping import document_of, grouped
from erc_bench.corpora.conversations.lines import lines_of
from erc_bench.corpora.conversations.notes import told_unread
from erc_bench.corpora.conversations.turns import kind, read_turn
from erc_bench.corpora.reading import without_repeats
from erc_bench.errors import ErcBenchError

_EXAMPLE = 'For example: {"utterances": [{"speaker": "Ann", "text": "Hello!"}]}'


def read_json(text: str, place: str, columns: Columns) -> Document:
    """Return the conversations of a JSON file.

    That is a conversation ``{"id": ..., "utterances": [turns]}``, a list of turns, or a list or an object of
    conversations, which may lie in other objects. A file of JSON Lines under the name of JSON is read, too.
    """
    try:
        content = parsed(text, place, 1)
    except ErcBenchError:
        if is_json_lines(text):
            return read_jsonl(text, place, columns, ("each line is a JSON value of its own: read as JSON Lines",))
        raise
    if isinstance(content, list):
        return of_items(content, [f"{place}, item {n}" for n in range(1, len(content) + 1)], "json", columns)
    if not isinstance(content, dict):
        raise ErcBenchError(f"{place}: expected a conversation or a list of them, found {kind(content)}", _EXAMPLE)
    if is_turn(content):
        return _flat([content], [place], "json", columns, Source(content, ((),)))
    return _nested([content], [place], "json", columns, alone=True)


def read_jsonl(text: str, place: str, columns: Columns, notes: Sequence[str] = ()) -> Document:
    """Return the conversations of a file of JSON Lines: a conversation or a turn on each."""
    lines = [(number, line) for number, line in lines_of(text) if line.strip()]
    if len(lines) > 1 and is_json(text):
        return read_json(text, place, columns)
    items = [parsed(line, place, number) for number, line in lines]
    return of_items(items, [f"{place}, line {number}" for number, _ in lines], "jsonl", columns, notes)


def is_json(text: str) -> bool:
    """Whether all of a text is an object or a list in JSON."""
    return _loads(text)


def is_json_lines(text: str) -> bool:
    """Whether a text has several lines, and each that is not blank is an object or a list in JSON."""
    lines = [line for _, line in lines_of(text) if line.strip()]
    return len(lines) > 1 and all(map(_loads, lines))


def _loads(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False


def parsed(text: str, place: str, line: int) -> Any:
    """Return a value in JSON; raise naming file and line."""
    try:
        content = json.loads(text, object_pairs_hook=without_repeats, parse_constant=_no_number, parse_float=_finite)
        json.dumps(content, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {line + error.lineno - 1}, column {error.colno}"
        raise ErcBenchError(f"{place}, {where}: the JSON is cut off or damaged ({error.msg})") from error
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise ErcBenchError(f"{place}, line {line}: {half!r} is half of a character") from error
    except (ValueError, RecursionError) as error:
        raise ErcBenchError(f"{place}, line {line}: the JSON cannot be read ({error})") from error
    return content


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value


def of_items(
    items: Sequence[Any], places: Sequence[str], form: Format, columns: Columns, notes: Sequence[str] = ()
) -> Document:
    """Return a list of conversations or of turns: whichever the first is, all must be."""
    many = list(map(is_conversation, items))
    if not any(many):
        return _flat(items, places, form, columns, Source(items, tuple((n,) for n in range(len(items)))), notes)
    if not all(many):
        raise ErcBenchError(
            f"{places[many.index(False)]}: a turn among conversations", "A file holds turns, or conversations."
        )
    return _nested(items, places, form, columns, notes)


def _flat(
    items: Sequence[Any],
    places: Sequence[str],
    form: Format,
    columns: Columns,
    source: Source,
    notes: Sequence[str] = (),
) -> Document:
    turns = [read_turn(item, place, columns) for item, place in zip(items, places, strict=True)]
    roles = roles_of((name for turn in turns for name in turn.turn.fields), columns, places[0] if places else "")
    return grouped(turns, roles, form, notes, source)


def _nested(
    items: Sequence[Any],
    places: Sequence[str],
    form: Format,
    columns: Columns,
    notes: Sequence[str] = (),
    alone: bool = False,
) -> Document:
    found = [
        each
        for number, (item, place) in enumerate(zip(items, places, strict=True))
        for each in conversations_of(item, place, () if alone else (number,), columns)
    ]
    at = 0
    for each in found:
        each.group.positions = list(range(at, at := at + len(each.group.turns)))
    turns = [turn for each in found for turn in each.group.turns]
    of_turns = Columns(utterance=columns.utterance, label=columns.label)
    roles = roles_of((name for turn in turns for name in turn.turn.fields), of_turns, places[0])
    beside = [name for each in found for name in each.unread]
    told = (*notes, *dict.fromkeys(note for each in found for note in each.notes))
    told = (*told, *told_unread(turns, roles, beside, alone=False))
    where = tuple((*each.place, position) for each in found for position in range(len(each.group.turns)))
    source = Source(items[0] if alone else items, where)
    return document_of([each.group for each in found], roles, form, told, source)

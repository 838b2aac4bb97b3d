"""Read a file of conversations from any source. Nothing is dropped: every part that cannot be read is reported.

``json``: a conversation ``{"id": ..., "utterances": [{"speaker": ..., "text": ...}, ...]}``, a list of them, or a list
of turns. ``jsonl``: one of either per line. ``csv``: a header, and a line for each turn. Turns that stand by
themselves may name their conversation (``dialogue_id``). ``text``: ``Speaker: words``, a blank line between
conversations; a line without a speaker is the one's before it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from erc_bench.corpora.conversations.conversation import (
    DIALOGUE,
    FORMATS,
    SPEAKER,
    TEXT,
    TURNS,
    Conversation,
    Document,
    Format,
    PlacedTurn,
    Turn,
    in_sequence,
    kind,
    lines_of,
    named,
    read_id,
    read_text,
    read_turn,
)
from erc_bench.corpora.reading import csv_records, decoded, without_repeats
from erc_bench.errors import ErcBenchError, naming
from erc_bench.names import did_you_mean

STDIN = Path("-")
LARGEST = 256 * 2**20
_FORMAT_OF: Mapping[str, Format] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".txt": "text",
    ".text": "text",
}


def read_document(file: Path, form: Format | None = None) -> Document:
    """Read a file, or standard input for ``-``, in a format or in that of its name.

    Without a known ending, a file of JSON throughout is read as JSON or JSON Lines, everything else as text.
    Raises :class:`ErcBenchError` naming file and line, and where the file holds no turn.
    """
    place = "standard input" if file == STDIN else str(file)
    text = decoded(_content(file, place), place)
    chosen = form or format_of(file) or _guessed(text)
    document = _READERS[chosen](text, place)
    if not document.order:
        raise ErcBenchError(f"{place} holds no turn", "A turn has a text, and perhaps a speaker.")
    return document


def format_of(file: Path) -> Format | None:
    """Return the format that the name of a file tells."""
    return _FORMAT_OF.get(file.suffix.lower())


def _content(file: Path, place: str) -> bytes:
    with (
        naming(f"{place} cannot be read"),
        nullcontext(sys.stdin.buffer) if file == STDIN else file.open("rb") as stream,
    ):
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ErcBenchError(f"{place} is larger than {LARGEST // 2**20} MiB", "Split it into several files.")
    return content


def _guessed(text: str) -> Format:
    """Return ``json`` or ``jsonl`` where all of the text is that, else ``text``."""
    if not text.lstrip().startswith(("{", "[")):
        return "text"
    attempts: tuple[tuple[Format, Iterable[str]], ...] = (
        ("json", [text]),
        ("jsonl", (line for _, line in lines_of(text) if line.strip())),
    )
    for form, parts in attempts:
        try:
            if all(isinstance(json.loads(part), (dict, list)) for part in parts):
                return form
        except (ValueError, RecursionError):
            continue
    return "text"


def _read_json(text: str, place: str) -> Document:
    content = _parsed(text, place, 1)
    if isinstance(content, Mapping):
        return _by_conversation([content], [place], "json", single=True)
    if not isinstance(content, list):
        raise ErcBenchError(f"{place}: expected a conversation or a list of them, found {kind(content)}", _EXAMPLE)
    return _of_items(content, [f"{place}, item {number}" for number in range(1, len(content) + 1)], "json")


def _read_jsonl(text: str, place: str) -> Document:
    lines = [(number, line) for number, line in lines_of(text) if line.strip()]
    items = [_parsed(line, place, number) for number, line in lines]
    return _of_items(items, [f"{place}, line {number}" for number, _ in lines], "jsonl")


_EXAMPLE = 'For example: {"utterances": [{"speaker": "Ann", "text": "Hello!"}]}'


def _parsed(text: str, place: str, line: int) -> Any:
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


def _of_items(items: Sequence[Any], places: Sequence[str], form: Format) -> Document:
    """Return a list of conversations or of turns: whichever the first is, all must be."""
    many = [isinstance(item, Mapping) and named(item, TURNS) is not None for item in items]
    if any(many):
        if not all(many):
            raise ErcBenchError(
                f"{places[many.index(False)]}: a turn among conversations", "A file holds turns, or conversations."
            )
        return _by_conversation(items, places, form)
    return grouped((read_turn(item, place) for item, place in zip(items, places, strict=True)), form)


def _by_conversation(items: Sequence[Any], places: Sequence[str], form: Format, single: bool = False) -> Document:
    conversations = [read_conversation(item, place) for item, place in zip(items, places, strict=True)]
    return Document(form, tuple(conversations), in_sequence(conversations), single)


def read_conversation(item: Mapping[str, Any], place: str) -> Conversation:
    """Return a conversation that JSON gave as an object; raises naming the place."""
    key = named(item, TURNS)
    if key is None:
        raise ErcBenchError(f"{place}: 'utterances' is missing; {did_you_mean('utterances', map(str, item))}", _EXAMPLE)
    turns = item[key]
    if not isinstance(turns, (list, tuple)):
        raise ErcBenchError(f"{place}, {key!r}: expected a list of turns, found {kind(turns)}", _EXAMPLE)
    read = [read_turn(turn, f"{place}, turn {number}").turn for number, turn in enumerate(turns, start=1)]
    return Conversation(tuple(read), read_id(item, place), dict(item), key)


def grouped(turns: Iterable[PlacedTurn], form: Format) -> Document:
    """Group turns by the conversation that they name; all are one where none names any.

    Raises :class:`ErcBenchError` where some do and others do not.
    """
    placed = list(turns)
    lacking = [each for each in placed if each.conversation is None]
    if lacking and len(lacking) < len(placed):
        raise ErcBenchError(
            f"{lacking[0].place}: this turn names no conversation, and others do", f"Fill in its {DIALOGUE[0]}."
        )
    members: dict[str | None, list[Turn]] = {}
    order = []
    for each in placed:
        own = members.setdefault(each.conversation, [])
        order.append((each.conversation, len(own)))
        own.append(each.turn)
    number = {name: position for position, name in enumerate(members)}
    conversations = tuple(Conversation(tuple(own), name or "") for name, own in members.items())
    return Document(form, conversations, tuple((number[name], position) for name, position in order))


def _read_csv(text: str, place: str) -> Document:
    records = csv_records(text, place)
    _, header = next(records, (1, []))
    _check_header(header, place)
    return grouped((_csv_turn(header, record, f"{place}, line {line}") for line, record in records), "csv")


def _check_header(header: Sequence[str], place: str) -> None:
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        raise ErcBenchError(f"{place}, line 1: the column {twice!r} occurs twice", "Rename one of them.")
    if named(header, TEXT) is None:
        near = did_you_mean("text", header)
        commas = " Columns are separated by commas." if len(header) == 1 else ""
        raise ErcBenchError(
            f"{place}, line 1: there is no column 'text' (or 'Utterance'); {near}",
            f"The first line names the columns: dialogue_id, speaker, text.{commas}",
        )


def _csv_turn(header: Sequence[str], record: Sequence[str], place: str) -> PlacedTurn:
    values = dict(zip(header, record, strict=True))
    columns = (named(header, names) for names in (SPEAKER, TEXT, DIALOGUE))
    speaker, said, conversation = (values[column] if column else "" for column in columns)
    return PlacedTurn(Turn(speaker.strip(), said, values), conversation or None, place)


_READERS: Mapping[Format, Callable[[str, str], Document]] = dict(
    zip(FORMATS, (_read_json, _read_jsonl, _read_csv, read_text), strict=True)
)

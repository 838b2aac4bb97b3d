"""Write a document with an answer beside each turn: all that was there stays, in its order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from erc_bench.corpora.conversations.conversation import LINE, Document, Format, Turn
from erc_bench.corpora.conversations.fields import DIALOGUE, TURNS, folded

_SHOWN = 4


@dataclass(frozen=True)
class TurnAnswer:
    """The emotion of a turn, empty where there is no answer, and the score of every label."""

    emotion: str
    scores: Mapping[str, float]


Answers = Sequence[Sequence[TurnAnswer]]
"""Of every conversation, its turns' answers."""


def write(document: Document, answers: Answers, form: Format) -> str:
    """Return the document in a format, with ``emotion`` and the scores (to 4 decimals) added to every turn.

    A name that the document uses already gets another one: ``predicted_emotion`` beside an ``Emotion`` that was there.
    """
    return _WRITERS[form](document, answers)


def _json(document: Document, answers: Answers) -> str:
    content = _items(document, answers) if document.source is None else _filled(document, answers)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _jsonl(document: Document, answers: Answers) -> str:
    is_list = document.source is not None and isinstance(document.source.content, list)
    items = _filled(document, answers) if is_list else _items(document, answers)
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def _filled(document: Document, answers: Answers) -> Any:
    """Return the JSON that the document was read from, with an answer in every turn."""
    if document.source is None:
        return _items(document, answers)
    answered = _answered(document)
    filled = {(): deepcopy(document.source.content)}
    for at, (_, turn, (number, position)) in zip(document.source.places, document.in_order(), strict=True):
        inner: Any = filled
        for step in ((), *at[:-1]) if at else ():
            inner = inner[step]
        inner[at[-1] if at else ()] = answered(turn, answers[number][position])
    return filled[()]


def _answered(document: Document) -> Callable[[Turn, TurnAnswer], dict[str, Any]]:
    """Return what adds an answer to the fields of a turn, under names that no turn uses."""
    used = {name for _, turn, _ in document.in_order() for name in _fields(turn)}
    emotion, scores = free_names(("emotion", "scores"), used)

    def answered(turn: Turn, answer: TurnAnswer) -> dict[str, Any]:
        rounded = {label: round(score, _SHOWN) for label, score in answer.scores.items()}
        return {**_fields(turn), emotion: answer.emotion, scores: rounded}

    return answered


def _items(document: Document, answers: Answers) -> list[dict[str, Any]]:
    answered = _answered(document)
    if not document.by_conversation:
        return [answered(turn, answers[n][position]) for _, turn, (n, position) in document.in_order()]
    items = []
    for number, positions in enumerate(document.positions()):
        conversation = document.conversations[number]
        turns = [answered(conversation.turns[position], answers[number][position]) for position in positions]
        # In the place where the turns were among the other fields.
        items.append({**_beside(document, number), (conversation.turns_key or TURNS[0]): turns})
    return items


def _beside(document: Document, number: int) -> dict[str, Any]:
    """Return the fields of a conversation beside its turns; a text names none of its own, so that they are counted."""
    return {"id": str(number + 1)} if document.form == "text" else dict(document.conversations[number].fields)


def _csv(document: Document, answers: Answers) -> str:
    return _table(document, answers, document.separator if document.form == "csv" else ",")


def _tsv(document: Document, answers: Answers) -> str:
    return _table(document, answers, "\t")


def _table(document: Document, answers: Answers, separator: str) -> str:
    lines = _table_rows(document, answers)
    return "".join(separator.join(_quoted(_cell(cell), separator) for cell in line) + "\n" for line in lines)


def sheet_rows(document: Document, answers: Answers) -> Iterator[list[Any]]:
    """Yield the rows of a sheet, the head first: fields of every turn, emotion, scores; what no cell holds is JSON."""
    for row in _table_rows(document, answers):
        yield [value if isinstance(value, (str, int, float)) else _cell(value) for value in row]


class _Score(float):
    """A score, which a text table shows with all its decimals."""


def _table_rows(document: Document, answers: Answers) -> Iterator[list[Any]]:
    rows = [_row(document, turn, place[0]) for _, turn, place in document.in_order()]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    labels = list(next(iter(answers[number][position] for number, position in document.order)).scores)
    yield [*columns, *free_names(("emotion", *labels), columns)]
    for row, (_, _, (number, position)) in zip(rows, document.in_order(), strict=True):
        answer = answers[number][position]
        scores = (_Score(round(answer.scores[label], _SHOWN)) for label in labels)
        yield [*(row.get(column, "") for column in columns), answer.emotion, *scores]


def _row(document: Document, turn: Turn, number: int) -> dict[str, Any]:
    if not document.by_conversation:
        return _fields(turn)
    conversation = document.conversations[number]
    fields = _beside(document, number)
    beside = {_column_of(name): value for name, value in fields.items() if name != conversation.turns_key}
    if not conversation.id and len(document.conversations) > 1:
        # Turns of several conversations must not run together.
        beside["dialogue_id"] = str(number + 1)
    return {**beside, **_fields(turn)}


def rows_of(document: Document) -> list[tuple[int, dict[str, Any]]]:
    """Return every turn as the file had it, as a flat row of text, with the number of its conversation."""
    return [
        (number, {column: _cell(value) for column, value in _row(document, turn, number).items()})
        for _, turn, (number, _) in document.in_order()
    ]


def _column_of(name: str) -> str:
    own = folded(name) in DIALOGUE or name.lower().startswith(("dialogue", "conversation"))
    return name if own else f"dialogue_{name}"


def _cell(value: Any) -> str:
    """Return a value as a cell of a table: what is no text as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, _Score):
        return f"{value:.{_SHOWN}f}"
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _quoted(text: str, separator: str) -> str:
    special = any(sign in text for sign in f'{separator}"\r\n') or text != text.strip()
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if special else text


def _text(document: Document, answers: Answers) -> str:
    blocks = []
    for conversation, own in zip(document.conversations, answers, strict=True):
        lines = (f"{_line(turn)}\t{_said(answer)}\n" for turn, answer in zip(conversation.turns, own, strict=True))
        blocks.append("".join(lines))
    return "\n".join(block for block in blocks if block)


def _said(answer: TurnAnswer) -> str:
    return f"{answer.emotion} {answer.scores[answer.emotion]:.{_SHOWN}f}" if answer.emotion else ""


def _line(turn: Turn) -> str:
    if LINE in turn.fields:
        return str(turn.fields[LINE])
    said = f"{turn.speaker}: {turn.text}" if turn.speaker else turn.text
    return " ".join(said.splitlines())


def _fields(turn: Turn) -> dict[str, Any]:
    """Return the fields of a turn in formats with names; a line of text is taken apart."""
    if LINE in turn.fields:
        beside = {name: value for name, value in turn.fields.items() if name != LINE}
        return {**beside, "speaker": turn.speaker, "text": turn.text}
    return dict(turn.fields)


def free_names(wanted: Sequence[str], used: Iterable[str]) -> list[str]:
    """Return the names, changed where one is used already: ``predicted_emotion``, ``predicted_emotion_2``."""
    taken = {name.lower() for name in used}
    found = []
    for name in wanted:
        candidates = (name, f"predicted_{name}", *(f"predicted_{name}_{number}" for number in range(2, len(taken) + 3)))
        chosen = next(candidate for candidate in candidates if candidate.lower() not in taken)
        taken.add(chosen.lower())
        found.append(chosen)
    return found


_WRITERS: Mapping[Format, Callable[[Document, Answers], str]] = {
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "tsv": _tsv,
    "text": _text,
}

"""Conversations in tables: a header, and a row for each turn, separated by commas, tabs or semicolons."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from erc_bench.corpora.conversations.conversation import Document, Format, Turn
from erc_bench.corpora.conversations.fields import TEXT, Columns, Roles, folded, named, roles_of
from erc_bench.corpora.conversations.grouping import Group, document_of, grouped
from erc_bench.corpora.conversations.lines import lines_of
from erc_bench.corpora.conversations.notes import told_unread
from erc_bench.corpora.conversations.turns import PlacedTurn, read_speakers
from erc_bench.corpora.csv_table import csv_records
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_TOLD_SEPARATOR = re.compile(r"\Asep=.(?=\r?\n)", re.IGNORECASE)
"""A first line that spreadsheets write before the header."""
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class _Row(NamedTuple):
    line: int
    cells: list[str]
    is_after_blank: bool


def read_csv(text: str, place: str, columns: Columns) -> Document:
    """Return the conversations of a table whose fields are separated by commas, or as its header shows."""
    return read_table(text, place, columns, ",")


def read_tsv(text: str, place: str, columns: Columns) -> Document:
    """Return the conversations of a table whose fields are separated by tabs, or as its header shows."""
    return read_table(text, place, columns, "\t")


def read_table(text: str, place: str, columns: Columns, usual: str) -> Document:
    """Return the conversations of a table; raises for a header without a text, and for a damaged row."""
    text = _TOLD_SEPARATOR.sub("", text)
    separator = separator_of(text, columns, usual) or usual
    rows = _rows(text, place, separator)
    header = next((row.cells for row in rows), [])
    _check_header(header, place, columns, separator)
    roles = roles_of(header, columns, f"{place}, line 1")
    kept = [row for row in rows if len(header) == 1 or any(cell.strip() for cell in row.cells)]
    turns = [_turn(header, row, roles, place) for row in kept]
    form: Format = "tsv" if separator == "\t" else "csv"
    notes = [] if separator == usual else [f"its fields are separated by {SEPARATORS[separator]}"]
    ends = [position for position, row in enumerate(kept) if position and row.is_after_blank]
    if roles.dialogue or roles.asked or not ends:
        return replace(grouped(turns, roles, form, notes), separator=separator)
    if len(ends) == len(kept) - 1:
        notes.append("there is a blank line after every row: none is taken for the end of a conversation")
        return replace(grouped(turns, roles, form, notes), separator=separator)
    return replace(_between_blank_lines(turns, ends, roles, form, notes), separator=separator)


def separator_of(text: str, columns: Columns, usual: str = ",") -> str | None:
    """Return the separator with which the first line names the text's column; ``None`` where none does."""
    first = next((line for _, line in lines_of(text) if line.strip()), "")
    known = TEXT if columns.text is None else (folded(columns.text),)
    return next((each for each in dict.fromkeys((usual, *SEPARATORS)) if named(cells_of(first, each), known)), None)


def cells_of(line: str, separator: str) -> list[str]:
    """Return the cells of a line."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _rows(text: str, place: str, separator: str) -> Iterator[_Row]:
    plain = list(_plain_rows(text)) if separator == "\t" else []
    if plain and all(len(row.cells) == len(plain[0].cells) for row in plain):
        yield from plain
        return
    after = 1
    for line, cells in csv_records(text, place, separator):
        yield _Row(line, cells, line > after)
        after = line + 1 + sum(len(_LINE_BREAK.findall(cell)) for cell in cells)


def _plain_rows(text: str) -> Iterator[_Row]:
    """Yield rows of tabs without heed of quotation marks in the middle: many such files know no quoting."""
    blank = False
    for number, line in lines_of(text):
        if line.strip():
            yield _Row(number, [_unquoted(cell) for cell in line.split("\t")], blank)
        blank = not line.strip()


def _unquoted(cell: str) -> str:
    inner = cell[1:-1].replace('""', "") if len(cell) > 1 and cell[0] == cell[-1] == '"' else '"'
    return cell if '"' in inner else cell[1:-1].replace('""', '"')


def _check_header(header: Sequence[str], place: str, columns: Columns, separator: str) -> None:
    twice = next((column for column, count in Counter(header).items() if count > 1), None)
    if twice is not None:
        raise ErcBenchError(f"{place}, line 1: the column {twice!r} occurs twice", "Rename one of them.")
    if columns.text is not None or named(header, TEXT) is not None:
        return
    refuse_turn_columns(header, place)
    alone = f" Columns are separated by {SEPARATORS[separator]}." if len(header) == 1 else ""
    raise ErcBenchError(
        f"{place}, line 1: there is no column 'text' (or 'Utterance'); {did_you_mean('text', header)}",
        f"The first line names the columns: dialogue_id, speaker, text; or {OptionName('text_column'):NAME}.{alone}",
    )


def refuse_turn_columns(header: Sequence[str], place: str) -> None:
    """Raise for a header with a column for each turn: ``turn1``, ``turn2``."""
    turns = [column for column in header if _TURN_COLUMN.fullmatch(folded(column))]
    if len(turns) > 1:
        raise ErcBenchError(
            f"{place}, line 1: it has a column for each turn ({', '.join(turns)}), and a conversation in each row",
            "Write a row for each turn, with columns dialogue_id, turn, speaker, text (pandas.melt does that).",
        )


_TURN_COLUMN = re.compile("(turn|utterance|utt|message|msg|sentence|text)[0-9]{1,3}")


def _turn(header: Sequence[str], row: _Row, roles: Roles, place: str) -> PlacedTurn:
    values = dict(zip(header, row.cells, strict=True))
    here = f"{place}, line {row.line}"
    speakers = read_speakers(values[roles.speaker], here) if roles.speaker else [""]
    read = tuple(name for name in (roles.text, roles.speaker) if name is not None)
    return PlacedTurn(Turn(speakers[0], values[roles.text or ""], values), here, read, len(speakers) - 1)


def _between_blank_lines(
    turns: Sequence[PlacedTurn], ends: Sequence[int], roles: Roles, form: Format, notes: Sequence[str]
) -> Document:
    bounds = [0, *ends, len(turns)]
    groups = [
        Group(turns_key="utterances", positions=list(range(first, last)), turns=list(turns[first:last]))
        for first, last in pairwise(bounds)
    ]
    told = (*notes, f"blank lines stand between {len(groups)} conversations")
    return document_of(groups, roles, form, (*told, *told_unread(turns, roles, alone=False)))

"""Group turns by the conversation that they name, and put them in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erc_bench.corpora.conversations.conversation import Conversation, Document, Format, Source
from erc_bench.corpora.conversations.fields import Roles, value_of
from erc_bench.corpora.conversations.notes import (
    told_apart,
    told_empty,
    told_instructions,
    told_moved,
    told_nobody,
    told_numbers,
    told_parts,
    told_speakers,
    told_times,
    told_together,
    told_unnumbered,
    told_unread,
)
from erc_bench.corpora.conversations.numbering import check_unique, in_order_of_numbers, newest_first
from erc_bench.corpora.conversations.restarts import check_restarts
from erc_bench.corpora.conversations.turns import PlacedTurn, check_texts, read_key
from erc_bench.errors import ErcBenchError


@dataclass
class Group:
    """A conversation as it is found: its turns in the order of the file, with their positions among all turns."""

    id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    turns_key: str = ""
    positions: list[int] = field(default_factory=list)
    turns: list[PlacedTurn] = field(default_factory=list)

    def add(self, position: int, turn: PlacedTurn) -> None:
        """Take a turn in."""
        self.positions.append(position)
        self.turns.append(turn)


def document_of(
    groups: Sequence[Group], roles: Roles, form: Format, notes: Sequence[str] = (), source: Source | None = None
) -> Document:
    """Return the conversations, their turns in the order of their numbers.

    Raises :class:`ErcBenchError` for a number that a conversation has twice.
    """
    turns = [turn for group in groups for turn in group.turns]
    check_texts(turns)
    check_unique([group.turns for group in groups], roles)
    place_of: dict[int, tuple[int, int]] = {}
    conversations, moved = [], 0
    times = newest_first([group.turns for group in groups], roles)
    for number, group in enumerate(groups):
        order = list(range(len(group.turns)))[::-1] if times else in_order_of_numbers(group.turns, roles)
        moved += order != list(range(len(order)))
        place_of |= {group.positions[old]: (number, position) for position, old in enumerate(order)}
        own = tuple(group.turns[old].turn for old in order)
        conversations.append(Conversation(own, group.id, group.fields, group.turns_key))
    told = (
        *notes,
        *told_moved(moved, [group.turns for group in groups], roles, times),
        *told_unnumbered(turns, roles),
        *told_speakers(turns),
        *told_nobody(turns),
        *told_parts(turns),
        *told_instructions(turns),
        *told_numbers(turns),
        *([] if times else told_times([group.turns for group in groups], roles)),
    )
    return Document(form, tuple(conversations), tuple(place_of[at] for at in sorted(place_of)), told, source)


def grouped(
    turns: Sequence[PlacedTurn], roles: Roles, form: Format, notes: Sequence[str] = (), source: Source | None = None
) -> Document:
    """Group turns by the conversation that they name; all are one where none names any.

    Raises :class:`ErcBenchError` where some do and others do not, and where an id may stand for several.
    """
    keys = _keys(turns, roles)
    groups: dict[tuple[str, ...], Group] = {}
    for position, (turn, key) in enumerate(zip(turns, keys, strict=True)):
        groups.setdefault(key, Group("/".join(key))).add(position, turn)
    check_unique([group.turns for group in groups.values()], roles, turns)
    check_restarts(turns, keys, roles)
    told = (
        *notes,
        *told_empty(keys, roles),
        *told_together(keys, roles),
        *told_apart(turns, keys),
        *told_unread(turns, roles),
    )
    return document_of(list(groups.values()), roles, form, told, source)


def _keys(turns: Sequence[PlacedTurn], roles: Roles) -> list[tuple[str, ...]]:
    """Return the ids of the conversations of turns; a column that is empty throughout tells nothing."""
    parts = []
    for name in roles.dialogue:
        column = [read_key(value_of(each.turn.fields, name), f"{each.place}, {name!r}") for each in turns]
        if all(value is None for value in column):
            continue
        if None in column:
            raise ErcBenchError(
                f"{turns[column.index(None)].place}: this turn names no conversation, and others do",
                f"Fill in its {name}.",
            )
        parts.append([str(value) for value in column])
    return list(zip(*parts, strict=True)) if parts else [()] * len(turns)

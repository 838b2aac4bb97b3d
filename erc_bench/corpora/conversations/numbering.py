"""The numbers of utterances: each once in its conversation, and turns read in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from erc_bench.corpora.conversations.conversation import Turn
from erc_bench.corpora.conversations.fields import NONE, REPLY, TIMES, Roles, folded, named, value_of
from erc_bench.corpora.conversations.restarts import remedy, unique_with
from erc_bench.corpora.conversations.turns import PlacedTurn
from erc_bench.errors import ErcBenchError, OptionName

_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)
_PLAIN = re.compile(r"[0-9]{1,19}(\.[0-9]+)?", re.ASCII)
_DATE = "([0-9]{4}-[0-9]{2}-[0-9]{2}[ T])?"
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
_TIME = re.compile(f"{_PLAIN.pattern}|{_DATE}{_CLOCK}", re.ASCII)
_WIDEST_GAPS = 10
"""Numbers that count utterances leave few out; such as name messages anywhere, in no order, leave most."""


def number_of(turn: PlacedTurn, name: str | None) -> str | None:
    """Return the number or name of an utterance as a text; ``None`` where it has none."""
    value = None if name is None else value_of(turn.turn.fields, name)
    if value is None or isinstance(value, (list, dict)):
        return None
    return str(value).strip().removesuffix(".0") or None


def check_unique(groups: Sequence[Sequence[PlacedTurn]], roles: Roles, among: Sequence[PlacedTurn] = ()) -> None:
    """Raise :class:`ErcBenchError` where a conversation has an utterance twice.

    ``among`` are all turns of a file where each says what conversation it is of: the error names the columns that
    would tell them apart.
    """
    if folded(roles.number or "") in TIMES:
        return
    for turns in groups:
        seen: dict[str, PlacedTurn] = {}
        for turn in turns:
            number = number_of(turn, roles.number)
            first = turn if number is None else seen.setdefault(number, turn)
            if first is not turn:
                raise _twice(turn, first, str(number), roles, among)


def _twice(
    turn: PlacedTurn, first: PlacedTurn, number: str, roles: Roles, among: Sequence[PlacedTurn]
) -> ErcBenchError:
    key = "/".join(str(part) for part in roles.key(turn.turn.fields))
    of = f" of conversation {key!r}" if among and key else ""
    said = f"{turn.place}: utterance {number!r}{of} is there twice ({roles.number}), first at {local(first.place)}"
    further = unique_with(among, roles, lambda each: number_of(each, roles.number)) if among else ()
    if further and _say_the_same(among, roles):
        alone = "Keep one row for each utterance: those that are there twice say the same, as of several annotators."
        return ErcBenchError(said, alone)
    if further:
        return ErcBenchError(said, remedy(further, roles))
    file_order = f"{OptionName('utterance_column'):{NONE}} takes the turns as they stand."
    if among and not roles.dialogue and folded(roles.number or "") == "id":
        whole = f"{OptionName('dialogue_columns'):{roles.number}} takes it for the id of a conversation."
        return ErcBenchError(said, f"{whole} {file_order}")
    if among and not roles.dialogue:
        return ErcBenchError(said, f"Add a column dialogue_id that tells conversations apart. {file_order}")
    return ErcBenchError(said, f"Remove the one that is wrong, or number the utterances anew. {file_order}")


def _say_the_same(turns: Sequence[PlacedTurn], roles: Roles) -> bool:
    """Whether utterances that are there twice are so by the same speaker in the same words."""
    first: dict[tuple[Any, ...], Turn] = {}
    for each in turns:
        number = number_of(each, roles.number)
        if number is None:
            continue
        before = first.setdefault((*map(str, roles.key(each.turn.fields)), number), each.turn)
        if (before.speaker, before.text) != (each.turn.speaker, each.turn.text):
            return False
    return True


def local(place: str) -> str:
    """Return a place without the file that it is in."""
    return place.rpartition(", ")[2]


def in_order_of_numbers(turns: Sequence[PlacedTurn], roles: Roles) -> list[int]:
    """Return the positions of the turns of a conversation in the order of their numbers.

    It is the order of the file where the numbers do not count the utterances and the user did not name them.
    """
    numbers = [number_of(turn, roles.number) for turn in turns]
    stay = list(range(len(turns)))
    if roles.number_asked and roles.number is not None:
        return sorted(stay, key=comparable(numbers).__getitem__)
    if not _count_turns(numbers):
        return _after_what_they_answer(turns, numbers)
    return sorted(stay, key=[int(number or 0) for number in numbers].__getitem__)


def are_ordered(turns: Sequence[PlacedTurn], roles: Roles) -> bool:
    """Whether numbers tell the order of the turns of a conversation."""
    return roles.number_asked or _count_turns([number_of(turn, roles.number) for turn in turns])


def _count_turns(numbers: Sequence[str | None]) -> bool:
    if not numbers or not all(number is not None and _WHOLE.fullmatch(number) for number in numbers):
        return False
    counted = [int(number or 0) for number in numbers]
    return max(counted) - min(counted) <= _WIDEST_GAPS * len(counted)


def _after_what_they_answer(turns: Sequence[PlacedTurn], names: Sequence[str | None]) -> list[int]:
    """Return the positions of turns as they stand, but none before the one of its conversation that it answers."""
    place_of = {name: position for position, name in enumerate(names) if name is not None}
    answered = [
        place_of.get(number_of(turn, named(turn.turn.fields, REPLY)) or "", position)
        for position, turn in enumerate(turns)
    ]
    order: dict[int, None] = {}
    for position in range(len(turns)):
        chain: dict[int, None] = {}
        while position not in order and position not in chain:
            chain[position] = None
            position = answered[position]  # noqa: PLW2901 (from an answer to what it answers)
        order |= dict.fromkeys(reversed(chain))
    return list(order)


def newest_first(groups: Sequence[Sequence[PlacedTurn]], roles: Roles) -> str | None:
    """Return the field with times that fall throughout a file; ``None`` where something else tells the order."""
    found, count = None, 0
    for turns in groups:
        if len(turns) > 1 and are_ordered(turns, roles):
            return None
        name, times = _times(turns)
        if len(turns) > 1 and (name is None or any(first < second for first, second in pairwise(times))):
            return None
        found = found or name
        count += sum(second < first for first, second in pairwise(times))
    return found if count > 1 else None


def comparable(values: Sequence[str | None]) -> list[tuple[float, str]]:
    """Return what puts numbers, or else dates and times, in order; what has none comes first."""
    try:
        return [(float("-inf") if value is None else float(value.replace(",", ".")), "") for value in values]
    except ValueError:
        return [(0.0, value or "") for value in values]


def falls(turns: Sequence[PlacedTurn]) -> str | None:
    """Return the field with a time that falls within a conversation, where there is one that can be compared."""
    name, times = _times(turns)
    return name if any(second < first for first, second in pairwise(times)) else None


def _times(turns: Sequence[PlacedTurn]) -> tuple[str | None, list[tuple[float, str]]]:
    """Return the field with the times of turns, and the times as they are compared; none where they cannot be."""
    name = named(turns[0].turn.fields, TIMES) if turns else None
    values = [number_of(turn, name) for turn in turns]
    if not all(value is not None and _TIME.fullmatch(value) for value in values) or len(set(map(_shape, values))) > 1:
        return None, []
    return name, comparable(values)


def _shape(value: str | None) -> str:
    """Return how a time is written: only such as are written alike, in one zone, can be compared as texts."""
    found = None if value is None or _PLAIN.fullmatch(value) else _TIME.fullmatch(value)
    zone = "" if found is None else found["zone"] or ""
    return "" if found is None else re.sub("[0-9]", "0", found[0].removesuffix(zone)) + zone

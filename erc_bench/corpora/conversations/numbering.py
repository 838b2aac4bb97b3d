"""The numbers of utterances: each once in its conversation, and turns read in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from erc_bench.corpora.conversations.fields import NONE, TIMES, Roles, folded, named, value_of
from erc_bench.corpora.conversations.restarts import remedy, unique_with
from erc_bench.corpora.conversations.turns import PlacedTurn
from erc_bench.errors import ErcBenchError, OptionName

_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)
_PLAIN = re.compile(r"[0-9]{1,19}(\.[0-9]+)?", re.ASCII)
_TIME = re.compile(
    r"[0-9]{1,19}(\.[0-9]+)?|([0-9]{4}-[0-9]{2}-[0-9]{2}[ T])?[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?Z?", re.ASCII
)
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
    if further:
        return ErcBenchError(said, remedy(further, roles))
    file_order = f"{OptionName('utterance_column'):{NONE}} takes the turns as they stand."
    if among and not roles.dialogue and folded(roles.number or "") == "id":
        whole = f"{OptionName('dialogue_columns'):{roles.number}} takes it for the id of a conversation."
        return ErcBenchError(said, f"{whole} {file_order}")
    if among and not roles.dialogue:
        return ErcBenchError(said, f"Add a column dialogue_id that tells conversations apart. {file_order}")
    return ErcBenchError(said, f"Remove the one that is wrong, or number the utterances anew. {file_order}")


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
    if not all(number is not None and _WHOLE.fullmatch(number) for number in numbers):
        return stay
    counted = [int(number or 0) for number in numbers]
    if counted and max(counted) - min(counted) > _WIDEST_GAPS * len(counted):
        return stay
    return sorted(stay, key=counted.__getitem__)


def comparable(values: Sequence[str | None]) -> list[tuple[float, str]]:
    """Return what puts numbers, or else dates and times, in order; what has none comes first."""
    try:
        return [(float("-inf") if value is None else float(value.replace(",", ".")), "") for value in values]
    except ValueError:
        return [(0.0, value or "") for value in values]


def falls(turns: Sequence[PlacedTurn]) -> str | None:
    """Return the field with a time that falls within a conversation, where there is one that can be compared."""
    name = named(turns[0].turn.fields, TIMES) if turns else None
    values = [number_of(turn, name) for turn in turns]
    if not all(value is not None and _TIME.fullmatch(value) for value in values) or len(set(map(_shape, values))) > 1:
        return None
    keys = comparable(values)
    return name if any(second < first for first, second in pairwise(keys)) else None


def _shape(value: str | None) -> str:
    """Return how a time is written: only such as are written alike can be compared as texts."""
    return "" if value is None or _PLAIN.fullmatch(value) else re.sub("[0-9]", "0", value)

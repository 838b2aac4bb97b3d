"""Ids of conversations that begin anew: within an episode, a season, a split. Two conversations must not become one."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, combinations

from erc_bench.corpora.conversations.fields import BESIDE, NONE, Roles, folded, value_of
from erc_bench.corpora.conversations.turns import PlacedTurn
from erc_bench.errors import ErcBenchError, OptionName

Key = tuple[str, ...]
_WHOLE = re.compile(r"[0-9]+", re.ASCII)
_MOST_COLUMNS = 12


def check_restarts(turns: Sequence[PlacedTurn], keys: Sequence[Key], roles: Roles) -> None:
    """Raise :class:`ErcBenchError` where an id may stand for several conversations; not for ids that were asked for."""
    if roles.asked:
        return
    _check_scopes(turns, keys, roles)
    if roles.number is None:
        _check_counting(turns, keys, roles)


def _check_scopes(turns: Sequence[PlacedTurn], keys: Sequence[Key], roles: Roles) -> None:
    faults = {}
    for scope in roles.scopes:
        values = [_scalar(turn, scope) for turn in turns]
        if folded(scope).startswith("file") and len(set(values)) == len(values):
            continue  # the recording of each utterance
        first: dict[Key, str] = {}
        for turn, key, value in zip(turns, keys, values, strict=True):
            before = first.setdefault(key, value) if value else value
            if before != value:
                subject = f"conversation {'/'.join(key)!r}" if key else "the one conversation of the file"
                faults[scope] = f"{turn.place}: {subject} has turns of {scope} {before!r} and {value!r}"
                break
    if faults:
        raise ErcBenchError(next(iter(faults.values())), remedy(tuple(faults), roles))


def _check_counting(turns: Sequence[PlacedTurn], keys: Sequence[Key], roles: Roles) -> None:
    """Raise where ids that count conversations fall back to one that was there."""
    if not all(key and _WHOLE.fullmatch(key[-1]) for key in keys):
        return
    seen: set[Key] = set()
    for position, (turn, key) in enumerate(zip(turns, keys, strict=True)):
        if key in seen and key != keys[position - 1]:
            further = unique_with(turns, roles, None)
            raise ErcBenchError(
                f"{turn.place}: conversation {'/'.join(key)!r} begins anew after others ({roles.dialogue[-1]})",
                remedy(further, roles),
            )
        seen.add(key)


def remedy(further: Sequence[str], roles: Roles) -> str:
    """Say how to tell conversations apart by further columns, and how to keep them together."""
    own = ",".join(roles.dialogue) or NONE
    apart = ",".join((*further, *roles.dialogue))
    together = f"{OptionName('dialogue_columns'):{own}} says that these turns are of one conversation."
    if not further:
        return f"Give every conversation an id of its own. {together}"
    kept = f"{OptionName('dialogue_columns'):{apart}} tells the conversations apart"
    return f"{kept}; {together}" if not roles.asked else f"{kept}."


def unique_with(
    turns: Sequence[PlacedTurn], roles: Roles, number: Callable[[PlacedTurn], Hashable] | None
) -> tuple[str, ...]:
    """Return the fewest further columns with which every number of an utterance is unique in its conversation.

    Without numbers: with which the turns of every conversation stand together. Of several choices it is the one that
    makes the fewest conversations; none may be that tells every turn from every other.
    """
    names = dict.fromkeys(chain(roles.scopes, (name for turn in turns for name in turn.turn.fields)))
    used = {roles.text, roles.speaker, roles.number, *roles.dialogue}
    free = [name for name in names if name not in used and folded(name) not in BESIDE][:_MOST_COLUMNS]
    columns = {name: [_scalar(turn, name) for turn in turns] for name in (*free, *roles.dialogue)}
    numbers = None if number is None else [number(turn) for turn in turns]
    for size in (1, 2):
        found: dict[int, tuple[str, ...]] = {}
        for choice in combinations(free, size):
            keys = list(zip(*(columns[name] for name in (*choice, *roles.dialogue)), strict=True))
            count = len(set(keys))
            if count < len(turns) and _apart(keys, numbers):
                found.setdefault(count, choice)
        if found:
            return found[min(found)]
    return ()


def _apart(keys: Sequence[Hashable], numbers: Sequence[Hashable] | None) -> bool:
    if numbers is not None:
        pairs = [pair for pair in zip(keys, numbers, strict=True) if pair[1] is not None]
        return len(set(pairs)) == len(pairs)
    return len(set(keys)) == sum(1 for _ in _runs(keys))


def _runs(keys: Sequence[Hashable]) -> Iterable[int]:
    return (position for position, key in enumerate(keys) if position == 0 or key != keys[position - 1])


def _scalar(turn: PlacedTurn, name: str) -> str:
    value = value_of(turn.turn.fields, name)
    return "" if value is None or isinstance(value, (list, dict)) else str(value).strip()

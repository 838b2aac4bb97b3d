"""What a user should know of the reading of a file: fields that were not read, and what was taken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from erc_bench.corpora.conversations.conversation import Turn
from erc_bench.corpora.conversations.fields import Roles, folded, unread
from erc_bench.corpora.conversations.numbering import are_ordered, falls, local, number_of
from erc_bench.corpora.conversations.turns import PlacedTurn, is_picture
from erc_bench.errors import OptionName

Key = tuple[str, ...]
_FEW = 2
_INSTRUCTING = ("system", "developer", "tool", "function")


def told_empty(keys: Sequence[Key], roles: Roles) -> list[str]:
    """Say where no turn names its conversation in the fields that are for that."""
    if not roles.dialogue or any(keys):
        return []
    return [f"{', '.join(roles.dialogue)} is empty throughout: all {len(keys)} turns are one conversation"]


def told_unnumbered(turns: Sequence[PlacedTurn], roles: Roles) -> list[str]:
    """Say how many turns have no number, where others have one: nothing is put in order then."""
    count = sum(number_of(turn, roles.number) is None for turn in turns)
    if roles.number is None or roles.number_asked or count in (0, len(turns)):
        return []
    return [f"{'1 turn has' if count == 1 else f'{count} turns have'} no {roles.number}: read as they stand"]


def told_together(keys: Sequence[Key], roles: Roles) -> list[str]:
    """Say that several columns make an id together, where the last of them would not do alone."""
    if roles.asked or len(set(keys)) == len({key[-1:] for key in keys}):
        return []
    return [f"a conversation is identified by {', '.join(roles.dialogue)} together"]


def told_apart(turns: Sequence[PlacedTurn], keys: Sequence[Key]) -> list[str]:
    """Say which conversations go on after turns of others."""
    seen: set[Key] = set()
    back: dict[Key, int] = {}
    for position, key in enumerate(keys):
        if key in seen and key != keys[position - 1]:
            back.setdefault(key, position)
        seen.add(key)
    if not back:
        return []
    key, position = next(iter(back.items()))
    count = "1 conversation" if len(back) == 1 else f"{len(back)} conversations"
    where = f"{'/'.join(key)!r} goes on at {local(turns[position].place)}"
    return [f"the turns of {count} do not stand together ({where}): each is taken for one"]


def told_unread(turns: Sequence[PlacedTurn], roles: Roles, beside: Iterable[str] = (), alone: bool = True) -> list[str]:
    """Name the fields that were not read, and what was not found among them.

    ``beside`` are fields of conversations that were not read; ``alone`` says that turns stand by themselves, so
    that their fields name the conversation.
    """
    scopes = roles.scopes if roles.dialogue else ()  # looked at: each has one value in a conversation
    read = (roles.number, roles.label, *roles.dialogue, *scopes, *(name for turn in turns for name in turn.read))
    names = unread((*beside, *(name for turn in turns for name in turn.turn.fields)), read)
    if not names:
        return []
    one = alone and not roles.dialogue and not roles.asked and len(turns) > 1
    said = f"; no field names the conversation: all {len(turns)} turns are one ({OptionName('dialogue_columns'):NAME})"
    return [f"not read: {', '.join(names)}{said if one else ''}"]


def told_moved(count: int, groups: Sequence[Sequence[PlacedTurn]], roles: Roles, times: str | None = None) -> list[str]:
    """Say of how many conversations the turns stood in another order; ``times`` put them in theirs, or else numbers."""
    if not count:
        return []
    subject = "1 conversation" if count == 1 else f"{count} conversations"
    if times is not None:
        return [f"{times} falls throughout: the turns of {subject} are read from the last to the first"]
    if not roles.number_asked and not any(are_ordered(turns, roles) for turns in groups):
        return [f"turns of {subject} stand before those that they answer: read after them"]
    return [f"the turns of {subject} are not in the order of {roles.number}: read in that order"]


def told_nobody(turns: Sequence[PlacedTurn]) -> list[str]:
    """Say how many turns name no speaker."""
    count = sum(not turn.turn.speaker for turn in turns)
    if not count:
        return []
    if count == len(turns):
        fields = any(set(turn.turn.fields) - set(turn.read) for turn in turns)
        return [
            f"no turn names a speaker ({OptionName('speaker_column'):NAME})" if fields else "no turn names a speaker"
        ]
    return [f"{'1 turn names' if count == 1 else f'{count} turns name'} no speaker: taken for nobody's"]


def told_times(groups: Sequence[Sequence[PlacedTurn]], roles: Roles) -> list[str]:
    """Say where the times of turns fall that nothing numbers."""
    fallen = [name for turns in groups if not are_ordered(turns, roles) and (name := falls(turns)) is not None]
    if not fallen:
        return []
    count = "1 conversation" if len(fallen) == 1 else f"{len(fallen)} conversations"
    said = f"{fallen[0]} falls within {count}: the turns are read as they stand"
    return [f"{said} ({format(OptionName('utterance_column'), fallen[0])} puts them in its order)"]


def told_numbers(turns: Sequence[PlacedTurn]) -> list[str]:
    """Say where what was taken for the text is a number in every turn."""
    if len(turns) < _FEW or not all(turn.read and turn.turn.text.strip().isdecimal() for turn in turns):
        return []
    said = f"what is taken for the text ({turns[0].read[0]}) holds nothing but numbers"
    return [f"{said}; {OptionName('text_column'):NAME} names another"]


def told_parts(turns: Sequence[PlacedTurn]) -> list[str]:
    """Say how many turns have parts beside words, such as pictures."""
    parts = [turn.turn.fields[turn.read[0]] for turn in turns if turn.has_text and turn.read]
    count = sum(any(map(is_picture, each)) for each in parts if isinstance(each, list))
    return (
        [f"{'1 turn has' if count == 1 else f'{count} turns have'} parts that are no text: left out"] if count else []
    )


def told_instructions(turns: Sequence[PlacedTurn]) -> list[str]:
    """Say how many turns of a talk with a language model are by neither side."""
    speakers = Counter(folded(turn.turn.speaker) for turn in turns)
    count = sum(speakers[each] for each in _INSTRUCTING)
    if not count or not speakers.keys() & {"assistant", "gpt", "model"}:
        return []
    said = "1 turn is" if count == 1 else f"{count} turns are"
    return [f"{said} by {' or '.join(each for each in _INSTRUCTING if speakers[each])}: read as if it were said"]


def told_wordless(turns: Iterable[Turn]) -> list[str]:
    """Say how many turns have no words, such as pictures and calls."""
    count = sum(not turn.text.strip() for turn in turns)
    return (
        [f"{'1 turn has' if count == 1 else f'{count} turns have'} no words: labels of such say nothing"]
        if count
        else []
    )


def told_speakers(turns: Sequence[PlacedTurn]) -> list[str]:
    """Say how many turns name several speakers."""
    count = sum(bool(turn.further_speakers) for turn in turns)
    if not count:
        return []
    return [f"{'1 turn names' if count == 1 else f'{count} turns name'} several speakers: the first is taken"]

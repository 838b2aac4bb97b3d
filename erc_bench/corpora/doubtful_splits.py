"""Warn of splits that can be read and are hardly meant: turns out of order, dialogues in two splits, equal splits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.types import Dialogue, SplitName, Splits

WORD = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"(?P<name>.*?)(?P<number>[0-9]{1,18})", re.DOTALL)

PAIRS: tuple[tuple[SplitName, SplitName], ...] = (("train", "dev"), ("train", "test"), ("dev", "test"))
"""Each split with those before it."""


def warnings(dataset_class: type[Dataset], splits: Splits) -> list[str]:
    """Say which dialogues have their turns out of order, and which splits share dialogues beyond the known ones."""
    return [*_out_of_order(splits), *_shared(dataset_class, splits)]


def _out_of_order(splits: Splits) -> Iterator[str]:
    for split, dialogues in splits.items():
        found = [dialogue.id for dialogue in dialogues if _falls(dialogue)]
        if found:
            yield (
                f"turns of {len(found)} of {len(dialogues)} dialogues in {split} are out of order by the numbers of"
                f" their ids, first in dialogue {found[0]}: as context each model reads what was said later"
            )


def _falls(dialogue: Dialogue) -> bool:
    """Whether the numbers of the turns' ids fall somewhere; ids that are not numbered alike say nothing."""
    ids = [_NUMBERED.fullmatch(turn.id) for turn in dialogue.utterances]
    numbers = [int(found["number"]) for found in ids if found]
    if len(numbers) < len(ids) or len({found["name"] for found in ids if found}) > 1:
        return False
    return numbers != sorted(numbers)


def _shared(dataset_class: type[Dataset], splits: Splits) -> Iterator[str]:
    members = dict(splits.items())
    texts = {split: [dialogue_text(dialogue) for dialogue in dialogues] for split, dialogues in members.items()}
    for earlier, later in PAIRS:
        if sorted(texts[earlier]) == sorted(texts[later]):
            yield f"{earlier} and {later} hold the same dialogues"
            continue
        before = set(texts[earlier])
        shared = [
            dialogue.id
            for dialogue, text in zip(members[later], texts[later], strict=True)
            if len(dialogue.utterances) > 1 and text in before
        ]
        known = dataset_class.known_repeats.get(f"{later} in {earlier}", 0)
        if len(shared) > known:
            more = f", {known} of them in the published corpus" if known else ""
            yield f"{len(shared)} dialogues of {later} are in {earlier} as well, first dialogue {shared[0]}{more}"


def dialogue_text(dialogue: Dialogue) -> str:
    """Return the words of a dialogue, a line for each turn, as dialogues are compared: without case or punctuation."""
    return "\n".join("".join(words_of(turn.text)) for turn in dialogue.utterances)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as texts are compared: in lower case, without punctuation."""
    return tuple(WORD.findall(text.casefold()))


def whole_texts(dialogues: Sequence[Dialogue]) -> list[str]:
    """Return the texts of the dialogues with more than one turn; what is said alone is said everywhere."""
    return [dialogue_text(dialogue) for dialogue in dialogues if len(dialogue.utterances) > 1]

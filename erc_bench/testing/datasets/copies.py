"""Checks for repetitions: dialogues, runs of turns, turns said twice over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from erc_bench.contracts.types import Dialogue, SplitName
from erc_bench.corpora.verify import overlap, repeats
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.findings import Check

_WORD = re.compile(r"[^\W_]+")
_LONG = 6
"""Words of a passage, at least: shorter ones are said everywhere."""
_FEW = 20
_COPIED = 0.5
"""Share of the passages of dev or test that may stand in an earlier split. DailyDialog, of which a seventh of the test
dialogues does, has .24; MELD and EmoryNLP have .02 or less."""
_TWICE = 0.05
"""Share of the turns that may repeat the turn before, by the same speaker. MELD has .002."""


def _disjoint(trial: DatasetTrial) -> str:
    shared: Counter[str] = Counter()
    long: dict[str, Counter[str]] = {"dev": Counter(), "test": Counter()}
    for each in overlap(trial.splits):
        shared[f"{each.later} in {each.earlier}"] += each.dialogues
        if each.earlier == "train":
            long[each.later].update(said=each.long_utterances, all=each.all_long_utterances)
    told = _within_known(trial, shared, "repeat an earlier split")
    copied = _passages_copied(trial)
    said = "; ".join(
        f"{split}: {counts['said']} of {counts['all']} longer utterances and {copied[split]:.0%} of passages in train"
        for split, counts in long.items()
    )
    return f"{told}; {said}"


def _passages_copied(trial: DatasetTrial) -> dict[str, float]:
    """Return how much of dev and of test stands in train; raise ``AssertionError`` where a split is mostly a copy."""
    splits = dict(trial.splits.items())
    passages = {split: list(_passages(dialogues)) for split, dialogues in splits.items()}
    shares: dict[str, float] = {}
    pairs: tuple[tuple[SplitName, SplitName], ...] = (("dev", "train"), ("test", "dev"), ("test", "train"))
    for later, earlier in pairs:
        known, own = set(passages[earlier]), passages[later]
        found = sum(passage in known for passage in own)
        shares[later] = found / len(own) if own else 0.0
        whole = trial.component.known_repeats.get(f"{later} in {earlier}", 0) / max(1, len(splits[later]))
        assert len(own) < _FEW or shares[later] <= _COPIED + whole, (
            f"{trial.name}: {found} of {len(own)} passages of {later} (two turns in a row) stand word for word in "
            f"{earlier}: its dialogues are parts or near copies of those"
        )
    return shares


def _passages(dialogues: Sequence[Dialogue]) -> Iterator[str]:
    """Yield the text of any two turns in a row, and of a turn that is alone, where it has a few words."""
    for dialogue in dialogues:
        turns = [_plain(turn.text) for turn in dialogue.utterances]
        runs = turns if len(turns) == 1 else [f"{one} / {other}" for one, other in pairwise(turns)]
        yield from (run for run in runs if len(_WORD.findall(run)) >= _LONG)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _duplicates(trial: DatasetTrial) -> str:
    found = {split: repeats(dialogues) for split, dialogues in trial.splits.items()}
    told = _within_known(trial, {split: each.dialogues for split, each in found.items()}, "repeat one of their split")
    long = ", ".join(f"{split} {each.long_utterances}" for split, each in found.items())
    return f"{told}; longer utterances that come again: {long}; turns said twice over: {_said_twice(trial)}"


def _said_twice(trial: DatasetTrial) -> str:
    told = []
    for split, dialogues in trial.splits.items():
        turns = [_twice_over(dialogue) for dialogue in dialogues]
        twice, all_turns = sum(map(sum, turns)), sum(map(len, turns))
        assert twice < _FEW or twice <= _TWICE * all_turns, (
            f"{trial.where(split)}: {twice} of {all_turns} turns say again, word for word, what the same speaker has "
            "just said"
        )
        told.append(f"{split} {twice}")
    return ", ".join(told)


def _twice_over(dialogue: Dialogue) -> list[bool]:
    return [
        one.speaker == other.speaker and _plain(one.text) == _plain(other.text) != ""
        for one, other in pairwise(dialogue.utterances)
    ]


def _within_known(trial: DatasetTrial, found: dict[SplitName, int] | Counter[str], what: str) -> str:
    """Compare repetitions with those that the dataset knows of; raise ``AssertionError`` for more."""
    known = trial.component.known_repeats
    for where, number in found.items():
        expected = known.get(where, 0)
        remedy = f"known_repeats says {expected}" if expected else "if it was published so, say it in known_repeats"
        assert number <= expected, f"{trial.name}: {number} dialogue(s) of {where} {what}; {remedy}"
    told = ", ".join(f"{number} of {where}" for where, number in found.items() if number)
    return f"dialogues that {what}, as known_repeats says: {told}" if told else f"no dialogues {what}"


COPY_CHECKS: tuple[Check[DatasetTrial], ...] = (
    Check(
        "disjoint splits",
        "The texts of dev and test are looked for in the earlier splits: whole dialogues, and two turns in a row.",
        "A dialogue that was trained on measures memory: 149 of DailyDialog's 1000 test dialogues stand in train.",
        _disjoint,
    ),
    Check(
        "duplicates",
        "The dialogues of each split are looked for among those before them, and each turn before itself.",
        "What is there twice counts twice, and tests that take dialogues for independent say too much.",
        _duplicates,
    ),
)

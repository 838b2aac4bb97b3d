"""Checks of the order of labels and of the scored part: nothing sorted, no class left out of dev or test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise

from erc_bench.contracts.types import Dialogue
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.findings import Check

_ENOUGH_DIALOGUES = 10
_SORTED = 0.8
"""Share of the dialogues (four scored turns or more, two labels or more) in which each label stands in one run. In
conversations an emotion lasts: .45 in DailyDialog, .18 in MELD."""
_ONE_ORDER = 0.9
"""Share of such pairs of runs that come in the same order in all dialogues: a segment may be angry before it is sad."""
_ENOUGH_IN_A_ROW = 30
_ALIKE = 0.7
"""How far neighbours in a split may have the same commonest label beyond chance, 1 being always; .11 at most in
published corpora."""
_EXPECTED = 20
"""Turns of a label that a split should have, by its share in train."""


def _label_order(trial: DatasetTrial) -> str:
    told = []
    for split, dialogues in trial.splits.items():
        labels = [_labels(dialogue) for dialogue in dialogues]
        several = [own for own in labels if len(own) >= 4 and len(set(own)) > 1]
        runs = [list(dict.fromkeys(own)) for own in several if _changes(own) == len(set(own)) - 1]
        sorted_turns = len(several) >= _ENOUGH_DIALOGUES and len(runs) > _SORTED * len(several)
        assert not (sorted_turns and _in_one_order(runs) > _ONE_ORDER), (
            f"{trial.where(split)}: in {len(runs)} of {len(several)} dialogues the turns stand in the order of their "
            "labels: keep them as they were said"
        )
        alike = _alike([_commonest(own) for own in labels if own])
        assert alike <= _ALIKE, (
            f"{trial.where(split)}: dialogues stand in the order of their labels; bring them into another one, by "
            "their ids or by a seed that is fixed"
        )
        told.append(f"{split} {len(runs)} of {len(several)}")
    return f"dialogues in which each label has one run: {', '.join(told)}; no split is sorted by label"


def _scored_classes(trial: DatasetTrial) -> str:
    (_, train), *later = trial.splits.items()
    scored, turns = _scored(train), _turns(train)
    for split, dialogues in later:
        found, all_turns = _scored(dialogues), _turns(dialogues)
        unscored = 1 - found.total() / all_turns - (1 - scored.total() / turns)
        for label, number in scored.items():
            expected = number / turns * all_turns
            left_out = expected >= _EXPECTED and found[label] <= expected / 10 and unscored >= number / turns / 2
            assert not left_out, (
                f"{trial.where(split)}: {found[label]} turns of the class {label!r} are scored, by its share in train "
                f"there should be {expected:.0f}, and {unscored:.0%} more turns than in train are not scored"
            )
    told = ", ".join(f"{split} {_scored(own).total()} of {_turns(own)}" for split, own in trial.splits.items())
    return f"scored turns: {told}; no class is left out of dev or test alone"


def _labels(dialogue: Dialogue) -> list[str]:
    """Return the labels of the scored turns, in their order."""
    return [str(dialogue.utterances[position].label) for position in dialogue.targets()]


def _changes(labels: Sequence[str]) -> int:
    return sum(one != other for one, other in pairwise(labels))


def _in_one_order(runs: Sequence[Sequence[str]]) -> float:
    """Return the share of pairs of labels that come in the order which is the commoner one for them."""
    before = Counter(pair for own in runs for pair in combinations(own, 2))
    commoner = sum(max(count, before[other, one]) for (one, other), count in before.items() if one < other)
    commoner += sum(count for (one, other), count in before.items() if one > other and not before[other, one])
    return commoner / max(1, before.total())


def _alike(labels: Sequence[str]) -> float:
    """Return how often neighbours are equal beyond chance, from 0 (or less) to 1; 0 where there are too few."""
    shares = [count / len(labels) for count in Counter(labels).values()]
    chance = sum(share**2 for share in shares)
    if len(labels) < _ENOUGH_IN_A_ROW or len(shares) < 2:
        return 0.0
    return (1 - _changes(labels) / (len(labels) - 1) - chance) / (1 - chance)


def _commonest(labels: Sequence[str]) -> str:
    return Counter(labels).most_common(1)[0][0]


def _scored(dialogues: Sequence[Dialogue]) -> Counter[str]:
    return Counter(label for dialogue in dialogues for label in _labels(dialogue))


def _turns(dialogues: Sequence[Dialogue]) -> int:
    return sum(len(dialogue.utterances) for dialogue in dialogues)


SEQUENCE_CHECKS: tuple[Check[DatasetTrial], ...] = (
    Check(
        "label order",
        "The labels of each dialogue, and those of dialogues in a row, are looked through for an order.",
        "Sorted turns do not form a conversation, and their neighbours tell their label; of a sorted split the "
        "first dialogues, which --limit takes, are of one class.",
        _label_order,
    ),
    Check(
        "scored classes",
        "The scored turns of each class in dev and test are held against its share in train.",
        "A hard class that is trained on and not scored in test raises every number, and no table shows it.",
        _scored_classes,
    ),
)

"""The seal and the canary: checks that no test label finds its way into an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from erc_bench.contracts.types import Dialogue, Splits, UtteranceKey

Answers = Mapping[UtteranceKey, Any]


def check_sealed(dialogues: Sequence[Dialogue]) -> None:
    """No turn has a label.

    Raises ``AssertionError`` naming the first that has one.
    """
    for dialogue in dialogues:
        for position, utterance in enumerate(dialogue.utterances):
            where = f"dialogue {dialogue.id!r}, position {position}"
            assert utterance.label is None, f"{where}: the label {utterance.label!r} is still there"


def check_canary(answer: Callable[[Splits], Answers], splits: Splits) -> None:
    """The answers for test stay the same to the last bit when the labels of test are permuted.

    ``answer`` trains and predicts as the runner would, from splits with all their labels. Raises
    ``AssertionError`` naming the first answer that changed.
    """
    before = answer(splits)
    after = answer(replace(splits, test=permuted_labels(splits.test)))
    assert before.keys() == after.keys(), "other utterances are answered when the labels of test are permuted"
    for (dialogue, position), scores in before.items():
        same = np.array_equal(np.asarray(scores), np.asarray(after[dialogue, position]))
        where = f"dialogue {dialogue!r}, position {position}"
        assert same, f"the answer for {where} changes when the labels of test are permuted: a test label is read"


def permuted_labels(dialogues: Sequence[Dialogue], seed: int = 0) -> tuple[Dialogue, ...]:
    """Return the dialogues with the labels of their scored turns dealt anew.

    Raises ``AssertionError`` where that changes nothing, so that a canary cannot be deaf.
    """
    labels = [dialogue.utterances[index].label for dialogue in dialogues for index in dialogue.targets()]
    dealt = list(labels)
    Random(seed).shuffle(dealt)
    assert dealt != labels, "permuting the labels changes nothing: use a split with several labels"
    rest = iter(dealt)
    return tuple(
        replace(
            dialogue,
            utterances=tuple(replace(turn, label=next(rest)) if turn.scored else turn for turn in dialogue.utterances),
        )
        for dialogue in dialogues
    )

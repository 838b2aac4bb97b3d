"""The sealed test split: what a method receives, and what only the runner holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.contracts.types import Dialogue, UtteranceKey


def seal(dialogues: Sequence[Dialogue]) -> tuple[Dialogue, ...]:
    """Return the dialogues without labels; which turns are scored stays."""
    return tuple(
        replace(dialogue, utterances=tuple(replace(utterance, label=None) for utterance in dialogue.utterances))
        for dialogue in dialogues
    )


def gold_labels(dialogues: Sequence[Dialogue]) -> dict[UtteranceKey, str]:
    """Return the labels of all scored utterances, in order."""
    gold = {}
    for dialogue in dialogues:
        for index in dialogue.targets():
            label = dialogue.utterances[index].label
            assert label is not None
            gold[dialogue.id, index] = label
    return gold

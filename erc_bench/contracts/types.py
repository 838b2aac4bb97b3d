"""The data that flow between the parts: utterances, dialogues, splits. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

SplitName = Literal["train", "dev", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = ("train", "dev", "test")

UtteranceKey = tuple[str, int]
"""(dialogue id, position of the utterance in its dialogue, from 0): names one utterance of a split."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One turn of a dialogue.

    ``label`` is ``None`` for a turn without a label of the task, and for every turn of a sealed
    split. ``scored`` says whether the turn is a target of the task; it survives the seal.
    """

    speaker: str
    text: str
    label: str | None = None
    scored: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Utterances in the order in which they were said.

    ``id`` is unique within a split. ``slice`` names a part of the corpus that is worth reporting
    apart (IEMOCAP: ``scripted`` or ``improvised``). ``episode``, ``session`` and ``script`` name a group of
    dialogues, so that tests can treat groups rather than dialogues as independent; a dialogue without a script,
    where others have one, is a group of its own. ``people`` are (name, person) of speakers whose name is not one
    and the same person's in every dialogue: tables by speaker show the person, and no model reads it.
    """

    id: str
    utterances: tuple[Utterance, ...]
    slice: str = ""
    episode: str = ""
    session: str = ""
    script: str = ""
    people: tuple[tuple[str, str], ...] = ()

    def targets(self) -> tuple[int, ...]:
        """Positions of the utterances that the task scores."""
        return tuple(i for i, utterance in enumerate(self.utterances) if utterance.scored)


@dataclass(frozen=True, slots=True)
class Splits:
    """The three fixed splits of a corpus."""

    train: tuple[Dialogue, ...]
    dev: tuple[Dialogue, ...]
    test: tuple[Dialogue, ...]

    def items(self) -> Iterator[tuple[SplitName, tuple[Dialogue, ...]]]:
        """Yield the splits in the order train, dev, test."""
        yield "train", self.train
        yield "dev", self.dev
        yield "test", self.test

    def limited(self, dialogues: int | None) -> Splits:
        """Return the first ``dialogues`` dialogues of each split (all of them for ``None``)."""
        if dialogues is None:
            return self
        return Splits(self.train[:dialogues], self.dev[:dialogues], self.test[:dialogues])


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

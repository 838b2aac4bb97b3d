"""The check that nothing gives the labels away: one cheap cue at a time, learnt on train."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from erc_bench.contracts.types import Dialogue
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.findings import Check, NotApplicableError

_GIVEN_AWAY = 0.8
"""Share of the commonest label's errors that a cue alone may get right. In MELD and EmoryNLP punctuation does
best, with .14, in DailyDialog the first word, with .05; in the artificial demo the last word, with up to .66."""
_ENOUGH = 60
"""Turns of a split that have a cue: of fewer a share means little."""
_PART = re.compile(r"[^\W\d_]+|\d+")
_OPENING = re.compile(r"[\W_]*")
_ENDING = re.compile(r"[\W_]*$")

Cue = tuple[str, object]
"""A name and a description of each cue."""


@dataclass(frozen=True)
class _Found:
    """How often a cue alone is right among the turns that have it, and how often the commonest label is."""

    cue: str
    right: int
    commonest: int
    turns: int

    @property
    def gain(self) -> float:
        """Of the commonest label's errors, the share that the cue gets right."""
        return (self.right - self.commonest) / max(1, self.turns - self.commonest)


def _cues(trial: DatasetTrial) -> str:
    learnt, commonest = _learnt(trial.splits.train)
    told = []
    for split, dialogues in (("dev", trial.splits.dev), ("test", trial.splits.test)):
        found = [each for each in _found(dialogues, learnt, commonest) if each.turns >= _ENOUGH]
        if not found:
            continue
        best = max(found, key=lambda each: each.gain)
        assert best.gain <= _GIVEN_AWAY, (
            f"{trial.name}: {best.cue} alone tells the label of {best.right} of {best.turns} turns of {split}, as "
            f"learnt on train; {commonest!r} alone is right for {best.commonest}: it gives the label away"
        )
        told.append(f"{split} {best.cue}, {best.gain:.0%}")
    if not told:
        raise NotApplicableError(f"dev and test have fewer than {_ENOUGH} scored turns: a share would mean nothing")
    return f"of what {commonest!r} alone gets wrong, the best cue gets right: {'; '.join(told)}"


def _learnt(train: Sequence[Dialogue]) -> tuple[dict[Cue, str], str]:
    """Return the commonest label of train among the turns that have a cue, and that of all turns."""
    labels: dict[Cue, Counter[str]] = defaultdict(Counter)
    every: Counter[str] = Counter()
    for cues, label in _scored(train):
        every[label] += 1
        for cue in cues:
            labels[cue][label] += 1
    return {cue: _commonest(counts) for cue, counts in labels.items()}, _commonest(every)


def _found(dialogues: Sequence[Dialogue], learnt: dict[Cue, str], commonest: str) -> list[_Found]:
    turns, right, plain = Counter[str](), Counter[str](), Counter[str]()
    for cues, label in _scored(dialogues):
        for name, value in cues:
            turns[name] += 1
            right[name] += learnt.get((name, value), commonest) == label
            plain[name] += label == commonest
    return [_Found(name, right[name], plain[name], turns[name]) for name in turns]


def _scored(dialogues: Sequence[Dialogue]) -> Iterator[tuple[list[Cue], str]]:
    for dialogue in dialogues:
        for position in dialogue.targets():
            label = dialogue.utterances[position].label
            if label is not None:
                yield list(_cues_of(dialogue, position)), label


def _cues_of(dialogue: Dialogue, position: int) -> Iterator[Cue]:
    """Yield the visible properties of a turn, without reading its text."""
    turns = dialogue.utterances
    yield from _of_text(turns[position].text, "")
    if position:
        yield from _of_text(turns[position - 1].text, " of the turn before")
    if position + 1 < len(turns):
        yield from _of_text(turns[position + 1].text, " of the turn after")
    yield "the speaker", turns[position].speaker
    yield "the position", position
    yield "the number of turns that follow", len(turns) - position
    yield from _of_name(turns[position].id, "the id of the utterance")
    yield from _of_name(dialogue.id, "the id of the dialogue")
    for start, place in ((0, position), (len(dialogue.id) - len(turns), len(dialogue.id) - len(turns) + position)):
        # One letter for each turn, at the beginning of the id or at its end.
        if start >= 0 and place < len(dialogue.id):
            yield f"the letter of the dialogue's id for the turn, from letter {min(start, 1)}", dialogue.id[place]
    for name in ("slice", "episode", "session", "script"):
        if getattr(dialogue, name):
            yield f"the {name}", getattr(dialogue, name)


def _of_text(text: str, where: str) -> Iterator[Cue]:
    words = text.casefold().split()
    if words:
        yield f"the first word{where}", words[0]
        yield f"the last word{where}", words[-1]
    opening, ending = _OPENING.match(text), _ENDING.search(text)
    yield f"the punctuation at the beginning{where}", opening and opening.group()
    yield f"the punctuation at the end{where}", ending and ending.group()
    yield f"the case of the letters{where}", (text.isupper(), text.islower(), text.istitle())


def _of_name(name: str, what: str) -> Iterator[Cue]:
    parts = _PART.findall(name.casefold())
    for number, part in enumerate(parts, start=1):
        yield f"part {number} of {what}", part


def _commonest(labels: Counter[str]) -> str:
    # Of equally common ones the first by name, so that a result does not hang on the order of the files.
    return min(labels, key=lambda label: (-labels[label], label)) if labels else ""


CUE_CHECKS: tuple[Check[DatasetTrial], ...] = (
    Check(
        "cues",
        "First and last word of a turn and of its neighbours, punctuation, case, speaker, position, ids: what each of "
        "them alone, as learnt on train, tells of the labels of dev and test.",
        "What a converter left behind, or a file's name, is all that a model needs; it will not be there in anybody's "
        "own conversations.",
        _cues,
    ),
)

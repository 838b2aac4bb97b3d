"""The check that an encoder sees the future only where it says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from erc_bench.contracts.component import sees_future
from erc_bench.contracts.encoder import Encoder
from erc_bench.contracts.types import Dialogue, seal
from erc_bench.testing.dialogues import say_more, toy_dialogues
from erc_bench.testing.encoders.encoder_runs import (
    TOLERANCE,
    EncoderSubject,
    Represented,
    begun,
    examples_of,
    largest_change,
    represent,
)
from erc_bench.testing.findings import Check


def _future(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    changes = [
        (*largest_change(past, after), what)
        for dialogue in seal(toy_dialogues())
        if dialogue.targets()
        for past, after, what in _futures(encoder, dialogue)
    ]
    change, where, what = max(changes)
    dialogues = len(toy_dialogues())
    if sees_future(subject.component, subject.options):
        seen = sum(found > TOLERANCE for found, _, _ in changes)
        told = f"it says that it sees the future, and {seen} of {len(changes)} changes of later turns are felt"
        return told if seen else f"{told}: as far as was tried it sees none, and tables mark it all the same"
    unseen = change <= TOLERANCE
    assert unseen, (
        f"a representation changes when later turns are {what}, by {change:.1e} ({where}); "
        "if it may, declare sees_future"
    )
    return f"largest change {change:.1e} of an earlier utterance in {dialogues} dialogues, {len(changes)} changes"


def _futures(encoder: Encoder, dialogue: Dialogue) -> Iterator[tuple[Represented, Represented, str]]:
    """Yield representations of a dialogue's past before and after its future was changed, and how it was."""
    before = represent(encoder, examples_of(encoder, [dialogue]))
    targets = dialogue.targets()
    for last in sorted({targets[0], targets[len(targets) // 2], targets[-1]}):
        past = {key: z for key, z in before.items() if key[1] <= last}
        for what, change in _CHANGES.items():
            yield past, represent(encoder, examples_of(encoder, [change(dialogue, last)])), what


def _removed(dialogue: Dialogue, last: int) -> Dialogue:
    return replace(dialogue, utterances=dialogue.utterances[: last + 1])


def _rewritten(dialogue: Dialogue, last: int) -> Dialogue:
    later = tuple(replace(say_more(turn), speaker="Z") for turn in dialogue.utterances[last + 1 :])
    return replace(dialogue, utterances=dialogue.utterances[: last + 1] + later)


def _added(dialogue: Dialogue, last: int) -> Dialogue:
    return replace(dialogue, utterances=dialogue.utterances + (say_more(dialogue.utterances[last]),) * 2)


_CHANGES = {"removed": _removed, "rewritten": _rewritten, "added": _added}

FUTURE_CHECKS: tuple[Check[EncoderSubject], ...] = (
    Check(
        "future",
        "Later turns are removed, rewritten and added; earlier representations are compared.",
        "Most published systems read both directions and stand in one table with those that read the past alone; "
        "centres or clusters of a whole dialogue carry its end to its beginning.",
        _future,
    ),
)

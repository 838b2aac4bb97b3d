"""Invented dialogues with everything that readers and encoders stumble over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.testing.toy import LABELS

_LINES = (
    "Hello, where have you been?",
    "At home. The phone was dead, so I came as soon as I could.",
    "Oh no!",
    "Yes.",
    "I am so happy that you are here, really, I thought you would never come back to me.",
    "",
    "What?",
    "Nothing, nothing at all. Leave it.",
)


def toy_dialogues() -> tuple[Dialogue, ...]:
    """Return dialogues of one turn and of many, with unlabelled turns, an empty text and a repeated one."""
    return (
        _dialogue("several", 8),
        _dialogue("one turn", 1),
        _dialogue("partly labelled", 7, unlabelled=(0, 3, 6)),
        _dialogue("no target", 3, unlabelled=(0, 1, 2)),
        _dialogue("long", 20, unlabelled=(1, 2, 3, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17)),
        Dialogue("monologue", (_turn("Yes.", 0), _turn("Yes.", 1), _turn(" ".join(_LINES * 12), 2))),
    )


def mapped(dialogue: Dialogue, change: Callable[[Utterance], Utterance]) -> Dialogue:
    """Return the dialogue with every turn changed."""
    return replace(dialogue, utterances=tuple(map(change, dialogue.utterances)))


def say_more(utterance: Utterance) -> Utterance:
    """Return the utterance with other words around its own."""
    return replace(utterance, text=f"No, no! {utterance.text} I came home alone.")


def relabelled(dialogue: Dialogue) -> Dialogue:
    """Return the dialogue with another label wherever there is one."""

    def next_label(utterance: Utterance) -> Utterance:
        if utterance.label is None:
            return utterance
        return replace(utterance, label=LABELS[(LABELS.index(utterance.label) + 1) % len(LABELS)])

    return mapped(dialogue, next_label)


def _dialogue(name: str, turns: int, unlabelled: tuple[int, ...] = ()) -> Dialogue:
    lines = [_LINES[(position + len(name)) % len(_LINES)] for position in range(turns)]
    return Dialogue(
        name,
        tuple(
            _turn(line, position, speaker="ABA"[position % 3], labelled=position not in unlabelled)
            for position, line in enumerate(lines)
        ),
    )


def _turn(text: str, position: int, speaker: str = "A", labelled: bool = True) -> Utterance:
    label = LABELS[position % len(LABELS)] if labelled else None
    return Utterance(speaker, text, label, scored=labelled, id=str(position))

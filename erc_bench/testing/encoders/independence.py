"""Checks of the independence of representations: from chance, labels, batch, other dialogues, padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import torch

from erc_bench.contracts.encoder import Encoder
from erc_bench.contracts.types import Dialogue, seal
from erc_bench.testing.dialogues import mapped, relabelled, say_more, toy_dialogues
from erc_bench.testing.encoders.encoder_runs import (
    ALL_TOGETHER,
    ONE_BY_ONE,
    EncoderSubject,
    Represented,
    begun,
    examples_of,
    must_be_same,
    place,
    represent,
    run_states,
    unpadded_states,
)
from erc_bench.testing.findings import Check
from erc_bench.testing.other_process import Numbers, same_elsewhere
from erc_bench.testing.seeded_features import drawing_alike
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.tiny import tiny_backbone


def _deterministic(subject: EncoderSubject) -> str:
    with seeded(1):
        first = _all(begun(subject))
    with seeded(2):
        second = _all(begun(subject))
    change = must_be_same(first, second, "two passes in evaluation mode differ")
    here = rows_of(subject.component, subject.options)
    told = same_elsewhere(drawing_alike(rows_of), subject.component, subject.options, here)
    return (
        f"largest change {change:.1e} between two passes of two encoders from one seed, {len(first)} utterances; the "
        f"same {told}"
    )


def rows_of(component: type[Encoder], options: Any) -> Numbers:
    """Return the encoder's output around a tiny backbone, and its rows in training, to compare processes."""
    encoder = begun(EncoderSubject(component, options, tiny_backbone()))
    with seeded(1):
        read = [row for each in encoder.examples(toy_dialogues(), True, Random(5)) for row in encoder.rows(each)]
    trained = {f"row {number} of training": [*map(float, row.ids)] for number, row in enumerate(read)}
    return {**trained, **{place(key): z.tolist() for key, z in _all(encoder).items()}}


def _ids_unread(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    dialogues = toy_dialogues()
    renamed = {f"r{len(dialogues) - number}": each for number, each in enumerate(dialogues)}
    after = _all(encoder, seal([_renamed(name, each) for name, each in reversed(renamed.items())]))
    back = {(renamed[name].id, position): z for (name, position), z in after.items()}
    change = must_be_same(_all(encoder), back, _NAMED)
    return f"largest change {change:.1e} of {len(back)} utterances when dialogues and utterances have other ids"


_NAMED = "a representation changes with the ids of dialogues and utterances, or with their place in the split"


def _renamed(name: str, dialogue: Dialogue) -> Dialogue:
    turns = tuple(replace(turn, id=f"u{7 * position}") for position, turn in enumerate(dialogue.utterances))
    people = tuple((turn.speaker, f"p{number}") for number, turn in enumerate(turns))
    groups = {"slice": "s", "episode": "e", "session": "o", "script": "t"}
    return replace(dialogue, id=name, utterances=turns, people=people, **groups)


def _labels_unread(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    opened, others = toy_dialogues(), tuple(map(relabelled, toy_dialogues()))
    changes = []
    # In training too, where the labels lie open before the encoder.
    for training in (False, True):
        without = _all(encoder, seal(opened), training)
        for what, dialogues in {"are there": opened, "are others": others}.items():
            sentence = f"a representation depends on labels: it changes when they {what}"
            changes.append(must_be_same(without, _all(encoder, dialogues, training), sentence))
    return f"largest change {max(changes):.1e} with labels, without them, and with others"


def _neighbours(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    examples = examples_of(encoder)
    # The language model reads every row on its own, so that only what the encoder makes of its states is tried.
    states = unpadded_states(encoder, examples)

    def together(chosen: Sequence[int]) -> Represented:
        with torch.no_grad():
            return run_states(encoder, [examples[index] for index in chosen], [states[index] for index in chosen])

    alone: Represented = {}
    every = range(len(examples))
    for index in every:
        alone |= together([index])
    sentence = "a representation depends on its neighbours in the batch"
    batches = (every, every[::-1], every[::2])
    change = max(must_be_same(alone, together(batch), sentence) for batch in batches)
    return f"largest change {change:.1e} of {len(alone)} utterances, alone and in three batches"


def _unrelated(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    dialogues = toy_dialogues()
    before = _all(encoder)
    changes = []
    for kept in dialogues:
        # The same number of turns, examples and rows, so that nothing but the words of the others is another.
        others = [each if each is kept else mapped(each, say_more) for each in dialogues]
        after = represent(encoder, examples_of(encoder, others))
        own = {key: z for key, z in before.items() if key[0] == kept.id}
        sentence = "a representation changes with the words of an unrelated dialogue in its batch"
        changes.append(must_be_same(own, after, sentence))
    return f"largest change {max(changes):.1e} in {len(dialogues)} dialogues when all others in the batch say more"


def _padding(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    examples = examples_of(encoder)
    unpadded = represent(encoder, examples, ONE_BY_ONE)
    padded = represent(encoder, examples, ALL_TOGETHER)
    change = must_be_same(unpadded, padded, "a representation depends on padding")
    return f"largest change {change:.1e} of {len(padded)} utterances, unpadded and padded to the longest"


def _all(encoder: Encoder, dialogues: Sequence[Dialogue] | None = None, training: bool = False) -> Represented:
    if dialogues is None:
        return represent(encoder, examples_of(encoder))
    return represent(encoder, [each for each in encoder.examples(dialogues, training, Random(0)) if each.targets])


INDEPENDENCE_CHECKS: tuple[Check[EncoderSubject], ...] = (
    Check(
        "deterministic",
        "Two encoders from one seed make two passes in evaluation mode, under two states of the global generators; one "
        "more around a tiny backbone in another process.",
        "Chance in evaluation makes the test score a draw, of which the best one can be kept.",
        _deterministic,
    ),
    Check(
        "labels unread",
        "Labels are there, are taken away, and are others, in training and in evaluation.",
        "A label in the input is the answer: earlier emotions too are unknown when a dialogue is really heard.",
        _labels_unread,
    ),
    Check(
        "ids unread",
        "Dialogues and utterances get other ids, dialogues other slices, episodes, sessions and scripts; they"
        " stand in reverse.",
        "Ids are not part of a conversation: in files that were sorted or named by their labels they give them away, "
        "and nobody's own conversations have them.",
        _ids_unread,
    ),
    Check(
        "neighbours",
        "Each example alone, among all others, in reverse order, and among half of them.",
        "A score that depends on the batch is another one for each batch size (COGMEN's layers over turns have no "
        "padding mask).",
        _neighbours,
    ),
    Check(
        "unrelated dialogues",
        "All dialogues of a batch but one say something else.",
        "CoG-BART's dialogue layer attends along the batch, so that unrelated dialogues are mixed and predictions "
        "depend on what else is evaluated.",
        _unrelated,
    ),
    Check(
        "padding",
        "Each row alone, and all rows padded to the longest.",
        "Attention to padding, or the pad id of another model (EACL's code with DeBERTa), changes states with the "
        "longest row of a batch.",
        _padding,
    ),
)

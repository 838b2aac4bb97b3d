"""Checks of examples and token rows: every scored utterance once, rows that fit, augmentation in training only."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import torch

from erc_bench.contracts.encoder import Encoder, Example
from erc_bench.contracts.types import UtteranceKey, seal
from erc_bench.testing.dialogues import toy_dialogues
from erc_bench.testing.encoders.encoder_runs import (
    EncoderSubject,
    batch_of,
    begun,
    built,
    examples_of,
    keys_of,
    place,
    represent,
    row_fault,
)
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.option_bounds import options_run
from erc_bench.testing.seeded_generators import seeded
from erc_bench.training.row_states import RowEncoder


def _targets(subject: EncoderSubject) -> str:
    encoder, dialogues = begun(subject), toy_dialogues()
    asked = sorted((dialogue.id, index) for dialogue in dialogues for index in dialogue.targets())
    evaluated = keys_of(encoder.examples(seal(dialogues), False, Random(0)))
    assert sorted(evaluated) == asked, f"{_difference(evaluated, asked)} outside training"
    trained = keys_of(encoder.examples(dialogues, True, Random(0)))
    given = sorted(set(trained)) if encoder.augments else sorted(trained)
    assert given == asked, f"{_difference(given, asked)} in training"
    return f"{len(asked)} scored utterances of {len(dialogues)} dialogues, each a target once"


def _augmentation(subject: EncoderSubject) -> str:
    encoder, dialogues = begun(subject), toy_dialogues()
    # With their labels, so that nothing but the part of training is another: `labels unread` is a check of its own.
    evaluated = [_rows_by_key(encoder, encoder.examples(dialogues, False, Random(seed))) for seed in (0, 1)]
    assert evaluated[0] == evaluated[1], "examples outside training depend on chance"
    trained = []
    for seed in (0, 1):
        with seeded(seed):
            trained.append(_rows_by_key(encoder, encoder.examples(dialogues, True, Random(5))))
    assert trained[0] == trained[1], "training examples draw on global chance: draw on rng"
    if encoder.augments:
        return f"training reads {len(trained[0])} examples, evaluation {len(evaluated[0])}, the same for every seed"
    other = _rows_by_key(encoder, encoder.examples(dialogues, True, Random(6)))
    assert other == trained[0], "training examples depend on chance, and it does not say that it augments"
    assert other == evaluated[0], "training reads other rows than evaluation, and it does not say that it augments"
    return f"training reads the {len(other)} examples of evaluation, token by token"


def _rows(subject: EncoderSubject) -> str:
    encoder = built(subject.component, subject.options, subject.backbone)
    examples = [*examples_of(encoder), *encoder.examples(toy_dialogues(), True, Random(0))]
    rows = [row for example in examples for row in encoder.rows(example)]
    faults = [fault for fault in (row_fault(row, encoder) for row in rows) if fault]
    assert not faults, faults[0]
    longest = max(len(row.ids) for row in rows)
    return f"{len(rows)} rows of at most {longest} tokens, of {encoder.maximum_length} that the backbone reads"


def _label_words(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    rows = encoder.word_rows(["happy", "sad"])
    assert len(rows) == 2, f"word_rows gives {len(rows)} rows for 2 words"
    faults = [fault for fault in (row_fault(row, encoder) for row in rows) if fault]
    assert not faults, faults[0]
    assert list(rows[0].ids) != list(rows[1].ids), "word_rows gives the same tokens for 2 words"
    return f"2 words, {len(rows[0].ids)} and {len(rows[1].ids)} tokens"


def _shape(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    examples = examples_of(encoder)
    rows = [encoder.rows(example) for example in examples]
    if any(row_fault(row, encoder) for own in rows for row in own):
        raise NotApplicableError("its token rows cannot be read (see the check `rows`)")
    row_encoder = RowEncoder(encoder.language_model, encoder.tokenizer.pad_token_id, torch.device("cpu"), torch.float32)
    with torch.no_grad():
        states = row_encoder.encode([row for own in rows for row in own])
        z = encoder(states, batch_of(encoder, examples, [len(own) for own in rows], states)).z
    expected = (len(keys_of(examples)), encoder.dim)
    assert z.shape == expected, f"z has the shape {tuple(z.shape)}, expected {expected}"
    assert z.isfinite().all(), "z is not finite"
    return f"z is finite and has the shape {expected}"


def _options_run(subject: EncoderSubject) -> str:
    def try_out(options: Any, changed: str) -> None:
        encoder = built(subject.component, options, subject.backbone)
        found = represent(encoder, examples_of(encoder))
        encoder.examples(toy_dialogues(), True, Random(0))
        finite = all(bool(z.isfinite().all()) for z in found.values())
        assert finite, f"with {changed} a representation is not finite"

    return options_run(subject.component.Options, subject.options, try_out)


def _rows_by_key(encoder: Encoder, examples: Sequence[Example]) -> list[tuple[object, ...]]:
    return [
        (example.target_keys(), [(list(row.ids), list(row.positions)) for row in encoder.rows(example)])
        for example in examples
        if example.targets
    ]


def _difference(given: Sequence[UtteranceKey], asked: Sequence[UtteranceKey]) -> str:
    """Describe the fault of the targets."""
    facts = {
        "is not a target": set(asked) - set(given),
        "is a target and not scored": set(given) - set(asked),
        "is a target more than once": {key for key in given if given.count(key) > 1},
    }
    return ", ".join(f"the utterance at {place(min(keys))} {fact}" for fact, keys in facts.items() if keys)


LAYOUT_CHECKS: tuple[Check[EncoderSubject], ...] = (
    Check(
        "rows",
        "The token rows of invented dialogues, one of them far too long, are read.",
        "A row that is cut by the library instead loses its end, which may be the mask; EACL's code cuts the opening "
        "token off.",
        _rows,
    ),
    Check(
        "shape",
        "All targets go through it as one batch.",
        "A representation too few shifts all later ones to the wrong utterances.",
        _shape,
    ),
    Check(
        "targets",
        "Dialogues of one turn and of many, with unlabelled turns, are cut for training and for evaluation.",
        "An utterance that is left out, or scored twice, makes another test set (SPCL's code never draws the first "
        "example of the dataset).",
        _targets,
    ),
    Check(
        "augmentation",
        "Examples of training and evaluation are compared under several seeds.",
        "Chance that reaches evaluation makes a test score a draw; chance outside of its stream cannot be repeated.",
        _augmentation,
    ),
    Check(
        "label words",
        "The rows of two bare words are made.",
        "Anchors are made of the label words: two words of one row are one anchor for two emotions.",
        _label_words,
    ),
    Check(
        "options run",
        "Every choice and every bound that an option admits is tried, the others at their values.",
        "A search tries the edges of what is declared, and a paper's ablation sets a window to 0.",
        _options_run,
    ),
)

"""Checks of examples and token rows: every scored utterance once, rows that fit, augmentation in training only."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, get_args

import torch

from erc_bench.contracts.encoder import Encoder, Example
from erc_bench.contracts.language_models import MAIN, SAME, LanguageModelUse, backbone_option
from erc_bench.contracts.options import specs
from erc_bench.contracts.types import UtteranceKey, seal
from erc_bench.testing.dialogues import toy_dialogues
from erc_bench.testing.encoders.encoder_runs import (
    EncoderSubject,
    begun,
    built,
    encoded_of,
    examples_of,
    keys_of,
    place,
    reading_by_backbone,
    represent,
    row_fault,
    states_of,
)
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.option_bounds import options_run
from erc_bench.testing.seeded_generators import seeded


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
    if not rows:
        return "it needs no language model, and makes none"
    longest = max(len(row.ids) for row in rows)
    return f"{len(rows)} rows of at most {longest} tokens, of {encoder.maximum_length} that the backbone reads"


def _label_words(subject: EncoderSubject) -> str:
    encoder = reading_by_backbone(subject)
    rows = encoder.word_rows(["happy", "sad"])
    assert len(rows) == 2, f"word_rows gives {len(rows)} rows for 2 words"
    faults = [fault for fault in (row_fault(row, encoder) for row in rows) if fault]
    assert not faults, faults[0]
    assert list(rows[0].ids) != list(rows[1].ids), "word_rows gives the same tokens for 2 words"
    assert [row.state_count for row in rows] == [1, 1], "a row of word_rows has several states"
    return f"2 words, {len(rows[0].ids)} and {len(rows[1].ids)} tokens"


def _language_models(subject: EncoderSubject) -> str:
    roles, declared = subject.component.language_models, specs(subject.component.Options)
    if not roles:
        raise NotApplicableError("the backbone is its only language model")
    for role in roles:
        named = role.isidentifier() and role != MAIN
        assert named, f"{role!r} cannot be the role of a further language model"
        uses = get_args(LanguageModelUse)
        known = role in declared and set(get_args(declared[role].type)) <= set(uses)
        assert known, f"the role {role!r} lacks an option of its name that is one of {', '.join(uses)}"
        name = backbone_option(role)
        settable = name in declared and declared[name].type is str
        assert settable, f"the role {role!r} lacks the option {name}, a text"
        assert declared[name].default == SAME, f"{name} is not {SAME!r} by default"
    encoder = begun(subject)
    rows = [row for each in examples_of(encoder) for row in encoder.rows(each)]
    unread = [role for role in roles if role not in {row.model for row in rows}]
    assert not unread, f"no token row is for the language model {unread[0]!r}"
    return f"beside the backbone: {', '.join(roles)}"


def _shape(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    examples = examples_of(encoder)
    rows = [encoder.rows(example) for example in examples]
    with torch.no_grad():
        z = encoded_of(encoder, examples, states_of(encoder, rows)).z
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
        (
            example.target_keys(),
            [(list(row.ids), list(row.positions), row.layers, row.pool, row.model) for row in encoder.rows(example)],
        )
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
        "language models",
        "The options of each further language model are read, and whether any token row is for it.",
        "A second model that nobody can freeze, exchange or see in the settings is a difference between two rows that "
        "no table tells.",
        _language_models,
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

"""Checks of where a row is read: at the token that the encoder means, whatever stands in the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.encoder import Encoder, TokenRow
from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.errors import ErcBenchError
from erc_bench.names import fault_of_name
from erc_bench.testing.dialogues import mapped, say_more, toy_dialogues
from erc_bench.testing.encoders.encoder_runs import (
    TOLERANCE,
    EncoderSubject,
    begun,
    built,
    examples_of,
    largest_change,
    reading_by_backbone,
    represent,
    run_rows,
    smallest_change,
)
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.random_checkpoint import BERT
from erc_bench.testing.seeded_features import by_place, others, spoken
from erc_bench.testing.tiny import ROBERTA, tiny_backbone


def _text(subject: EncoderSubject) -> str:
    encoder = reading_by_backbone(subject)
    more = examples_of(encoder, [mapped(dialogue, say_more) for dialogue in toy_dialogues()])
    # The features stay: what follows them alone does not read the text.
    before, after = (represent(encoder, each, draw=by_place) for each in (examples_of(encoder), more))
    change, where = smallest_change(before, after)
    assert change > TOLERANCE, f"a representation ignores the text of its utterance ({where})"
    return f"smallest change {change:.1e} among {len(before)} utterances"


def _features(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    if not encoder.feature_dims:
        raise NotApplicableError("it names no feature")
    examples, told = examples_of(encoder), []
    before = represent(encoder, examples)
    for name in encoder.feature_dims:
        fault = fault_of_name(name)
        assert not fault, f"the name of the feature {name!r}: {fault}"
        after = represent(encoder, examples, draw=partial(_with_another, name))
        change, _ = largest_change(before, after)
        assert change > TOLERANCE, f"it names the feature {name!r}, and no representation changes with its vectors"
        told.append(f"{name} {change:.1e}")
    return f"largest change with other vectors: {', '.join(told)}"


def _with_another(changed: str, name: str, dialogue: Dialogue) -> Tensor:
    return (others if name == changed else spoken)(name, dialogue)


def _read_position(subject: EncoderSubject) -> str:
    encoder = reading_by_backbone(subject)
    examples = examples_of(encoder)
    rows = [[_with_other_tokens(row, encoder) for row in encoder.rows(example)] for example in examples]
    before = represent(encoder, examples)
    with torch.no_grad():
        change, where = smallest_change(before, run_rows(encoder, examples, rows))
    assert change > TOLERANCE, f"a representation ignores the positions that its rows name ({where})"
    return f"smallest change {change:.1e} among {len(before)} utterances when the tokens there are others"


def _read_token(subject: EncoderSubject) -> str:
    encoder = reading_by_backbone(subject)
    found = _tokens_read(encoder)
    for other in _other_vocabularies(subject):
        there = _tokens_read(other)
        same = there == found
        assert same, (
            f"it reads {_listed(found)} with one vocabulary and {_listed(there)} with another, "
            f"whose mask is {other.tokenizer.mask_token}: take the id from the tokenizer"
        )
    return f"every row is read at {_listed(found)}, whichever vocabulary"


def _special_tokens(subject: EncoderSubject) -> str:
    encoder = reading_by_backbone(subject)
    names = " ".join(encoder.tokenizer.all_special_tokens)
    plain, written = (_short(f"I came home. {words}") for words in ("", names))
    counts = [_specials(encoder, dialogue) for dialogue in (plain, written)]
    assert counts[0] == counts[1], f"an utterance that spells {names} puts these tokens into the row"
    kinds = [{_kind(row, encoder) for row in _rows(encoder, [dialogue])} for dialogue in (plain, written)]
    assert kinds[0] == kinds[1], f"an utterance that spells {names} moves the position that is read"
    return f"{names}, spelt in an utterance, stay plain text"


def _tokens_read(encoder: Encoder) -> set[str]:
    """Return the kinds of tokens that rows are read at; raise ``AssertionError`` where the encoder names others."""
    rows = _rows(encoder, toy_dialogues())
    kinds = set()
    for row in rows:
        kind = _kind(row, encoder)
        holds_mask = encoder.tokenizer.mask_token_id in list(row.ids)
        wanted = encoder.reads or ("mask" if holds_mask and len(row.positions) == 1 else "any")
        read = kind == _WORDS.get(wanted, kind)
        assert read, (
            f"a row of {len(row.ids)} tokens is read at position {row.positions[0]}, {kind}, not at {_WORDS[wanted]}"
            + ("" if encoder.reads else ", which it holds: if that is meant, say so by the property `reads`")
        )
        kinds.add(kind)
    return kinds


_WORDS = {"mask": "the mask", "opening": "the opening token"}


def _kind(row: TokenRow, encoder: Encoder) -> str:
    """Describe in words the token where a row is read."""
    if len(row.positions) > 1:
        return "several tokens"
    position, tokenizer = row.positions[0], encoder.tokenizer
    token = row.ids[position]
    if token == tokenizer.mask_token_id:
        return _WORDS["mask"]
    if position == 0 and token in {tokenizer.cls_token_id, tokenizer.bos_token_id}:
        return _WORDS["opening"]
    return "a special token" if token in tokenizer.all_special_ids else "an ordinary token"


def _other_vocabularies(subject: EncoderSubject) -> Iterable[Encoder]:
    """Yield the encoder around small backbones whose special tokens are others."""
    known = subject.backbone.tokenizer.mask_token_id
    for architecture in (BERT, ROBERTA):
        other: LoadedBackbone = tiny_backbone(architecture)
        if other.tokenizer.mask_token_id == known:
            continue
        try:
            yield built(subject.component, subject.options, other)
        except ErcBenchError:  # it says that it cannot use this one
            continue


def _specials(encoder: Encoder, dialogue: Dialogue) -> list[int]:
    """Return how many special tokens each row has that has some; an unknown word is none."""
    special = set(encoder.tokenizer.all_special_ids) - {encoder.tokenizer.unk_token_id}
    counts = (sum(token in special for token in row.ids) for row in _rows(encoder, [dialogue]))
    return [count for count in counts if count]


def _rows(encoder: Encoder, dialogues: Iterable[Dialogue]) -> list[TokenRow]:
    return [row for example in examples_of(encoder, list(dialogues)) for row in encoder.rows(example)]


def _short(text: str) -> Dialogue:
    return Dialogue("short", tuple(Utterance(speaker, text, "happy", scored=True) for speaker in "AB"))


def _listed(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))


def _with_other_tokens(row: TokenRow, encoder: Encoder) -> TokenRow:
    """Replace the tokens at the row's positions by other ordinary ones."""
    special: set[Any] = set(encoder.tokenizer.all_special_ids)
    ordinary = [token for token in range(len(encoder.tokenizer)) if token not in special]
    ids = list(row.ids)
    for position in row.positions:
        ids[position] = next(token for token in ordinary if token != row.ids[position])
    return replace(row, ids=ids)


READING_CHECKS: tuple[Check[EncoderSubject], ...] = (
    Check(
        "features",
        "Every feature that it names (vectors that other code computed) has other vectors.",
        "A system that is said to read commonsense or audio, and does not, is compared as if it did.",
        _features,
    ),
    Check(
        "text",
        "Every utterance says something more.",
        "An encoder that misses the target's own words classifies its neighbours.",
        _text,
    ),
    Check(
        "read position",
        "The tokens at the positions that the rows name are replaced by others.",
        "A declared position that has no influence means that something else is read.",
        _read_position,
    ),
    Check(
        "read token",
        "The token at each position is looked up, with the vocabulary at hand and with others.",
        "EACL's code looks for the mask by the id 50265, which RoBERTa's is not: it is never found, and position 0 is "
        "read instead.",
        _read_token,
    ),
    Check(
        "special tokens",
        "An utterance spells the names of the tokenizer's special tokens.",
        "A mask that a speaker wrote would be found first, and read in place of the prompt's.",
        _special_tokens,
    ),
)

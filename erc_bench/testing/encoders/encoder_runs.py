"""An encoder around its backbone, run over invented dialogues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.component import wanted_features
from erc_bench.contracts.encoder import Encoder, EncoderBatch, Example, TokenRow
from erc_bench.contracts.types import Dialogue, UtteranceKey, seal
from erc_bench.testing.devices import CPU, distance
from erc_bench.testing.dialogues import toy_dialogues
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.seeded_features import WIDTH, Draw, spoken
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.toy import toy_task
from erc_bench.training.row_states import ChunkSize, RowEncoder, chunk_size, set_training

Represented = dict[UtteranceKey, Tensor]

TOLERANCE = 1e-4
"""Largest difference that rounding may make, relative to the largest component."""
ONE_BY_ONE = ChunkSize(1, 1)
ALL_TOGETHER = ChunkSize(100_000, 100_000_000)
BY_LENGTH = chunk_size(CPU)
SEED = 7


@dataclass(frozen=True)
class EncoderSubject:
    """An encoder to be checked, its options, and the backbone that it is put around."""

    component: type[Encoder]
    options: Any
    backbone: LoadedBackbone


def built(encoder_class: type[Encoder], options: Any, backbone: LoadedBackbone, seed: int = SEED) -> Encoder:
    """Return an encoder in evaluation mode, its own weights drawn from a fixed seed."""
    options = encoder_class.Options() if options is None else options
    backbone = replace(backbone, feature_dims=dict.fromkeys(wanted_features(encoder_class, options), WIDTH))
    with seeded(seed):
        encoder = encoder_class(options, backbone)
        encoder.start(toy_task().labels)
    encoder.eval()
    set_training(encoder.language_model, False)
    return encoder


def begun(subject: EncoderSubject) -> Encoder:
    """Return the encoder; raise :class:`NotApplicableError` where it cannot be built (``rows`` says why)."""
    try:
        return built(subject.component, subject.options, subject.backbone)
    except Exception as error:
        raise NotApplicableError(f"it cannot be built ({type(error).__name__}: {error})") from error


def examples_of(encoder: Encoder, dialogues: Sequence[Dialogue] | None = None) -> list[Example]:
    """Cut sealed dialogues as for evaluation; examples without a target are left out, as in training."""
    examples = encoder.examples(seal(toy_dialogues() if dialogues is None else dialogues), False, Random(0))
    return [example for example in examples if example.targets]


def represent(
    encoder: Encoder, examples: Sequence[Example], chunk: ChunkSize = BY_LENGTH, draw: Draw = spoken
) -> Represented:
    """Return the encoder's output for each target, its own logits behind ``z``, of one batch."""
    with torch.no_grad():
        return run_rows(encoder, examples, [encoder.rows(example) for example in examples], chunk, draw=draw)


def run_rows(
    encoder: Encoder,
    examples: Sequence[Example],
    rows: Sequence[Sequence[TokenRow]],
    chunk: ChunkSize = BY_LENGTH,
    precision: torch.dtype = torch.float32,
    device: torch.device = CPU,
    draw: Draw = spoken,
) -> Represented:
    """Return the encoder's output for each target where its examples have these token rows.

    Raises :class:`NotApplicableError` where rows or representations have a wrong form, which the checks
    ``rows`` and ``shape`` report.
    """
    if any(row_fault(row, encoder) for own in rows for row in own):
        raise NotApplicableError("its token rows cannot be read (see the check `rows`)")
    row_encoder = RowEncoder(encoder.language_model, encoder.tokenizer.pad_token_id, device, precision)
    row_encoder.chunk = chunk
    states = row_encoder.encode([row for own in rows for row in own])
    return run_states(encoder, examples, [len(own) for own in rows], states, draw)


def batch_of(
    encoder: Encoder, examples: Sequence[Example], row_counts: Sequence[int], states: Tensor, draw: Draw = spoken
) -> EncoderBatch:
    """Return a batch with the features that the encoder reads, drawn for its examples and like the states."""
    features = {name: [draw(name, each.dialogue).to(states) for each in examples] for name in encoder.feature_dims}
    return EncoderBatch(examples, row_counts, features)


def run_states(
    encoder: Encoder, examples: Sequence[Example], row_counts: Sequence[int], states: Tensor, draw: Draw = spoken
) -> Represented:
    """states: (rows, dim) → the encoder's output for each target of the examples that asked for them."""
    encoded = encoder(states, batch_of(encoder, examples, row_counts, states, draw))
    keys = keys_of(examples)
    if encoded.z.shape != (len(keys), encoder.dim):
        raise NotApplicableError("its representations have a wrong shape (see the check `shape`)")
    whole = encoded.z if encoded.logits is None else torch.cat([encoded.z, encoded.logits], 1)
    return dict(zip(keys, whole, strict=True))


def unpadded_states(encoder: Encoder, examples: Sequence[Example]) -> list[Tensor]:
    """Return the row states of each example, (rows, dim), each row read on its own."""
    row_encoder = RowEncoder(encoder.language_model, encoder.tokenizer.pad_token_id, CPU, torch.float32)
    row_encoder.chunk = ONE_BY_ONE
    rows = [encoder.rows(example) for example in examples]
    if any(row_fault(row, encoder) for own in rows for row in own):
        raise NotApplicableError("its token rows cannot be read (see the check `rows`)")
    with torch.no_grad():
        states = row_encoder.encode([row for own in rows for row in own])
    return list(torch.split(states, [len(own) for own in rows]))


def row_fault(row: TokenRow, encoder: Encoder) -> str:
    """Describe the fault of a token row; nothing where it can be read."""
    length, limit = len(row.ids), encoder.maximum_length
    table: Any = encoder.language_model.get_input_embeddings
    vocabulary = int(table().num_embeddings)
    if not 0 < length <= limit:
        return f"a row has {length} tokens, and the backbone reads 1 to {limit}"
    if not all(0 <= token < vocabulary for token in row.ids):
        return f"a row holds a token that the backbone's vocabulary of {vocabulary} lacks"
    if not len(row.positions):
        return "a row is read at no position"
    if not all(0 <= position < length for position in row.positions):
        return f"a row of {length} tokens is read at {list(row.positions)}, outside of it"
    return ""


def keys_of(examples: Iterable[Example]) -> list[UtteranceKey]:
    """Name the targets of examples, in order."""
    return [key for example in examples for key in example.target_keys()]


def largest_change(one: Represented, other: Represented) -> tuple[float, str]:
    """Return the largest change among the utterances that both hold, and the place of it."""
    changes = {key: distance(one[key], other[key]) for key in one if key in other}
    if not changes:
        return 0.0, "nowhere"
    worst = max(changes, key=lambda key: changes[key])
    return changes[worst], place(worst)


def smallest_change(one: Represented, other: Represented) -> tuple[float, str]:
    """Return the smallest change among the utterances that both hold, and the place of it."""
    changes = {key: distance(one[key], other[key]) for key in one if key in other}
    least = min(changes, key=lambda key: changes[key])
    return changes[least], place(least)


def place(key: UtteranceKey) -> str:
    """Name an utterance."""
    return f"dialogue {key[0]!r}, position {key[1]}"


def must_be_same(one: Represented, other: Represented, sentence: str) -> float:
    """Return the largest change; raise ``AssertionError`` where it is more than rounding."""
    change, where = largest_change(one, other)
    assert change <= TOLERANCE, f"{sentence}, by {change:.1e} ({where})"
    return change

"""An encoder around its backbone, run over invented dialogues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.component import needs_backbone, wanted_features
from erc_bench.contracts.encoder import Encoded, Encoder, EncoderBatch, Example, FurtherStates, TokenRow
from erc_bench.contracts.language_models import MAIN
from erc_bench.contracts.no_language_model import NoLanguageModel, no_backbone
from erc_bench.contracts.types import Dialogue, UtteranceKey, seal
from erc_bench.testing.devices import CPU, distance
from erc_bench.testing.dialogues import toy_dialogues
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.seeded_features import Draw, spoken, width_of
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.toy import toy_task
from erc_bench.training.row_states import ChunkSize, RowEncoder, chunk_size, set_training

Represented = dict[UtteranceKey, Tensor]
ExampleStates = dict[str, Tensor]
"""What the rows of one example give, (states, dim), by the role of the language model that reads them."""

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
    # With some options it may need none.
    backbone = backbone if needs_backbone(encoder_class, options) else no_backbone()
    dims = {name: width_of(name) for name in wanted_features(encoder_class, options)}
    backbone = replace(backbone, feature_dims=dims)
    with seeded(seed):
        encoder = encoder_class(options, backbone)
        encoder.start(toy_task().labels)
    encoder.eval()
    for model in encoder.models().values():
        set_training(model, False)
    return encoder


def begun(subject: EncoderSubject) -> Encoder:
    """Return the encoder; raise :class:`NotApplicableError` where it cannot be built (``rows`` says why)."""
    try:
        return built(subject.component, subject.options, subject.backbone)
    except Exception as error:
        raise NotApplicableError(f"it cannot be built ({type(error).__name__}: {error})") from error


def reading_by_backbone(subject: EncoderSubject) -> Encoder:
    """Return the encoder; raise :class:`NotApplicableError` where it cannot be built or needs no backbone."""
    if not needs_backbone(subject.component, subject.options):
        raise NotApplicableError("it says that it needs no backbone")
    return begun(subject)


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
    return run_states(encoder, examples, states_of(encoder, rows, chunk, precision, device), draw)


def states_of(
    encoder: Encoder,
    rows: Sequence[Sequence[TokenRow]],
    chunk: ChunkSize = BY_LENGTH,
    precision: torch.dtype = torch.float32,
    device: torch.device = CPU,
) -> list[ExampleStates]:
    """Return what each example's rows give, by the language model that reads them."""
    if any(row_fault(row, encoder) for own in rows for row in own):
        raise NotApplicableError("its token rows cannot be read (see the check `rows`)")
    found: list[ExampleStates] = [{} for _ in rows]
    for role, model in encoder.models().items():
        tokenizer = encoder.further_backbones[role].tokenizer if role != MAIN else encoder.tokenizer
        row_encoder = RowEncoder(model, 0 if tokenizer is None else tokenizer.pad_token_id, device, precision)
        row_encoder.chunk = chunk
        read = [[row for row in own if row.model == role] for own in rows]
        counts = [sum(row.state_count for row in own) for own in read]
        states = row_encoder.encode([row for own in read for row in own])
        for own, part in zip(found, torch.split(states, counts), strict=True):
            own[role] = part
    return found


def encoded_of(
    encoder: Encoder, examples: Sequence[Example], states: Sequence[ExampleStates], draw: Draw = spoken
) -> Encoded:
    """Return the encoder's output for a batch of examples, from what the rows of each of them give.

    The features that it reads are drawn for the examples, and like the states.
    """
    nothing = {role: torch.empty(0, encoder.width_of(role)) for role in encoder.models()}
    together = {role: torch.cat([empty, *(own[role] for own in states)]) for role, empty in nothing.items()}
    counts = {role: [len(own[role]) for own in states] for role in together}
    further = {role: FurtherStates(together[role], counts[role]) for role in encoder.language_models}
    main = together[MAIN]
    features = {name: [draw(name, each.dialogue).to(main) for each in examples] for name in encoder.feature_dims}
    encoded: Encoded = encoder(main, EncoderBatch(examples, counts[MAIN], further, features))
    return encoded


def run_states(
    encoder: Encoder, examples: Sequence[Example], states: Sequence[ExampleStates], draw: Draw = spoken
) -> Represented:
    """Return the encoder's output for each target of the examples, from what the rows of each of them give."""
    encoded = encoded_of(encoder, examples, states, draw)
    keys = keys_of(examples)
    if encoded.z.shape != (len(keys), encoder.dim):
        raise NotApplicableError("its representations have a wrong shape (see the check `shape`)")
    whole = encoded.z if encoded.logits is None else torch.cat([encoded.z, encoded.logits], 1)
    return dict(zip(keys, whole, strict=True))


def unpadded_states(encoder: Encoder, examples: Sequence[Example]) -> list[ExampleStates]:
    """Return what the rows of each example give, each row read on its own."""
    with torch.no_grad():
        return states_of(encoder, [encoder.rows(example) for example in examples], ONE_BY_ONE)


def row_fault(row: TokenRow, encoder: Encoder) -> str:
    """Describe the fault of a token row; nothing where it can be read."""
    if isinstance(encoder.language_model, NoLanguageModel):
        return "it says that it needs no backbone, and makes token rows"
    if row.model not in encoder.models():
        return f"a row is for the language model {row.model!r}, which language_models does not name"
    further = encoder.further_backbones.get(row.model)
    length, limit = len(row.ids), encoder.maximum_length if further is None else further.maximum_length
    model: Any = encoder.models()[row.model]
    vocabulary = int(model.get_input_embeddings().num_embeddings)
    layers = int(getattr(model.config, "num_hidden_layers", 0))
    if not 0 < length <= limit:
        return f"a row has {length} tokens, and the backbone reads 1 to {limit}"
    if not all(0 <= token < vocabulary for token in row.ids):
        return f"a row holds a token that the backbone's vocabulary of {vocabulary} lacks"
    if not len(row.positions):
        return "a row is read at no position"
    if not all(0 <= position < length for position in row.positions):
        return f"a row of {length} tokens is read at {list(row.positions)}, outside of it"
    if not row.layers or not all(-layers - 1 <= layer <= max(layers, -1) for layer in row.layers):
        return f"a row is read in the layers {row.layers}, and the backbone has {layers}"
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

"""Conformance of encoders: ``check_encoder(MyEncoder, backbone)`` in a plugin's own tests.

These are the properties on which the protocol relies. They hold in evaluation mode and in float32;
``backbone`` is any that the encoder can use, a tiny one with random weights serves best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.encoder import Encoder, EncoderBatch, Example, TokenRow
from erc_bench.protocol import seal
from erc_bench.testing.components import check_component
from erc_bench.testing.dialogues import toy_dialogues
from erc_bench.training.row_states import ChunkSize, RowEncoder, set_training
from erc_bench.types import Dialogue, UtteranceKey

Represented = dict[UtteranceKey, Tensor]

_TOLERANCE = 1e-4
"""Largest difference that rounding may make, relative to the largest component."""
_ONE_BY_ONE = ChunkSize(1, 1)
_ALL_TOGETHER = ChunkSize(100_000, 100_000_000)
_SEED = 7


def check_encoder(encoder_class: type[Encoder], backbone: LoadedBackbone, options: Any = None) -> None:
    """Run all checks on an encoder.

    Raises ``AssertionError`` with a sentence that says what does not hold.
    """
    check_component(encoder_class)
    encoder = built(encoder_class, backbone, options)
    check_examples(encoder)
    check_rows(encoder)
    check_repeatable(encoder)
    check_labels_unread(encoder)
    check_neighbours(encoder)
    check_padding(encoder)
    check_future(encoder)
    check_input_matters(encoder)
    check_training(encoder)


def built(encoder_class: type[Encoder], backbone: LoadedBackbone, options: Any = None) -> Encoder:
    """Return an encoder in evaluation mode, its own weights drawn from a fixed seed."""
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        encoder = encoder_class(encoder_class.Options() if options is None else options, backbone)
    encoder.eval()
    set_training(encoder.language_model, False)
    return encoder


def represent(encoder: Encoder, examples: Sequence[Example], chunk: ChunkSize = _ALL_TOGETHER) -> Represented:
    """Return what the encoder yields for each target, its own logits behind ``z``, of one batch."""
    with torch.no_grad():
        return _represent(encoder, examples, [encoder.rows(example) for example in examples], chunk)


def check_examples(encoder: Encoder) -> None:
    """Every scored utterance is the target of exactly one example, and no other utterance is one."""
    dialogues = toy_dialogues()
    asked = sorted((dialogue.id, index) for dialogue in dialogues for index in dialogue.targets())
    evaluated = _keys(encoder.examples(seal(dialogues), False, Random(0)))
    assert sorted(evaluated) == asked, f"{encoder.name}: {_difference(evaluated, asked)} outside training"
    trained = _keys(encoder.examples(dialogues, True, Random(0)))
    if encoder.augments:
        assert set(trained) == set(asked), f"{encoder.name}: {_difference(list(set(trained)), asked)} in training"
        return
    assert sorted(trained) == asked, f"{encoder.name}: {_difference(trained, asked)} in training"
    again = _keys(encoder.examples(dialogues, True, Random(1)))
    assert again == trained, f"{encoder.name}: training examples depend on chance, and it does not say that it augments"


def check_rows(encoder: Encoder) -> None:
    """Token rows fit the backbone, and are read at positions that they have."""
    dialogues = toy_dialogues()
    rows = [row for example in _examples(encoder, dialogues) for row in encoder.rows(example)]
    rows += [row for example in encoder.examples(dialogues, True, Random(0)) for row in encoder.rows(example)]
    words = encoder.word_rows(["happy", "sad"])
    assert len(words) == 2, f"{encoder.name}: word_rows gives {len(words)} rows for 2 words"
    for row in (*rows, *words):
        _check_row(row, encoder)


def check_repeatable(encoder: Encoder) -> None:
    """Evaluation draws on no chance."""
    examples = _examples(encoder)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = represent(encoder, examples)
        second = represent(encoder, examples)
    _check_same(first, second, f"{encoder.name}: two passes in evaluation mode differ")


def check_labels_unread(encoder: Encoder) -> None:
    """Representations are the same with labels and without them."""
    opened = represent(encoder, encoder.examples(toy_dialogues(), False, Random(0)))
    sealed = represent(encoder, _examples(encoder))
    _check_same(opened, sealed, f"{encoder.name}: a representation depends on labels")


def check_neighbours(encoder: Encoder) -> None:
    """A representation does not depend on which other examples are in its batch, or in which order."""
    examples = _examples(encoder)
    alone: Represented = {}
    for example in examples:
        alone |= represent(encoder, [example], _ONE_BY_ONE)
    for batch in (examples, examples[::-1], examples[::2]):
        together = represent(encoder, batch, _ONE_BY_ONE)
        _check_same(alone, together, f"{encoder.name}: a representation depends on its neighbours in the batch")


def check_padding(encoder: Encoder) -> None:
    """A representation does not depend on how far its token rows are padded."""
    examples = _examples(encoder)
    unpadded = represent(encoder, examples, _ONE_BY_ONE)
    padded = represent(encoder, examples, _ALL_TOGETHER)
    _check_same(unpadded, padded, f"{encoder.name}: a representation depends on padding")


def check_future(encoder: Encoder) -> None:
    """Later turns change no earlier representation, unless the encoder says that it sees the future."""
    if encoder.sees_future:
        return
    for dialogue in seal(toy_dialogues()):
        before = represent(encoder, _examples(encoder, [dialogue]))
        targets = dialogue.targets()
        for last in targets[:: max(1, len(targets) // 3)]:
            for what, change in _FUTURES.items():
                after = represent(encoder, _examples(encoder, [change(dialogue, last)]))
                past = {key: z for key, z in before.items() if key[1] <= last}
                sentence = f"{encoder.name}: a representation changes when later turns are {what}"
                _check_same(past, after, f"{sentence}; if it may, declare sees_future")


def check_input_matters(encoder: Encoder) -> None:
    """A representation changes with the text of its utterance, and with the tokens it is read at."""
    examples = _examples(encoder)
    before = represent(encoder, examples)
    spoken = represent(encoder, _examples(encoder, [_map(dialogue, _say_more) for dialogue in toy_dialogues()]))
    _check_different(before, spoken, f"{encoder.name}: a representation ignores the text of its utterance")
    rows = [[_with_other_tokens(row, encoder) for row in encoder.rows(example)] for example in examples]
    with torch.no_grad():
        replaced = _represent(encoder, examples, rows, _ALL_TOGETHER)
    _check_different(before, replaced, f"{encoder.name}: a representation ignores the positions that its rows name")


def check_training(encoder: Encoder) -> None:
    """The backbone's parameters are one group, and a loss on the representations reaches them."""
    groups = encoder.parameter_groups()
    assert "encoder" in groups, f"{encoder.name}: parameter_groups has no group 'encoder'"
    grouped = {id(parameter) for parameter in groups["encoder"]}
    backbone = list(encoder.language_model.parameters())
    known = all(id(parameter) in grouped for parameter in backbone)
    assert known, f"{encoder.name}: parameters of its language model are not in the group 'encoder'"
    needed = [parameter.requires_grad for parameter in backbone]
    try:
        assert _gradient_arrives(encoder, backbone), f"{encoder.name}: no gradient reaches the backbone"
    finally:
        for parameter, need in zip(backbone, needed, strict=True):
            parameter.requires_grad_(need).grad = None


def _gradient_arrives(encoder: Encoder, backbone: Sequence[torch.nn.Parameter]) -> bool:
    encoder.language_model.requires_grad_(True)
    examples = _examples(encoder)
    rows = [encoder.rows(example) for example in examples]
    loss = torch.stack(list(_represent(encoder, examples, rows, _ALL_TOGETHER).values())).square().sum()
    if loss.requires_grad:
        torch.autograd.backward(loss)
    return any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in backbone)


def _represent(
    encoder: Encoder, examples: Sequence[Example], rows: Sequence[Sequence[TokenRow]], chunk: ChunkSize
) -> Represented:
    model = encoder.language_model
    row_encoder = RowEncoder(model, encoder.tokenizer.pad_token_id, torch.device("cpu"), torch.float32)
    row_encoder.chunk = chunk
    states = row_encoder.encode([row for own in rows for row in own])
    encoded = encoder(states, EncoderBatch(examples, [len(own) for own in rows]))
    keys = _keys(examples)
    expected = (len(keys), encoder.dim)
    assert encoded.z.shape == expected, f"{encoder.name}: z has the shape {tuple(encoded.z.shape)}, expected {expected}"
    assert encoded.z.isfinite().all(), f"{encoder.name}: z is not finite"
    whole = encoded.z if encoded.logits is None else torch.cat([encoded.z, encoded.logits], 1)
    return dict(zip(keys, whole, strict=True))


def _examples(encoder: Encoder, dialogues: Sequence[Dialogue] | None = None) -> list[Example]:
    """Cut sealed dialogues as for evaluation; what has no target is left out, as in training."""
    examples = encoder.examples(seal(toy_dialogues() if dialogues is None else dialogues), False, Random(0))
    return [example for example in examples if example.targets]


def _keys(examples: Iterable[Example]) -> list[UtteranceKey]:
    return [key for example in examples for key in example.target_keys()]


def _check_row(row: TokenRow, encoder: Encoder) -> None:
    length, vocabulary = len(row.ids), int(encoder.language_model.get_input_embeddings().num_embeddings)  # type: ignore[operator]
    limit = encoder.maximum_length
    assert 0 < length <= limit, f"{encoder.name}: a row has {length} tokens, and the backbone reads 1 to {limit}"
    known = all(0 <= token < vocabulary for token in row.ids)
    assert known, f"{encoder.name}: a row holds a token that the backbone's vocabulary of {vocabulary} lacks"
    assert len(row.positions), f"{encoder.name}: a row is read at no position"
    inside = all(0 <= position < length for position in row.positions)
    assert inside, f"{encoder.name}: a row of {length} tokens is read at {list(row.positions)}, outside of it"


def _check_same(one: Represented, other: Represented, sentence: str) -> None:
    for key in one.keys() & other.keys():
        assert _distance(one[key], other[key]) <= _TOLERANCE, f"{sentence} ({_place(key)})"


def _check_different(one: Represented, other: Represented, sentence: str) -> None:
    for key in one.keys() & other.keys():
        assert _distance(one[key], other[key]) > _TOLERANCE, f"{sentence} ({_place(key)})"


def _distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / one.abs().max().clamp(min=1e-6))


def _place(key: UtteranceKey) -> str:
    return f"dialogue {key[0]!r}, position {key[1]}"


def _difference(given: Sequence[UtteranceKey], asked: Sequence[UtteranceKey]) -> str:
    """Say what is wrong with the targets."""
    facts = {
        "is no target": set(asked) - set(given),
        "is a target and not scored": set(given) - set(asked),
        "is a target more than once": {key for key in given if given.count(key) > 1},
    }
    return ", ".join(f"the utterance at {_place(min(keys))} {fact}" for fact, keys in facts.items() if keys)


def _with_other_tokens(row: TokenRow, encoder: Encoder) -> TokenRow:
    """Replace the tokens at the row's positions by other ordinary ones."""
    special = set(encoder.tokenizer.all_special_ids)
    ordinary = [token for token in range(len(encoder.tokenizer)) if token not in special]
    ids = list(row.ids)
    for position in row.positions:
        ids[position] = next(token for token in ordinary if token != row.ids[position])
    return TokenRow(ids, row.positions)


def _map(dialogue: Dialogue, change: Callable[[Any], Any]) -> Dialogue:
    return replace(dialogue, utterances=tuple(map(change, dialogue.utterances)))


def _say_more(utterance: Any) -> Any:
    return replace(utterance, text=f"No, no! {utterance.text} I came home alone.", speaker=utterance.speaker)


def _removed(dialogue: Dialogue, last: int) -> Dialogue:
    return replace(dialogue, utterances=dialogue.utterances[: last + 1])


def _rewritten(dialogue: Dialogue, last: int) -> Dialogue:
    later = tuple(replace(_say_more(turn), speaker="Z") for turn in dialogue.utterances[last + 1 :])
    return replace(dialogue, utterances=dialogue.utterances[: last + 1] + later)


def _added(dialogue: Dialogue, last: int) -> Dialogue:
    return replace(dialogue, utterances=dialogue.utterances + (_say_more(dialogue.utterances[last]),) * 2)


_FUTURES = {"removed": _removed, "rewritten": _rewritten, "added": _added}

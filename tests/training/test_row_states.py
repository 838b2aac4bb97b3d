"""Chunks, padding, order and pooling leave the states as they would be one by one."""

from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.training.assembly import quicken
from erc_bench.training.row_reading import pool
from erc_bench.training.row_states import (
    ChunkSize,
    RowEncoder,
    chunk_size,
    freeze,
    grouped_by_length,
    pad,
    set_training,
)
from erc_bench_plugins.backbones.huggingface import HuggingFace

CPU = torch.device("cpu")
ONE_PLACE = 8 * torch.finfo(torch.float32).eps
"""One unit of the last place of a state below 8, which is all that rounding to float32 may change."""
EXACT = 1e-10
"""Far above sums of some hundred terms below 1000 in float64 (1000 * 2.2e-16 * 20), far below any that differs."""


@pytest.fixture(params=["tiny_bert", "tiny_roberta", "tiny_deberta", "tiny_bart"])
def backbone(request):
    """A backbone in float64, in which gradients that are the same differ in the last of 16 digits.

    States are given in float32 all the same.
    """
    folder = request.getfixturevalue(request.param)
    backbone = HuggingFace(HuggingFace.Options(path=str(folder))).load()
    backbone.model.double()
    return backbone


def rows_of(backbone, lengths, seed=0):
    rng = Random(seed)
    ordinary = [i for i in range(len(backbone.tokenizer)) if i not in backbone.tokenizer.all_special_ids]
    opening, closing = backbone.tokenizer.cls_token_id, backbone.tokenizer.sep_token_id
    texts = [[opening, *rng.choices(ordinary, k=length), closing] for length in lengths]
    places = [(0,), (-1,), None]
    return [
        erc.TokenRow(ids, range(len(ids)) if place is None else tuple(p % len(ids) for p in place))
        for ids, place in zip(texts, places * len(texts), strict=False)
    ]


def encoder_of(backbone, chunk=None):
    encoder = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, CPU, torch.float32)
    encoder.chunk = chunk or encoder.chunk
    return encoder


def one_by_one(backbone, rows):
    states = []
    for row in rows:
        ids = torch.tensor([list(row.ids)])
        hidden = backbone.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        # Means are taken in float32; a test of their own says that they are right.
        states.append(pool(hidden.float(), [row])[0])
    return torch.stack(states)


@pytest.mark.parametrize("chunk", [ChunkSize(3, 4096), ChunkSize(100, 40), ChunkSize(100, 10**6)])
def test_chunks_give_the_states_and_gradients_of_single_rows(backbone, chunk):
    rows = rows_of(backbone, [3, 17, 1, 30, 3, 8, 0, 12, 3])
    weights = torch.randn(len(rows), backbone.model.config.hidden_size, generator=torch.Generator().manual_seed(0))

    def gradients(states):
        backbone.model.zero_grad(set_to_none=True)
        (states * weights).sum().backward()
        # (A padding row of an embedding table may get a gradient of exact zeros or none.)
        return {name: p.grad.clone() for name, p in backbone.model.named_parameters() if p.grad is not None}

    expected = one_by_one(backbone, rows)
    states = encoder_of(backbone, chunk).encode(rows)
    torch.testing.assert_close(states, expected, rtol=0, atol=ONE_PLACE)
    wanted, found = gradients(expected), gradients(states)
    assert wanted.keys() == found.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=EXACT)


def test_rows_come_back_in_their_order(backbone):
    rows = rows_of(backbone, [5, 2, 9, 2, 7])
    encoder = encoder_of(backbone, ChunkSize(2, 4096))
    with torch.no_grad():
        states = encoder.encode(rows)
        backwards = encoder.encode(rows[::-1])
    torch.testing.assert_close(backwards.flip(0), states, rtol=0, atol=ONE_PLACE)
    assert (states[0] - states[2]).abs().max() > 1e-2


def test_what_pads_a_row_has_no_effect(backbone):
    rows = rows_of(backbone, [4, 40])
    with torch.no_grad():
        alone = encoder_of(backbone).encode(rows[:1])
        padded = encoder_of(backbone, ChunkSize(2, 4096)).encode(rows)
    torch.testing.assert_close(padded[:1], alone, rtol=0, atol=ONE_PLACE)


def test_no_rows_give_no_states(backbone):
    assert encoder_of(backbone).encode([]).shape == (0, 32)


def test_every_chunk_is_announced(backbone):
    told = []
    with torch.no_grad():
        encoder_of(backbone, ChunkSize(2, 4096)).encode(rows_of(backbone, [1] * 5), lambda: told.append(1))
    assert len(told) == 3


@pytest.mark.parametrize("positions", [[(2,), (0,), (1,)], [(0, 1, 2), (0,), (1, 3)], [range(4), range(3), range(2)]])
def test_pooling_is_the_mean_over_the_positions(positions):
    states = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    rows = [erc.TokenRow([7] * 4, at) for at in positions]
    expected = torch.stack(
        [torch.stack([states[i, position] for position in at]).mean(0) for i, at in enumerate(positions)]
    )
    torch.testing.assert_close(pool(states, rows), expected)


def test_padding_is_masked():
    ids, mask = pad([erc.TokenRow([5, 6, 7], (0,)), erc.TokenRow([8], (0,))], pad_id=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@given(st.lists(st.integers(1, 60), max_size=60), st.integers(1, 9), st.integers(1, 200))
def test_chunks_keep_their_limits_and_lose_no_row(lengths, most_rows, most_tokens):
    rows = [erc.TokenRow([0] * length, (0,)) for length in lengths]
    chunks = list(grouped_by_length(rows, ChunkSize(most_rows, most_tokens)))
    assert sorted(position for chunk in chunks for position in chunk) == list(range(len(rows)))
    widths = [max(lengths[i] for i in chunk) for chunk in chunks]
    assert widths == sorted(widths, reverse=True)
    for chunk, width in zip(chunks, widths, strict=True):
        assert len(chunk) <= most_rows
        assert len(chunk) == 1 or len(chunk) * width <= most_tokens


def test_a_cpu_wants_smaller_chunks_than_a_gpu():
    assert chunk_size(CPU).rows < chunk_size(torch.device("cuda")).rows


def trained_names(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def layer(number, names):
    """Return the names within a layer; of an encoder with a decoder, of the decoder's."""
    return {name for name in names if name.startswith((f"encoder.layer.{number}", f"decoder.layers.{number}"))}


def test_freezing_all_none_or_the_lower_layers(backbone):
    model = backbone.model
    every = {name for name, _ in model.named_parameters()}
    top = layer(1, every)
    both = top | layer(0, every)
    assert top
    assert len(both) == 2 * len(top)
    for trainable, expected in (("all", every), ("none", set()), (1, top), (2, both), ("all", every)):
        freeze(model, trainable)
        assert trained_names(model) == expected


def test_more_layers_than_there_are_cannot_train(backbone):
    with pytest.raises(ErcBenchError, match=r"encoder\.trainable=3, and the backbone has 2 layers"):
        freeze(backbone.model, 3)
    with pytest.raises(ErcBenchError, match="has 0 layers"):
        freeze(nn.Linear(2, 2), 1)


def test_frozen_layers_stay_in_evaluation_mode_while_the_others_train(backbone):
    model = backbone.model
    freeze(model, 1)
    set_training(model, True)
    modes = {name: module.training for name, module in model.named_modules()}
    assert layer(1, modes)
    assert all(modes[name] for name in layer(1, modes))
    assert not any(modes[name] for name in modes if name.startswith("embeddings") or name in layer(0, modes))
    set_training(model, False)
    assert not any(module.training for module in model.modules())


def test_a_frozen_model_never_trains_and_a_whole_one_does(backbone):
    freeze(backbone.model, "none")
    set_training(backbone.model, True)
    assert not any(module.training for module in backbone.model.modules())
    freeze(backbone.model, "all")
    set_training(backbone.model, True)
    assert all(module.training for module in backbone.model.modules())


class TestTraining:
    """With gradients embeddings are looked up once for all chunks, and the last layer computes what is read."""

    @pytest.fixture(params=[None, "quick"])
    def encoder(self, backbone, request):
        if request.param:
            quicken(backbone.model, CPU)
        return encoder_of(backbone, ChunkSize(2, 10_000))

    @pytest.mark.parametrize("read", ["alone", "mixed"])
    def test_gradients_are_those_of_the_rows_one_by_one(self, backbone, encoder, read):
        rows = rows_of(backbone, [3, 9, 5, 1, 7])
        if read == "alone":
            rows = [erc.TokenRow(row.ids, (1,)) for row in rows]
        parameters = {name: p for name, p in backbone.model.named_parameters() if p.requires_grad}
        weight = torch.randn(len(rows), backbone.model.config.hidden_size)

        def gradients(states):
            found = torch.autograd.grad((states * weight).sum(), list(parameters.values()), allow_unused=True)
            return dict(zip(parameters, found, strict=True))

        ours = gradients(encoder.encode(rows))
        for name, expected in gradients(one_by_one(backbone, rows)).items():
            if expected is not None:
                torch.testing.assert_close(ours[name], expected, rtol=0, atol=EXACT)

    def test_a_table_that_does_not_train_is_left_alone(self, backbone, encoder):
        rows = rows_of(backbone, [3, 9, 5])
        freeze(backbone.model, 1)
        encoder.encode(rows).sum().backward()
        assert backbone.model.get_input_embeddings().weight.grad is None

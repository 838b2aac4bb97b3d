"""Rows that are read in several layers, by their largest values or token by token, against an obvious loop."""

from random import Random

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.contracts.encoder import EncoderBatch
from erc_bench.errors import ErcBenchError
from erc_bench.training.assembly import quicken
from erc_bench.training.features import FeatureCache
from erc_bench.training.micro_batches import MicroBatches
from erc_bench.training.preparation import CellData, Preparer
from erc_bench.training.row_order import repeats
from erc_bench.training.row_states import ChunkSize, RowEncoder, freeze, set_training
from erc_bench_plugins.backbones.huggingface import HuggingFace

CPU = torch.device("cpu")
ONE_PLACE = 8 * torch.finfo(torch.float32).eps
EXACT = 1e-9
LAYERS = [(-1,), (-1, -2), (0,), (1, -1, 0)]
POOLS = ["mean", "max", "each"]


@pytest.fixture(params=["tiny_bert", "tiny_roberta", "tiny_deberta"])
def backbone(request):
    """A backbone in float64, whose states are given in float32 all the same."""
    folder = request.getfixturevalue(request.param)
    backbone = HuggingFace(HuggingFace.Options(path=str(folder))).load()
    backbone.model.double()
    return backbone


@pytest.fixture(params=["plain", "quick"])
def encoder(backbone, request):
    if request.param == "quick":
        quicken(backbone.model, CPU)
    encoder = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, CPU, torch.float32)
    encoder.chunk = ChunkSize(3, 4096)
    return encoder


def rows_of(backbone, seed=0):
    """Return rows of all layers and pools, of several lengths, in an order that is none of their lengths."""
    rng = Random(seed)
    ordinary = [i for i in range(len(backbone.tokenizer)) if i not in backbone.tokenizer.all_special_ids]
    rows = []
    for layers in LAYERS:
        for pool in POOLS:
            ids = rng.choices(ordinary, k=rng.randint(1, 20))
            positions = rng.sample(range(len(ids)), rng.randint(1, len(ids)))
            rows.append(erc.TokenRow(ids, positions, layers, pool))
    rng.shuffle(rows)
    return rows


def one_by_one(backbone, rows):
    """Return the states of rows, each alone and token by token."""
    states = []
    for row in rows:
        ids = torch.tensor([list(row.ids)])
        hidden = backbone.model(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
        ).hidden_states
        tokens = []
        for position in row.positions:
            # Like all states they are float32 before anything is taken of them.
            total = sum(hidden[layer][0, position].float() for layer in row.layers)
            tokens.append(total / len(row.layers))
        if row.pool == "each":
            states += tokens
        elif row.pool == "mean":
            states.append(sum(tokens) / len(tokens))
        else:
            states.append(torch.stack([torch.stack(column).max() for column in zip(*tokens, strict=True)]))
    return torch.stack(states)


def gradients(model, states, weights):
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad((states * weights).sum(), list(parameters.values()), allow_unused=True)
    return dict(zip(parameters, found, strict=True))


def assert_same_gradients(model, ours, expected):
    weights = torch.randn(ours.shape, generator=torch.Generator().manual_seed(0))
    wanted, found = gradients(model, expected, weights), gradients(model, ours, weights)
    assert any(gradient is not None and gradient.any() for gradient in wanted.values())
    for name, gradient in wanted.items():
        nothing = torch.zeros_like(dict(model.named_parameters())[name])
        one, other = (nothing if each is None else each for each in (gradient, found[name]))
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}")


def test_states_and_gradients_are_those_of_an_obvious_loop(backbone, encoder):
    rows = rows_of(backbone)
    expected, ours = one_by_one(backbone, rows), encoder.encode(rows)
    assert len(ours) == sum(len(row.positions) if row.pool == "each" else 1 for row in rows) > len(rows)
    torch.testing.assert_close(ours, expected, rtol=0, atol=ONE_PLACE)
    assert_same_gradients(backbone.model, ours, expected)


def test_micro_batches_give_the_same_in_parts(backbone, encoder):
    rows = rows_of(backbone)
    for module in backbone.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    backbone.model.train()
    expected = one_by_one(backbone, rows)
    micro_batches = MicroBatches(2)
    ours = micro_batches.encode(encoder, rows, len(rows))
    torch.testing.assert_close(ours, expected, rtol=0, atol=ONE_PLACE)
    assert_same_gradients(backbone.model, ours, expected)
    micro_batches.check()


@pytest.mark.parametrize("pool", POOLS)
def test_one_position_of_the_last_layer_is_the_same_by_every_pool(backbone, encoder, pool):
    ids = [5, 6, 7, 8, 9]
    with torch.no_grad():
        found = encoder.encode([erc.TokenRow(ids, (2,), pool=pool)])
        torch.testing.assert_close(found, encoder.encode([erc.TokenRow(ids, (2,))]), rtol=0, atol=0)


@pytest.mark.parametrize("layer", [3, -4])
def test_a_layer_that_is_not_there_is_named(backbone, encoder, layer):
    with pytest.raises(ErcBenchError, match=rf"in layer {layer}, and the backbone has 2 layers"):
        encoder.encode([erc.TokenRow([5, 6], (0,), (-1, layer))])


def test_frozen_layers_below_the_one_that_is_read_keep_no_gradient(backbone, encoder):
    freeze(backbone.model, 1)
    set_training(backbone.model, False)
    states = encoder.encode([erc.TokenRow([5, 6, 7], (0,), (1,))])
    assert not states.requires_grad


class Tokens(erc.Encoder):
    """Reads two rows of an utterance: every token of the first layer, and the largest values of the last two."""

    name, source = "tokens", "this test"

    def examples(self, dialogues, training, rng):
        return [erc.Example(dialogue, (target,)) for dialogue in dialogues for target in dialogue.targets()]

    def rows(self, example):
        ids = self.tokenizer(example.dialogue.utterances[example.targets[0]].text)["input_ids"]
        places = range(len(ids))
        return [erc.TokenRow(ids, places, (1,), "each"), erc.TokenRow(ids, places, (-1, -2), "max")]

    def forward(self, row_states, batch):
        return erc.Encoded(torch.stack([self.read(own) for own in batch.per_example(row_states)]))

    @staticmethod
    def read(own):
        """own: (tokens + 1, dim) → (dim,)."""
        order = torch.arange(1, len(own), dtype=own.dtype)[:, None]
        return (own[:-1] * order).sum(0) + own[-1]


@pytest.fixture
def tokens(tiny_bert):
    backbone = HuggingFace(HuggingFace.Options(path=str(tiny_bert))).load()
    return Tokens(Tokens.Options(trainable="none"), backbone)


@pytest.fixture
def dialogues(bench):
    return bench.dialogues(4)


def read_by_hand(encoder, dialogue, target):
    ids = torch.tensor([encoder.tokenizer(dialogue.utterances[target].text)["input_ids"]])
    hidden = encoder.language_model(ids, torch.ones_like(ids), output_hidden_states=True).hidden_states
    largest = ((hidden[2] + hidden[1]) / 2)[0].max(0).values
    return Tokens.read(torch.cat([hidden[1][0], largest[None]]))


def test_stored_states_are_found_again_by_example(tokens, bench, dialogues, tmp_path):
    freeze(tokens.language_model, "none")
    row_encoder = RowEncoder(tokens.language_model, tokens.tokenizer.pad_token_id, CPU, torch.float32)
    cache = FeatureCache("tiny", torch.float32, CPU, tmp_path)
    preparer = Preparer(tokens, row_encoder, cache, bench.labels)
    data = CellData(dialogues, dialogues[:2], None)
    for _ in range(2):  # computed, then read from disk
        ready = preparer.prepare(data, bench.labels, False)
        picked = [5, 0, 3, 14]
        z = tokens(ready.train.main.frozen_states(picked), ready.train.batch(picked)).z
        for place, row in zip(picked, z, strict=True):
            example = ready.train.examples[place]
            expected = read_by_hand(tokens, example.dialogue, *example.targets)
            torch.testing.assert_close(row, expected, rtol=0, atol=1e-4)
        first = ready.train.first(3)
        torch.testing.assert_close(first.main.states, ready.train.main.states[: sum(ready.train.main.row_counts[:3])])


def test_a_batch_is_taken_apart_by_the_states_of_its_rows():
    rows = [[erc.TokenRow([1, 2, 3], (0, 1, 2), pool="each")], [erc.TokenRow([1], (0,)), erc.TokenRow([2], (0,))]]
    counts = [sum(row.state_count for row in own) for own in rows]
    parts = EncoderBatch([], counts).per_example(torch.arange(5.0)[:, None])
    assert [part.flatten().tolist() for part in parts] == [[0, 1, 2], [3, 4]]


class TestCache:
    """What is read decides the entry; rows that are read as ever keep the name that they had."""

    IDS = ((1, 5, 2), (0, 2))

    def key(self, *rows, folder="nowhere"):
        from pathlib import Path

        return FeatureCache("a backbone", torch.float32, CPU, Path(folder)).key(rows)

    def test_layers_and_pool_are_part_of_it(self):
        kinds = [erc.TokenRow(*self.IDS, layers, pool) for layers in [*LAYERS, (-2, -1)] for pool in POOLS]
        assert len({self.key(row) for row in kinds}) == len(kinds)

    def test_the_usual_reading_has_the_key_that_it_had_before_there_were_others(self, monkeypatch):
        import hashlib
        from array import array

        cache = FeatureCache("a backbone", torch.float32, CPU)
        digest = hashlib.sha256(cache._prefix.encode())
        digest.update(array("q", [3, 2, 1, 5, 2, 0, 2]).tobytes())
        assert cache.key([erc.TokenRow(*self.IDS)]) == digest.hexdigest()[:40]


def test_several_cores_read_the_same_layers(backbone):
    quicken(backbone.model, CPU)
    encoder = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, CPU, torch.float32)
    encoder.chunk = ChunkSize(3, 4096)
    rows, cores = rows_of(backbone), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        ours = encoder.encode(rows)
        expected = one_by_one(backbone, rows)
        torch.testing.assert_close(ours, expected, rtol=0, atol=ONE_PLACE)
        assert_same_gradients(backbone.model, ours, expected)
    finally:
        torch.set_num_threads(cores)


class TestRepeats:
    def test_rows_that_mostly_repeat_are_encoded_once_and_come_back_each_in_its_place(self, backbone):
        few, read = rows_of(backbone)[:4], []
        rows = Random(1).choices(few, k=17)
        encoder = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, CPU, torch.float32)
        backbone.model.register_forward_pre_hook(
            lambda _module, _given, named: read.append(len(named["input_ids"])), with_kwargs=True
        )
        with torch.no_grad():
            found, told = encoder.encode(rows, lambda: read.append(0)), read.count(0)
            assert sum(read) == len({id(row) for row in rows}) == 4
            assert told == encoder.chunk_count(rows)
            torch.testing.assert_close(found, one_by_one(backbone, rows), rtol=0, atol=ONE_PLACE)

    def test_where_few_repeat_all_are_encoded(self, backbone):
        rows = rows_of(backbone)
        assert repeats(rows) is None
        assert repeats([*rows, *rows[1:]]) is None
        assert repeats([*rows, *rows]) is not None

    def test_rows_that_draw_draw_each_by_itself(self, backbone):
        encoder = RowEncoder(backbone.model, backbone.tokenizer.pad_token_id, CPU, torch.float32)
        backbone.model.train()
        one, other = encoder.encode([erc.TokenRow([5, 6, 7], (0,))] * 2)
        assert not torch.equal(one, other)
        with torch.no_grad():
            one, other = encoder.encode([erc.TokenRow([5, 6, 7], (0,))] * 2)
        assert not torch.equal(one, other)

import copy
import math

import pytest
import torch
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.training.row_states import freeze, set_training
from erc_bench_plugins.backbones import promcse
from erc_bench_plugins.backbones.promcse import PromCSE

HEADS = 4
LAYERS = 2
LENGTH = 3
PAD = 1
IDS = torch.tensor([[0, 40, 41, 42, 43, 44, 2], [0, 50, 51, 2, PAD, PAD, PAD]])
MASK = (IDS != PAD).long()


def load(folder, prefix="on", **attributes):
    component = type("Changed", (PromCSE,), attributes) if attributes else PromCSE
    return component(component.Options(path=str(folder), prefix=prefix)).load()


def stored(folder):
    return torch.load(folder / "pytorch_model.bin", weights_only=True)


def states(model, ids=IDS, mask=MASK):
    """Return the states of all real tokens, row after row."""
    return model(input_ids=ids, attention_mask=mask).last_hidden_state[mask.bool()]


def by_hand(weights, table, shift, ids=IDS):
    """Return what the paper describes, one row, layer, head and token at a time.

    ``table``: (l, 2·L·d), prefixes of keys and values; ``shift`` is where the positions of the tokens begin.
    """
    found = []
    for row in ids:
        tokens = row[row != PAD]
        places = torch.arange(len(tokens)) + PAD + 1 + shift
        x = (
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][places]
        )
        x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], weights, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            x = layer_by_hand(x, weights, f"encoder.layer.{layer}", *prefixes_by_hand(table, layer, x.shape[1]))
        found.append(x)
    return torch.cat(found)


def prefixes_by_hand(table, layer, width):
    keys = [row[2 * layer * width :][:width] for row in table]
    values = [row[(2 * layer + 1) * width :][:width] for row in table]
    return torch.stack(keys) if keys else torch.empty(0, width), torch.stack(values) if values else torch.empty(
        0, width
    )


def layer_by_hand(x, weights, name, key_prefixes, value_prefixes):
    keys = torch.cat([key_prefixes, linear(x, weights, f"{name}.attention.self.key")])
    values = torch.cat([value_prefixes, linear(x, weights, f"{name}.attention.self.value")])
    queries = linear(x, weights, f"{name}.attention.self.query")
    size = x.shape[1] // HEADS
    attended = torch.zeros_like(x)
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        for token in range(len(x)):
            scores = torch.stack([queries[token, part] @ key[part] for key in keys]) / math.sqrt(size)
            attended[token, part] = sum(
                share * value[part] for share, value in zip(scores.softmax(0), values, strict=True)
            )
    x = norm(
        x + linear(attended, weights, f"{name}.attention.output.dense"), weights, f"{name}.attention.output.LayerNorm"
    )
    inner = F.gelu(linear(x, weights, f"{name}.intermediate.dense"))
    return norm(x + linear(inner, weights, f"{name}.output.dense"), weights, f"{name}.output.LayerNorm")


def linear(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def norm(x, weights, name):
    return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], eps=1e-5)


def body_of(folder):
    return {name.removeprefix("roberta."): tensor for name, tensor in stored(folder).items()}


@pytest.fixture
def table(tiny_promcse):
    return stored(tiny_promcse)["prefix_encoder.embedding.weight"]


@pytest.fixture(scope="session")
def reparametrised(write_checkpoint, tmp_path_factory):
    return write_checkpoint.write_promcse(tmp_path_factory.mktemp("reparametrised"), LENGTH, inner=8)


def test_without_prefixes_the_body_is_loaded_and_nothing_else(tiny_promcse):
    model = load(tiny_promcse, "off").model
    body = {
        name.removeprefix("roberta."): tensor for name, tensor in stored(tiny_promcse).items() if "roberta." in name
    }
    assert set(model.state_dict()) == set(body)
    assert all(torch.equal(tensor, body[name]) for name, tensor in model.state_dict().items())
    assert set(stored(tiny_promcse)) - {f"roberta.{name}" for name in body} == {
        "prefix_encoder.embedding.weight",
        "mlp.dense.weight",
        "mlp.dense.bias",
    }


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@torch.no_grad()
def test_prefixes_are_those_of_explicit_attention(tiny_promcse, table, attention):
    model = load(tiny_promcse, attention=(attention,)).model
    assert model.config._attn_implementation == attention
    expected = by_hand(body_of(tiny_promcse), table, shift=LENGTH)
    assert torch.allclose(states(model), expected, atol=1e-5)


@torch.no_grad()
def test_prefixes_and_shifted_positions_both_matter(tiny_promcse, table):
    found, weights = states(load(tiny_promcse).model), body_of(tiny_promcse)
    without_prefixes = torch.empty(0, table.shape[1])
    assert not torch.allclose(found, by_hand(weights, table, shift=0), atol=1e-2)
    assert not torch.allclose(found, by_hand(weights, without_prefixes, shift=LENGTH), atol=1e-2)
    # The reference itself is right: without either it is the body.
    assert torch.allclose(states(load(tiny_promcse, "off").model), by_hand(weights, without_prefixes, 0), atol=1e-5)


@torch.no_grad()
def test_reparametrised_prefixes_are_computed_from_their_table(reparametrised):
    weights = {name.removeprefix("prefix_encoder."): tensor for name, tensor in stored(reparametrised).items()}
    inner = torch.tanh(linear(weights["embedding.weight"], weights, "trans.0"))
    expected = by_hand(body_of(reparametrised), linear(inner, weights, "trans.2"), shift=LENGTH)
    assert torch.allclose(states(load(reparametrised).model), expected, atol=1e-4)


@torch.no_grad()
def test_a_row_does_not_depend_on_its_neighbours_nor_on_a_mask_that_is_left_out(tiny_promcse):
    model = load(tiny_promcse).model
    alone = model(input_ids=IDS[1:, :4]).last_hidden_state[0]
    assert torch.allclose(alone, states(model)[-4:], atol=1e-5)
    assert torch.equal(model(IDS[1:, :4]).last_hidden_state[0], alone)


@torch.no_grad()
def test_the_usable_length_is_shorter_by_the_prefixes(tiny_promcse):
    loaded = load(tiny_promcse)
    longest = loaded.maximum_length
    assert longest == load(tiny_promcse, "off").maximum_length - LENGTH == 509
    ids = torch.full((1, longest + 1), 40)
    assert loaded.model(input_ids=ids[:, :longest]).last_hidden_state.shape == (1, longest, 32)
    with pytest.raises((IndexError, RuntimeError)):
        loaded.model(input_ids=ids)


@torch.no_grad()
def test_prefixes_are_for_bert_too(tiny_bert):
    model = erc.PretrainedBackbone(erc.PretrainedBackbone.Options(path=str(tiny_bert))).load().model
    before = model(input_ids=IDS).last_hidden_state
    assert promcse.add_prefixes(model, {"embedding.weight": torch.randn(LENGTH, 2 * LAYERS * 32)}, "here") == LENGTH
    assert not torch.allclose(model(input_ids=IDS).last_hidden_state, before, atol=1e-2)


@pytest.mark.parametrize("prefix", ["off", "on"])
def test_trains_under_bf16_autocast(tiny_promcse, training_step, prefix):
    loaded = load(tiny_promcse, prefix)
    states, finite = training_step(loaded)
    assert states.isfinite().all()
    assert finite
    assert all(parameter.dtype == torch.float32 for parameter in loaded.model.parameters())


@torch.no_grad()
def test_autocast_stays_close_to_float32(tiny_promcse):
    model = load(tiny_promcse).model
    exact = states(model)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        fast = states(model).float()
    assert F.cosine_similarity(exact, fast, dim=-1).min() > 0.999


def test_prefixes_and_body_are_parameters_alike(tiny_promcse, reparametrised):
    names = {name for name, _ in load(tiny_promcse).model.named_parameters()}
    body = {name for name, _ in load(tiny_promcse, "off").model.named_parameters()}
    assert names - body == {"prefix_encoder.embedding.weight"}
    model = load(reparametrised).model
    states(model).pow(3).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.prefix_encoder.parameters())


@pytest.mark.parametrize(("trainable", "expected"), [("all", True), ("none", False), (1, False)])
def test_prefixes_train_only_where_all_does(tiny_promcse, trainable, expected):
    model = load(tiny_promcse).model
    freeze(model, trainable)
    set_training(model, True)
    assert model.prefix_encoder.embedding.weight.requires_grad is expected
    # Frozen means evaluation mode: the dropout of frozen prefixes is off.
    assert model.prefix_encoder.dropout.training is expected
    trained = {
        name.split(".")[2] for name, p in model.named_parameters() if p.requires_grad and "encoder.layer" in name
    }
    assert trained == {"all": {"0", "1"}, "none": set(), 1: {"1"}}[trainable]


def test_in_training_each_input_has_a_dropout_of_its_own(tiny_promcse):
    model = load(tiny_promcse).model
    assert not model.prefix_encoder.training
    model.eval().prefix_encoder.train()
    twice = model(input_ids=IDS[:1].expand(2, -1)).last_hidden_state
    assert not torch.allclose(twice[0], twice[1], atol=1e-3)
    model.prefix_encoder.eval()
    twice = model(input_ids=IDS[:1].expand(2, -1)).last_hidden_state
    assert torch.allclose(twice[0], twice[1], atol=1e-6)


@torch.no_grad()
def test_a_copy_uses_its_own_prefixes_and_takes_saved_ones(tiny_promcse):
    model = load(tiny_promcse).model
    before, other = states(model), copy.deepcopy(model)
    other.prefix_encoder.embedding.weight.zero_()
    assert torch.equal(states(model), before)
    assert not torch.allclose(states(other), before, atol=1e-2)
    other.load_state_dict(model.state_dict())
    assert torch.equal(states(other), before)


def test_prefixes_are_read_from_safetensors_as_well(tiny_promcse, tmp_path):
    from safetensors.torch import save_file

    for path in tiny_promcse.iterdir():
        if path.name != "pytorch_model.bin":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    save_file(stored(tiny_promcse), tmp_path / "model.safetensors")
    with torch.no_grad():
        assert torch.equal(states(load(tmp_path).model), states(load(tiny_promcse).model))


def test_a_checkpoint_without_prefixes_is_refused(tiny_roberta):
    assert load(tiny_roberta, "off").maximum_length == 512
    with pytest.raises(erc.ErcBenchError, match=r"holds no prefixes \(prefix_encoder.embedding.weight\)") as caught:
        load(tiny_roberta)
    assert "--set backbone.prefix=off" in caught.value.hint


def test_a_model_that_takes_no_past_is_refused(tiny_deberta):
    with pytest.raises(erc.ErcBenchError, match=r"a DebertaModel .* cannot take prefixes"):
        load(tiny_deberta)


@pytest.mark.parametrize(
    "shapes",
    [
        {"embedding.weight": (3, 64)},
        {"embedding.weight": (3, 128), "trans.0.bias": (8,)},
        {"embedding.weight": (3, 32), "trans.0.weight": (8, 32), "trans.0.bias": (8,), "trans.2.weight": (64, 8)},
    ],
)
def test_prefixes_of_another_model_are_refused(tiny_roberta, shapes):
    model = load(tiny_roberta, "off").model
    with pytest.raises(erc.ErcBenchError, match=r"the prefixes in here are not made for its model, .* 128 numbers"):
        promcse.add_prefixes(model, {name: torch.zeros(shape) for name, shape in shapes.items()}, "here")

"""Low-rank adapters in the shapes of language models that are common: what they change, keep, merge and refuse."""

import pytest
import torch

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.pretrained import adapters
from erc_bench.testing.tiny import tiny_backbone, tiny_generative

ROPE = {"num_key_value_heads": 2, "tie_word_embeddings": True}
SHAPES = {
    "bert": {},
    "roberta": {},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8},
    "llama": ROPE,
    "qwen2": {**ROPE, "vocab_size": 400},
    "mistral": ROPE,
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512},
}
IDS = torch.tensor([[5, 6, 7, 8]])


def model_of(shape):
    return tiny_backbone({"model_type": shape, **SHAPES[shape]}).model


def states(model):
    with torch.no_grad():
        return model(input_ids=IDS).last_hidden_state


def moved(model):
    """Give adapters, which begin as nothing, something to say."""
    torch.manual_seed(1)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.2)
    return model


@pytest.mark.parametrize("layers", ["all-linear", "attention"])
@pytest.mark.parametrize("shape", SHAPES)
def test_adapters_begin_as_nothing_and_alone_train(shape, layers):
    model, plain = model_of(shape), states(model_of(shape))
    adapters.add_adapters(model, 4, 8, 0.1, layers)
    assert not model.training
    assert type(model) is type(model_of(shape))
    assert torch.equal(states(model), plain)
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert trained
    assert all(map(adapters.is_adapter, trained))
    assert len(trained) == len(adapters.adapter_state(model))
    assert not torch.allclose(states(moved(model)), plain, atol=1e-3)
    # Every one of them is felt: none stands behind what is read.
    model(input_ids=IDS).last_hidden_state.square().sum().backward()
    assert not [name for name, weight in model.named_parameters() if name in trained and weight.grad is None]


@pytest.mark.parametrize("shape", ["bert", "llama"])
def test_attention_alone_has_those_of_queries_keys_and_values(shape):
    model = model_of(shape)
    adapters.add_adapters(model, 4, 8, 0.0, "attention")
    expected = {"bert": {"query", "key", "value"}, "llama": {"q_proj", "k_proj", "v_proj"}}[shape]
    assert {name.split(".lora_")[0].rpartition(".")[2] for name in adapters.adapter_state(model)} == expected
    assert len(adapters.adapter_state(model)) == 2 * 3 * 2


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing")
def test_they_are_what_peft_makes_of_all_linear_layers():
    from peft import LoraConfig, TaskType, get_peft_model, get_peft_model_state_dict

    config = LoraConfig(task_type=TaskType.CAUSAL_LM, r=4, lora_alpha=8, target_modules="all-linear")
    torch.manual_seed(3)
    theirs = get_peft_model(tiny_generative().model, config)
    torch.manual_seed(3)
    ours = tiny_generative().model
    adapters.add_adapters(ours, 4, 8, 0.0, "all-linear")
    expected, found = get_peft_model_state_dict(theirs, save_embedding_layers=False), adapters.adapter_state(ours)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


@pytest.mark.parametrize("shape", SHAPES)
def test_merged_they_are_the_same_model_without_adapters(shape):
    model = model_of(shape)
    names = model.state_dict().keys()
    adapters.add_adapters(model, 4, 8, 0.1, "all-linear")
    before = states(moved(model))
    adapters.merge_adapters(model)
    assert model.state_dict().keys() == names
    assert torch.allclose(states(model), before, atol=1e-5)


def test_a_state_is_put_back_and_leaves_the_model_as_it_was():
    model, other = model_of("llama"), model_of("llama")
    plain = other.state_dict()
    for each in (model, other):
        adapters.add_adapters(each, 4, 8, 0.0, "all-linear")
    erc.load_adapters(other, erc.adapter_state(moved(model)))
    assert torch.equal(states(other), states(model))
    own = adapters.without_adapters(other.state_dict())
    assert own.keys() == plain.keys()
    assert all(torch.equal(own[name], plain[name]) for name in own)


def test_those_of_another_rank_or_model_are_refused():
    model, other = model_of("llama"), model_of("llama")
    adapters.add_adapters(model, 4, 8, 0.0, "all-linear")
    adapters.add_adapters(other, 2, 8, 0.0, "all-linear")
    before = erc.adapter_state(other)
    with pytest.raises(ErcBenchError, match="the saved adapters are not those of this language model: base_model"):
        erc.load_adapters(other, erc.adapter_state(model))
    with pytest.raises(ErcBenchError, match="the saved adapters are not those"):
        erc.load_adapters(other, dict(list(before.items())[1:]))
    assert all(torch.equal(weight, before[name]) for name, weight in erc.adapter_state(other).items())


def test_adapters_are_float32_beside_a_model_of_half_precision():
    model = tiny_generative().model.to(torch.bfloat16)
    adapters.add_adapters(model, 4, 8, 0.0, "all-linear")
    assert {weight.dtype for weight in adapters.adapter_state(model).values()} == {torch.float32}


def test_a_model_without_such_layers_is_refused():
    with pytest.raises(ErcBenchError, match="takes no adapters: no layer of the kind 'attention' is known in Linear"):
        adapters.add_adapters(torch.nn.Linear(2, 2), 4, 8, 0.0, "attention")


def test_without_their_library_one_sentence_says_so(monkeypatch):
    monkeypatch.setattr(adapters, "find_spec", lambda name: None)
    with pytest.raises(ErcBenchError, match="adapters need peft") as raised:
        adapters.add_adapters(model_of("bert"), 4, 8, 0.0, "all-linear")
    assert raised.value.hint == "pip install 'erc-bench[llm]'"

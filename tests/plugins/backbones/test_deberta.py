import pytest
import torch

from erc_bench_plugins.backbones.deberta import Deberta


class WithoutCast(Deberta):
    """DeBERTa as transformers gives it."""

    def adapt(self, model):
        """Leave the attention alone."""


def test_loads_the_published_layout(tiny_deberta):
    loaded = Deberta(Deberta.Options(path=str(tiny_deberta))).load()
    assert loaded.tokenizer.is_fast
    assert loaded.tokenizer.mask_token_id == 400
    assert loaded.tokenizer.pad_token_id == 0
    assert loaded.tokenizer("Ann")["input_ids"][0] == loaded.tokenizer.cls_token_id == 1
    assert loaded.maximum_length == 512


def test_trains_under_bf16_autocast(tiny_deberta, training_step):
    loaded = Deberta(Deberta.Options(path=str(tiny_deberta))).load()
    assert loaded.bf16_safe
    states, finite = training_step(loaded)
    assert states.isfinite().all()
    assert finite


def test_overflows_without_the_cast(tiny_deberta, training_step):
    with pytest.raises(RuntimeError, match="overflow"):
        training_step(WithoutCast(Deberta.Options(path=str(tiny_deberta))).load())


def test_the_declared_size_is_that_of_the_architecture():
    from transformers import DebertaConfig, DebertaModel

    config = DebertaConfig(
        vocab_size=50265,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        max_position_embeddings=512,
        type_vocab_size=0,
        relative_attention=True,
        position_biased_input=False,
        pos_att_type=["c2p", "p2c"],
    )
    with torch.device("meta"):
        model = DebertaModel(config)
    assert Deberta.parameters == sum(parameter.numel() for parameter in model.parameters())

import pytest
import torch

import erc_bench.api as erc
from erc_bench_plugins.backbones.huggingface import HuggingFace


def backbone(path=None):
    return HuggingFace(HuggingFace.Options(path=path and str(path)))


@pytest.mark.parametrize("name", ["tiny_roberta", "tiny_promcse", "tiny_deberta", "tiny_bert"])
def test_any_folder_trains(name, request, training_step):
    loaded = backbone(request.getfixturevalue(name)).load()
    assert loaded.bf16_safe
    states, finite = training_step(loaded)
    assert states.isfinite().all()
    assert finite


def test_without_a_path_it_says_what_it_needs():
    assert backbone().size() is None
    for ask in ("load", "identity"):
        with pytest.raises(erc.ErcBenchError, match="'huggingface' needs a model"):
            getattr(backbone(), ask)()


def test_what_fails_under_autocast_is_not_called_safe(tiny_deberta):
    class WithoutCast(HuggingFace):
        def adapt(self, model):
            """Leave the attention alone, which overflows."""

    assert not WithoutCast(HuggingFace.Options(path=str(tiny_deberta))).load().bf16_safe


def test_states_that_are_not_finite_are_not_called_safe(tiny_bert):
    loaded = backbone(tiny_bert).load()
    with torch.no_grad():
        loaded.model.embeddings.word_embeddings.weight.fill_(torch.nan)
    assert not backbone().computes_in_bf16(loaded.tokenizer, loaded.model)

"""A BERT, a BART and a Llama of two layers, weights from integer arithmetic: the same bits on every machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import SFC64
from torch import nn

import erc_bench.api as erc
from golden_numbers.corpus import COMMON, SPEAKERS, WORDS

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# The words of the prompts: a tokenizer that knew none of them would read every prompt alike.
_PROMPTS = ("says", "for", "utterance", "feels", "now", "the", "speaker", ":", ",", "'", "s", ".")
_SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_SIDE = {"ffn_dim": 32, "layers": 1, "attention_heads": 2}
_LARGEST = 0.35
_NORMS = ("layernorm.weight", "layer_norm.weight", "layernorm_embedding.weight")


class GoldenBackbone(erc.Backbone):
    """A tiny BERT in torch's default precision."""

    name = "golden"
    source = "invented"
    parameters = 20_000

    def load(self) -> erc.LoadedBackbone:
        """Build tokenizer and model."""
        from transformers import BertConfig, BertModel

        tokenizer = _tokenizer()
        config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=128, **_SIZES)
        config._attn_implementation = "sdpa"
        model = BertModel(config, add_pooling_layer=False)
        _fill(model)
        return erc.LoadedBackbone(tokenizer, model.to(torch.get_default_dtype()).eval(), 128)


class GoldenDecoder(erc.Backbone):
    """A tiny BART of one layer on each side, with the words of the other one."""

    name = "golden-decoder"
    source = "invented"
    parameters = 20_000
    reading = "last"

    def load(self) -> erc.LoadedBackbone:
        """Build tokenizer and model."""
        from transformers import BartConfig, BartModel

        tokenizer = _tokenizer()
        sizes = {f"{side}_{size}": number for side in ("encoder", "decoder") for size, number in _SIDE.items()}
        opening, closing = tokenizer.cls_token_id, tokenizer.sep_token_id
        special = {"pad": tokenizer.pad_token_id, "bos": opening, "eos": closing, "decoder_start": closing}
        tokens = {f"{role}_token_id": token for role, token in special.items()}
        config = BartConfig(vocab_size=len(tokenizer), max_position_embeddings=128, d_model=16, **sizes, **tokens)
        config._attn_implementation = "sdpa"
        model = BartModel(config)
        _fill(model)
        return erc.LoadedBackbone(tokenizer, model.to(torch.get_default_dtype()).eval(), 128, reading="last")


class GoldenWriter(erc.Backbone):
    """A tiny Llama with the words of the other ones, which writes text."""

    name = "golden-writer"
    source = "invented"
    parameters = 20_000
    generates = True
    reading = "last"

    def load(self) -> erc.LoadedBackbone:
        """Build tokenizer and model without its output layer."""
        loaded = self.load_generative(str(torch.get_default_dtype()).removeprefix("torch."))
        return loaded.with_model(loaded.model.model)

    def load_generative(self, precision: str = "float32") -> erc.LoadedBackbone:
        """Build tokenizer and model."""
        from transformers import LlamaConfig, LlamaForCausalLM

        tokenizer = _tokenizer()
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=512,
            num_key_value_heads=1,
            tie_word_embeddings=True,
            **_SIZES,
        )
        config._attn_implementation = "sdpa"
        model = LlamaForCausalLM(config)
        _fill(model)
        return erc.LoadedBackbone(tokenizer, model.to(torch.get_default_dtype()).eval(), 512, reading="last")


def _tokenizer() -> Any:
    from transformers import BertTokenizerFast

    words = [word for group in (_PROMPTS, COMMON, SPEAKERS, *WORDS.values(), tuple(WORDS)) for word in group]
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = Path(folder, "vocab.txt")
        vocabulary.write_text("\n".join(dict.fromkeys([*_SPECIAL, *words])) + "\n", encoding="utf-8")
        return BertTokenizerFast(vocab=str(vocabulary), do_lower_case=True)


def _fill(model: nn.Module) -> None:
    for number, (name, parameter) in enumerate(model.named_parameters()):
        words = SFC64(number).random_raw(parameter.numel()) >> 11
        values = (words * 2.0**-52 - 1) * _LARGEST
        if name.lower().endswith(_NORMS):
            values = values + 1
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.reshape(values, tuple(parameter.shape))))


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    """Offer the backbones of the golden numbers."""
    return [GoldenBackbone, GoldenDecoder, GoldenWriter]

"""A small checkpoint with random weights, for checks of code that must not wait for a real one.

Hidden size 32, 2 layers, 4 heads: a pass takes milliseconds. The vocabulary is made of bytes and a few
merges, so that every text has tokens and no two texts the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BERT = {"model_type": "bert"}
LLAMA = {"model_type": "llama", "tie_word_embeddings": True}
"""A model that writes text; its output layer is its table of words, so that the body's weights are all."""
_SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
_FURTHER_SIZES = {
    "bart": {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "decoder_layers": 2, "decoder_attention_heads": 4},
    "qwen2": {"num_key_value_heads": 2},
}
_MAXIMUM_LENGTH = 512
_SPREAD = 0.1
"""Standard deviation of the weights: five times the usual one, so that a token is felt by its neighbours."""
_SEED = 0
_LINES = (
    "Ann says: I am so happy that you came to see me today!",
    "For utterance: Why did you leave me alone again? Bob feels",
    "joyful sad angry neutral excited frustrated, the phone rang twice and nobody answered it",
)
_SPECIALS = {
    "angular": {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "extra": "<extra>", "mask": "<mask>"},
    "square": {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"},
}
"""Special tokens by role, in the order of their ids: as RoBERTa writes them, and as BERT does.

``extra`` is there so that no id of the one is right in the other."""
_ANGULAR = ("roberta", "xlm-roberta", "camembert", "bart", "mpnet")
_ADDED = {"qwen2": 1}
"""Tokens that the tokenizer of an architecture adds by itself to those of its file."""
_POSITIONS_BEFORE_FIRST = 2
"""RoBERTa's table of positions begins behind the padding id."""


def write_random_checkpoint(folder: Path, architecture: Mapping[str, Any] = BERT) -> Path:
    """Fill a folder with config.json, tokenizer and weights, and return it.

    ``architecture`` names ``model_type`` and whatever else of its config.json differs from a small default.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, AutoModel

    described = dict(architecture)
    angular = described["model_type"] in _ANGULAR
    specials = _SPECIALS["angular" if angular else "square"]
    size = _write_tokenizer(folder, specials) + _ADDED.get(described["model_type"], 0)
    sizes = (
        _SIZES
        | _FURTHER_SIZES.get(described["model_type"], {})
        | {
            "vocab_size": size,
            "max_position_embeddings": _MAXIMUM_LENGTH + (_POSITIONS_BEFORE_FIRST if angular else 0),
            "pad_token_id": list(specials).index("pad"),
            "initializer_range": _SPREAD,
        }
    )
    config = AutoConfig.for_model(described.pop("model_type"), **(sizes | described))
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        model: Any = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    config.save_pretrained(folder)
    # A tensor with two names is written under the first one, as published files have it.
    written = {tensor.data_ptr(): name for name, tensor in reversed(model.state_dict().items())}
    tensors = {name: tensor for name, tensor in model.state_dict().items() if written[tensor.data_ptr()] == name}
    save_file(tensors, folder / "model.safetensors")
    return folder


def _write_tokenizer(folder: Path, specials: Mapping[str, str]) -> int:
    """Write tokenizer.json and its settings; return the number of tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    # The mask stands for a word together with the space before it.
    first = [AddedToken(token, special=True) for role, token in specials.items() if role != "mask"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=first, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(_LINES, trainer)
    # It stands for a word together with the space before it, and has the last id, as RoBERTa's.
    tokenizer.add_special_tokens([AddedToken(specials["mask"], lstrip=True, special=True)])
    closing, opening = ((specials[role], list(specials).index(role)) for role in ("sep", "cls"))
    tokenizer.post_processor = processors.BertProcessing(closing, opening)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {f"{role}_token": token for role, token in specials.items() if role != "extra"}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": _MAXIMUM_LENGTH, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return tokenizer.get_vocab_size()

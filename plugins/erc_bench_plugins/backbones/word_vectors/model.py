"""A table of word vectors with the face of a language model: token ids in, states of tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedTokenizerFast

PAD, UNKNOWN = "<pad>", "<unknown>"
_SPECIAL = {"pad_token": PAD, "unk_token": UNKNOWN}


class WordTable(nn.Module):
    """One vector for each token, at whatever position: the states of all tokens are their embeddings."""

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.config = config
        self.table = nn.Embedding(config.vocab_size, config.hidden_size)

    def get_input_embeddings(self) -> nn.Module:
        """Return the table."""
        return self.table

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_hidden_states: bool = False,
    ) -> SimpleNamespace:
        """input_ids: (rows, tokens), or their embeddings → states (rows, tokens, width)."""
        states = self.table(input_ids) if inputs_embeds is None else inputs_embeds
        return SimpleNamespace(last_hidden_state=states, hidden_states=(states,))


def of_words(words: Sequence[str], vectors: np.ndarray, longest: int) -> tuple[Any, WordTable]:
    """words, vectors: (words, width) → tokenizer and table, padding first, then all unknown words, then the words.

    The vector of padding is zero, that of unknown words the mean of all.
    """
    names = dict.fromkeys((PAD, UNKNOWN, *words))
    core = Tokenizer(models.WordLevel({word: place for place, word in enumerate(names)}, unk_token=UNKNOWN))
    core.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    wrap: Any = PreTrainedTokenizerFast  # not annotated there
    tokenizer = wrap(tokenizer_object=core, model_max_length=longest, **_SPECIAL)
    own = {word: vector for word, vector in zip(words, vectors, strict=True) if word not in _SPECIAL.values()}
    known = np.stack(list(own.values())) if own else vectors
    model = _table(len(names), vectors.shape[1])
    rows = np.concatenate([np.zeros_like(known[:1]), known.mean(0, keepdims=True), *([known] if own else [])])
    with torch.no_grad():
        model.table.weight.copy_(torch.from_numpy(rows))
    return tokenizer, model


def of_folder(folder: Path) -> tuple[Any, WordTable]:
    """Return tokenizer and table of a folder that ``save_pretrained`` filled; the vectors are yet to be put in."""
    tokenizer: Any = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    config: Any = PretrainedConfig.from_pretrained(folder, local_files_only=True)
    return tokenizer, _table(config.vocab_size, config.hidden_size)


def _table(size: int, width: int) -> WordTable:
    config: Any = PretrainedConfig  # it takes whatever an architecture calls its sizes
    return WordTable(config(vocab_size=size, hidden_size=width, num_hidden_layers=0)).eval()

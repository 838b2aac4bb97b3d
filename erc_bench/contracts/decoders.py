"""Language models that are an encoder with a decoder: what the decoder reads, and a loss of what it writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LEFT_OUT = -100
"""What stands where no token is predicted."""


def has_decoder(config: Any) -> bool:
    """Whether the configuration is that of an encoder with a decoder."""
    return bool(getattr(config, "is_encoder_decoder", False))


def decoder_inputs(config: Any, ids: Tensor) -> dict[str, Tensor]:
    """ids: (rows, tokens) of the encoder → the further inputs of a model with a decoder; none without one.

    The decoder reads the same tokens, one place later behind its starting token, as in denoising: its state at a
    position has read the whole row through the encoder, and writes that position's token.
    """
    return {"decoder_input_ids": _one_later(config, ids)} if has_decoder(config) else {}


def generation_loss(
    model: nn.Module, asked: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], pad_id: int
) -> Tensor:
    """Return the mean cross-entropy of the tokens of ``answers``, each written behind what was ``asked``, a scalar.

    ``asked`` and ``answers`` are token ids with the special tokens, one row each; an answer holds a token at least. The
    decoder is shown the answer up to a token when it writes it, and its output embeddings are its input embeddings.
    Padding counts nowhere, so that the loss does not depend on the rows beside.
    """
    language_model: Any = model
    config, table = language_model.config, language_model.get_input_embeddings().weight
    ids, written = _padded(asked, pad_id, table.device), _padded(answers, pad_id, table.device)
    mask, counted = (_mask(rows, table.device) for rows in (asked, answers))
    inputs = {"decoder_input_ids": _one_later(config, written)}
    states = language_model(input_ids=ids, attention_mask=mask.long(), **inputs).last_hidden_state
    targets = written.masked_fill(~counted, _LEFT_OUT)
    return F.cross_entropy((states @ table.T).flatten(0, 1), targets.flatten(), ignore_index=_LEFT_OUT)


def _one_later(config: Any, ids: Tensor) -> Tensor:
    first = torch.full_like(ids[:, :1], config.decoder_start_token_id)
    return torch.cat([first, ids[:, :-1]], 1)


def _padded(rows: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[pad_id] * (longest - len(row))] for row in rows], device=device)


def _mask(rows: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    lengths = torch.tensor([len(row) for row in rows], device=device)
    return torch.arange(int(lengths.max()), device=device) < lengths[:, None]

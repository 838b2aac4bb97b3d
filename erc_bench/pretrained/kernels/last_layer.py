"""A last layer that computes only the states which are read.

A prompt's representation is one state of the last layer. The keys and values of that layer are wanted at
every token, its queries and everything after them at that one: of the twelve products of width d² that a
layer of BERT makes for a token, two remain. Of six layers that is a seventh of all the work.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

POSITIONS = "read_positions"
"""The keyword of a model whose last layer was exchanged: (rows, 1) token positions → states (rows, 1, dim)."""

_FAMILY = ("bert", "roberta", "xlm_roberta")


def quicken_last_layer(model: Any) -> bool:
    """Let a model of the BERT family take ``POSITIONS``, in place; returns whether it does."""
    if takes_positions(model):
        return True
    layers = getattr(getattr(model, "encoder", None), "layer", None)
    known = {f"transformers.models.{name}.modeling_{name}" for name in _FAMILY}
    if type(model).__module__ not in known or not layers or model.config.is_decoder:
        return False
    if model.config._attn_implementation == "eager":
        return False
    architecture = type(layers[-1])
    # A class, not a new module: names, hooks and copies of the model stay as they are.
    layers[-1].__class__ = type(architecture.__name__, (_ReadingLayer, architecture), {})
    return True


def takes_positions(model: nn.Module) -> bool:
    """Whether the last layer of a model was exchanged."""
    layers = getattr(getattr(model, "encoder", None), "layer", None)
    return layers is not None and len(layers) > 0 and isinstance(layers[-1], _ReadingLayer)


class _ReadingLayer(nn.Module):
    """Beside a layer of the BERT family: computes the states at the asked positions alone, if any are asked."""

    def forward(self, hidden_states: Tensor, attention_mask: Tensor | None = None, *rest: Any, **asked: Any) -> Tensor:
        """hidden_states: (rows, tokens, dim) → (rows, 1, dim), or (rows, tokens, dim) without positions."""
        positions = asked.pop(POSITIONS, None)
        if positions is None:
            return super().forward(hidden_states, attention_mask, *rest, **asked)  # type: ignore[no-any-return]
        read = hidden_states.gather(1, positions[:, :, None].expand(-1, -1, hidden_states.shape[-1]))
        context = self._attend(read, hidden_states, attention_mask, asked.get("past_key_values"))
        layer: Any = self
        attended = layer.attention.output(context, read)
        return layer.feed_forward_chunk(attended)  # type: ignore[no-any-return]

    def _attend(self, read: Tensor, hidden_states: Tensor, mask: Tensor | None, past: Any) -> Tensor:
        """read: (rows, 1, dim), hidden_states: (rows, tokens, dim) → (rows, 1, dim)."""
        from transformers import AttentionInterface

        layer: Any = self
        attention = layer.attention.self

        def by_head(states: Tensor) -> Tensor:
            return states.view(*states.shape[:-1], -1, attention.attention_head_size).transpose(1, 2)

        query = by_head(attention.query(read))
        key, value = by_head(attention.key(hidden_states)), by_head(attention.value(hidden_states))
        if past is not None:
            key, value = past.update(key, value, attention.layer_idx)
        interfaces: Any = AttentionInterface  # not annotated there
        attend = interfaces()[attention.config._attn_implementation]
        # Nothing but padding is masked, for every query alike.
        mask = mask if mask is None else mask[:, :, :1]
        dropout = attention.dropout.p if self.training else 0.0
        attended, _ = attend(attention, query, key, value, mask, dropout=dropout, scaling=attention.scaling)
        return torch.as_tensor(attended).flatten(2)

"""Attention for training on a CPU, known to transformers by the name ``ATTENTION``.

With dropout torch has no fused attention on a CPU, and takes its reference path: every element
of the attention matrix is drawn on its own, checked for rows that are masked throughout, and kept in
several copies. Here four matrices are kept for the gradient, which is written out. In evaluation, on
other devices, and wherever an architecture asks for more than masks and dropout, torch's own
attention computes, as if this were not there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from erc_bench.pretrained.kernels.dropout import keep_scale

ATTENTION = "erc_bench_attention"


def quicken_attention(model: Any) -> bool:
    """Let a model that asks torch for its attention use this one; returns whether it does."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    config = getattr(model, "config", None)
    exchangeable = getattr(type(model), "_supports_attention_backend", False)
    used = getattr(config, "_attn_implementation", None)
    if not exchangeable or used not in ("sdpa", ATTENTION):
        return False
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    model.set_attn_implementation(ATTENTION)
    return True


def is_quickened(model: Any) -> bool:
    """Whether a model uses this attention."""
    return getattr(getattr(model, "config", None), "_attn_implementation", None) == ATTENTION


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **asked: Any,
) -> tuple[Tensor, None]:
    """query, key, value: (rows, heads, tokens, dim) → (rows, tokens, heads, dim), as transformers asks for it."""
    if not _is_plain(module, query, key, dropout, asked):
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(  # type: ignore[no-any-return, no-untyped-call, unused-ignore]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **asked
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    bias = None if attention_mask is None else _bias(attention_mask, query.dtype)
    attended: Tensor = _Attention.apply(query, key, value, bias, scale, dropout)  # type: ignore[no-untyped-call]
    return attended.transpose(1, 2).contiguous(), None


def _is_plain(module: nn.Module, query: Tensor, key: Tensor, dropout: float, asked: dict[str, Any]) -> bool:
    """Whether a gradient or dropout is wanted on a CPU, and nothing that is not written here."""
    wanted = dropout > 0 or (torch.is_grad_enabled() and (query.requires_grad or key.requires_grad))
    causal = asked.get("is_causal", getattr(module, "is_causal", False))
    special = any(asked.get(name) is not None for name in ("position_bias", "cache", "softcap"))
    same_heads = query.shape[1] == key.shape[1]
    return wanted and query.device.type == "cpu" and same_heads and not causal and not special and dropout < 1


def _bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the term added to the scores: 0, or where a boolean mask is false the smallest number."""
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    # Padding hides the same keys from every query: one row of the mask says it all.
    row = mask[:, :, :1]
    mask = row if mask.stride(2) == 0 or bool((mask == row).all()) else mask
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, torch.finfo(dtype).min)


class _Attention(torch.autograd.Function):
    """softmax(scale·Q·Kᵀ + bias), dropout, times V, and the gradient of that."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, scale: float, dropout: float
    ) -> Tensor:
        """query, key, value: (rows, heads, tokens, dim) → the same shape."""
        scaled = query * scale
        scores = scaled @ key.transpose(-1, -2)
        if bias is not None:
            scores += bias
        probability = scores.softmax(-1)
        keep = keep_scale(probability.shape, dropout, probability.dtype) if dropout else None
        ctx.save_for_backward(scaled, key, value, probability, keep)
        ctx.scale = scale
        return _kept(probability, keep) @ value

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator, misc, unused-ignore]
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        """gradient: (rows, heads, tokens, dim) → those of query, key and value."""
        scaled, key, value, probability, keep = ctx.saved_tensors  # type: ignore[attr-defined]
        of_value = _kept(probability, keep).transpose(-1, -2) @ gradient
        of_probability = gradient @ value.transpose(-1, -2)
        if keep is not None:
            of_probability *= keep
        of_scores = torch._softmax_backward_data(of_probability, probability, -1, probability.dtype)
        of_query = (of_scores @ key).mul_(ctx.scale)  # type: ignore[attr-defined]
        return of_query, of_scores.transpose(-1, -2) @ scaled, of_value, None, None, None


def _kept(probability: Tensor, keep: Tensor | None) -> Tensor:
    return probability if keep is None else probability * keep

"""Attention of several heads under a mask, and a transformer's layer of it: what encoders of dialogues share."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from erc_bench.contracts.turns import masked_softmax


class MaskedAttention(nn.Module):
    """Scaled dot products in several heads: A(x, y) = W_o ‖_k softmax_j(W_q x_i · W_k y_j / √d) W_v y_j.

    ``width`` is that of what asks and of what comes out, ``head_width`` that of each head.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
    """

    def __init__(self, width: int, heads: int, head_width: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query, self.key, self.value = (nn.Linear(width, heads * head_width) for _ in range(3))
        self.out = nn.Linear(heads * head_width, width)

    def forward(self, asking: Tensor, offering: Tensor, mask: Tensor) -> Tensor:
        """asking: (B, T, width), offering: (B, S, width), mask: (B, T, S), who may be read → (B, T, width).

        Zero where the mask has nothing to read.
        """
        query, key, value = (
            states.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for states in (self.query(asking), self.key(offering), self.value(offering))
        )
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        weights = F.dropout(masked_softmax(scores, mask[:, None]), self.dropout, self.training)
        mixed: Tensor = self.out((weights @ value).transpose(1, 2).flatten(2))
        return mixed.masked_fill(~mask.any(-1, keepdim=True), 0)


class MaskedTransformerLayer(nn.Module):
    """y = LN(x + A(x, x)), LN(y + W₂ ReLU(W₁ y)): a layer as first published, norms behind the sums.

    Heads together are as wide as x.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.attention = MaskedAttention(width, heads, width // heads, dropout)
        self.dropout = dropout
        self.widen, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.attended, self.fed = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """states: (B, T, width), mask: (B, T, T) of [b, i, j], who may be read → (B, T, width)."""
        states = self.attended(states + self._dropped(self.attention(states, states, mask)))
        fed: Tensor = self.fed(states + self._dropped(self.narrow(self._dropped(F.relu(self.widen(states))))))
        return fed

    def _dropped(self, states: Tensor) -> Tensor:
        return F.dropout(states, self.dropout, self.training)

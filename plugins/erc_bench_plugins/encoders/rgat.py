"""RGAT: graph attention by relation, with relational position encodings (Ishiwatari et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc

_SLOPE = 0.2
_RELATIONS = 4
"""Of the same speaker or another, before the turn (it itself among them) or after it."""


class Rgat(erc.DialogueEncoder):
    """Let each turn attend to its neighbours by relation: same or other speaker, before or after.

    z = ReLU(W [x; u]), x the utterance's state, u the last layer's. There is no official code: equations as far as
    paper and a third party give them. ``direction=past`` has no later neighbour.
    """

    name = "rgat"
    source = "Ishiwatari et al. 2020, https://aclanthology.org/2020.emnlp-main.597"
    departures = ("There is no official code: equations as far as the paper and a third party give them.",)

    sees_future = {"direction": "both"}

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are a third party's, with a hidden layer of half of BERT's width."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        window: int = erc.option(
            5, "Turns before a turn that send to it; with direction=both after it as well.", at_least=1
        )
        layers: int = erc.option(3, "Layers of attention.", at_least=1)
        heads: int = erc.option(8, "Heads of each layer.", at_least=1)
        head_width: int = erc.option(96, "Width of each head.", at_least=1)
        hidden: int = erc.option(384, "Width of the hidden layer.", at_least=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        width = options.heads * options.head_width
        inputs = [self.state_dim, *[width] * (options.layers - 1)]
        self.layers = nn.ModuleList(RelationalAttention(dim, options.heads, options.head_width) for dim in inputs)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in inputs)
        self.hidden = nn.Linear(self.state_dim + width, options.hidden)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.hidden)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, hidden)."""
        window = self.options.window
        neighbours = turns.window(window, window if self.options.direction == "both" else 0)
        distance = (turns.positions[None, :] - turns.positions[:, None]).clamp(-window, window)
        relation = 2 * (~turns.same_speaker).long() + (distance > 0).long()
        states = turns.states
        for layer, norm in zip(self.layers, self.norms, strict=True):
            states = norm(layer(states, neighbours, relation, distance))
        return F.relu(self.hidden(torch.cat([turns.states, states], -1)))


class RelationalAttention(nn.Module):
    """One layer: u_i = ‖_k Σ_j α_ij W_r x_j, α = softmax_j(LeakyReLU(a_r·[W_r x_i; W_r x_j] + w_r δ_ij + b_r)).

    δ_ij is the signed distance of j from i, and the softmax runs over the neighbours of all relations together.
    """

    def __init__(self, dim: int, heads: int, width: int) -> None:
        super().__init__()
        self.matrices = nn.Parameter(torch.empty(_RELATIONS, heads, dim, width))
        self.asking = nn.Parameter(torch.empty(_RELATIONS, heads, width))
        self.offering = nn.Parameter(torch.empty(_RELATIONS, heads, width))
        self.slopes = nn.Parameter(torch.zeros(_RELATIONS))
        self.offsets = nn.Parameter(torch.zeros(_RELATIONS))
        for tensor in (self.matrices, self.asking, self.offering):
            nn.init.xavier_uniform_(tensor)

    def forward(self, states: Tensor, neighbours: Tensor, relation: Tensor, distance: Tensor) -> Tensor:
        """states: (B, T, dim); neighbours, relation: (B, T, T); distance: (T, T) → (B, T, heads · width)."""
        moved = torch.einsum("btd,rkdo->brkto", states, self.matrices)
        asked = torch.einsum("brkto,rko->brkt", moved, self.asking)
        offered = torch.einsum("brkto,rko->brkt", moved, self.offering)
        encodings = self.slopes[relation] * distance + self.offsets[relation]
        scores = (asked[..., :, None] + offered[..., None, :]).permute(0, 3, 4, 1, 2)
        own = scores.gather(3, relation[..., None, None].expand(*relation.shape, 1, scores.shape[-1])).squeeze(3)
        logits = F.leaky_relu(own + encodings[..., None], _SLOPE)
        weights = erc.masked_softmax(logits, neighbours[..., None], dim=2)
        of_relation = F.one_hot(relation, _RELATIONS).to(weights)
        gathered = torch.einsum("bijk,bijr,brkjo->biko", weights, of_relation, moved)
        return gathered.flatten(2)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Rgat]

"""COGMEN: a transformer over the dialogue, then relations of speakers and time in a graph (Joshi et al. 2022)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc

Modalities = Literal[
    "text", "text and audio", "text and visual", "text, audio and visual", "audio", "visual", "audio and visual"
]
_PUBLISHED_HEADS = range(7, 15)


class Cogmen(erc.DialogueEncoder):
    """Read the dialogue by a transformer, then gather over a window by relation and by attention.

    x_i = [state; audio; visual] of turn i, of those modalities that are read; two layers of a transformer over all
    turns, without positions; a linear layer; a relational convolution over a window, by who speaks, who spoke, before
    or after; attention over the same window; batch normalisation, LeakyReLU; z = ReLU(W h + b).

    The features ``audio`` and ``visual`` hold a vector of each turn. Attention is masked where a dialogue has no turn,
    batch normalisation counts turns alone, and messages run from neighbours to the turn, as in the paper's equations.
    ``direction=past`` has a causal mask in the transformer and no later neighbour.
    """

    name = "cogmen"
    source = "Joshi et al. 2022, https://aclanthology.org/2022.naacl-main.306"
    departures = (
        "Attention is masked and batch normalisation counts turns alone; in the code padding takes part.",
        "Messages run from neighbours to the turn, as in the paper's equations; in the code they run the other way.",
        "A turn is a neighbour of itself and counts as earlier.",
    )
    sees_future = {"direction": "both"}
    needs_backbone = {"modalities": ("text", "text and audio", "text and visual", "text, audio and visual")}
    features = {
        "audio": {"modalities": ("text and audio", "text, audio and visual", "audio", "audio and visual")},
        "visual": {"modalities": ("text and visual", "text, audio and visual", "visual", "audio and visual")},
    }

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are the authors' for IEMOCAP, but for the modalities."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        modalities: Modalities = erc.option(
            "text", "What is read of a turn: its text, vectors of the features audio and visual, or several of them."
        )
        layers: int = erc.option(2, "Layers of the transformer.", at_least=1)
        heads: int = erc.option(
            0,
            "Heads of the transformer; 0: the first number from 7 to 14 that divides the width of what is read of a "
            "turn, as published, or else the largest below.",
            at_least=0,
        )
        feed_forward: int = erc.option(2048, "Width of the transformer's hidden layers.", at_least=1)
        dropout: float = erc.option(
            0.5, "Dropout of attention weights and in the transformer's layers.", at_least=0, below=1
        )
        width: int = erc.option(100, "Width behind the transformer, of the graph and the hidden layer.", at_least=1)
        window: int = erc.option(
            5, "Turns before a turn that send to it; with direction=both after it as well.", at_least=0
        )
        speakers: int = erc.option(
            2, "Speakers that relations tell apart, by order of appearance; further ones count as the last.", at_least=1
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        read = self.state_dim + sum(self.feature_dims.values())
        heads = options.heads or published_heads(read)
        if read % heads:
            raise erc.ErcBenchError(
                f"encoder.heads={heads} does not divide the {read} numbers that are read of a turn",
                "encoder.heads=0 takes a number that does.",
            )
        self.layers = nn.ModuleList(
            erc.MaskedTransformerLayer(read, heads, options.feed_forward, options.dropout)
            for _ in range(options.layers)
        )
        self.narrow = nn.Linear(read, options.width)
        self.relational = RelationalConvolution(options.width, options.speakers)
        self.attention = GraphAttention(options.width)
        self.norm = nn.BatchNorm1d(options.width)
        self.hidden = nn.Linear(options.width, options.width)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.width)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, width)."""
        both, window = self.options.direction == "both", self.options.window
        states = torch.cat([turns.states, *(turns.features[name] for name in sorted(self.feature_dims))], -1)
        readable = turns.window(None, None if both else 0)
        for layer in self.layers:
            states = layer(states, readable)
        neighbours = turns.window(window, window if both else 0)
        states = self.attention(self.relational(self.narrow(states), neighbours, turns), neighbours)
        return F.relu(self.hidden(F.leaky_relu(self._normalised(states, turns.mask))))

    def represent_words(self, states: Tensor) -> Tensor:
        """states: (words, state_dim) → (words, width), by the statistics of turns: words have none of their own."""
        training = self.norm.training
        self.norm.eval()
        words = super().represent_words(states)
        self.norm.train(training)
        return words

    def _normalised(self, states: Tensor, mask: Tensor) -> Tensor:
        """states: (B, T, width), mask: (B, T) → the same, normalised over turns; padding stays zero."""
        turns = states[mask]
        normalised = torch.zeros_like(states)
        # One turn has no variance: it is read by the statistics of those before.
        by_batch = self.norm.training and len(turns) > 1
        normalised[mask] = self.norm(turns) if by_batch else self._by_running(turns)
        return normalised

    def _by_running(self, turns: Tensor) -> Tensor:
        norm = self.norm
        return F.batch_norm(turns, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps)


def published_heads(width: int) -> int:
    """Return the first number from 7 to 14 that divides a width, or else the largest below 7."""
    return int(next(heads for heads in (*_PUBLISHED_HEADS, 6, 5, 4, 3, 2, 1) if width % heads == 0))


class RelationalConvolution(nn.Module):
    """h_i = W_0 x_i + b + Σ_r 1/|N_r(i)| Σ_{j ∈ N_r(i)} W_r x_j, a matrix for each relation.

    r = (speaker of i, speaker of j, whether j is later). A turn is a neighbour of itself, and is not later.
    """

    def __init__(self, width: int, speakers: int) -> None:
        super().__init__()
        self.speakers = speakers
        self.matrices = nn.Parameter(torch.empty(2 * speakers**2, width, width))
        self.itself = nn.Linear(width, width)
        for matrix in self.matrices:
            nn.init.xavier_uniform_(matrix)

    def forward(self, states: Tensor, neighbours: Tensor, turns: erc.Turns) -> Tensor:
        """states: (B, T, width), neighbours: (B, T, T) of [b, i, j] → (B, T, width)."""
        speakers = turns.speakers.clamp(0, self.speakers - 1)
        not_later = (turns.positions[None, :] <= turns.positions[:, None]).long()
        relations = (speakers[:, :, None] * self.speakers + speakers[:, None, :]) * 2 + not_later
        # With nine speakers most of the 162 relations are in no batch.
        present, place = relations.unique(return_inverse=True)
        of_relation = F.one_hot(place, len(present)).to(states) * neighbours[..., None]
        shares = of_relation / of_relation.sum(2, keepdim=True).clamp(min=1)
        sent = torch.einsum("bjd,rdo->brjo", states, self.matrices[present])
        return torch.einsum("bijr,brjo->bio", shares, sent) + self.itself(states)  # type: ignore[no-any-return]


class GraphAttention(nn.Module):
    """h_i = W_1 x_i + Σ_j α_ij W_2 x_j, α = softmax_j((W_3 x_i)·(W_4 x_j) / √d): one head, over neighbours."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.itself, self.value, self.query, self.key = (nn.Linear(width, width) for _ in range(4))

    def forward(self, states: Tensor, neighbours: Tensor) -> Tensor:
        """states: (B, T, width), neighbours: (B, T, T) of [b, i, j] → (B, T, width)."""
        scores = self.query(states) @ self.key(states).transpose(1, 2) / math.sqrt(states.shape[-1])
        gathered = erc.masked_softmax(scores, neighbours) @ self.value(states)
        return self.itself(states) + gathered  # type: ignore[no-any-return]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Cogmen]

"""DialogueGCN: relations of speakers and time as edges of a graph (Ghosal et al. 2019, arXiv:1908.11540)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


class DialogueGcn(erc.DialogueEncoder):
    """Read the dialogue by an LSTM, then gather over a window by relation: who speaks, who spoke, before or after.

    The paper's reading: weights α_ij = softmax_j(g_i W g_j) over the window, messages from neighbours to the turn.
    The authors' code scores by the turn's place in the dialogue alone, and sends messages the other way round.
    LSTMs read packed sequences, so that no padding reaches a turn. ``direction=past`` has an LSTM of one direction and
    no later neighbour. With a final attention, printed or official, 400 steps do not learn twenty dialogues by heart.
    """

    name = "dialogue-gcn"
    source = "Ghosal et al. 2019, arXiv:1908.11540"
    departures = (
        "Edges are scored by the states of both turns and messages run to the turn, as in the paper; the code "
        "scores by the turn's place and sends them from a turn to its neighbours.",
        "There is no final attention, as in the authors' implementation that chooses on dev (attention=paper, "
        "official).",
        "The LSTM reads packed sequences; in the code it runs over padding.",
    )
    sees_future = {"direction": "both"}

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are those of the authors' README for IEMOCAP."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        context_width: int = erc.option(200, "Width of the LSTM's states, of both directions together.", at_least=2)
        graph_width: int = erc.option(100, "Width of the graph's states and of the hidden layer.", at_least=1)
        window: int = erc.option(
            10, "Turns before a turn that send to it; with direction=both after it as well.", at_least=0
        )
        speakers: int = erc.option(
            2, "Speakers that relations tell apart, by order of appearance; further ones count as the last.", at_least=1
        )
        attention: Literal["none", "paper", "official"] = erc.option(
            "none",
            "Final attention over the dialogue: none, as in the implementation that chooses on dev; as printed; or "
            "official, behind a tanh, where no turn weighs more than e² times another.",
        )
        bases: int = erc.option(30, "Matrices of which those of all relations are sums.", at_least=1)
        context_dropout: float = erc.option(0.4, "Dropout between the LSTM's two layers.", at_least=0, below=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        both, context = options.direction == "both", 2 * (options.context_width // 2)
        self.lstm = nn.LSTM(
            self.state_dim,
            context // 2 if both else context,
            num_layers=2,
            batch_first=True,
            bidirectional=both,
            dropout=options.context_dropout,
        )
        self.scorer = nn.Linear(context, context, bias=False)
        self.relational = RelationalConvolution(context, options.graph_width, options.speakers, options.bases)
        self.neighbours = nn.Linear(options.graph_width, options.graph_width)
        self.itself = nn.Linear(options.graph_width, options.graph_width, bias=False)
        width = context + options.graph_width
        self.attention = None if options.attention == "none" else nn.Linear(width, width)
        self.hidden = nn.Linear(width, options.graph_width)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.graph_width)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, graph_width)."""
        context = turns.recurrent(self.lstm, turns.states)
        neighbours = edges(turns, self.options.window, self.options.direction)
        weights = erc.masked_softmax(self.scorer(context) @ context.transpose(1, 2), neighbours)
        states = self.relational(context, weights, turns)
        # A sum over neighbours without weights (GraphConv); no activation between the layers, as in the code.
        states = self.neighbours(neighbours.to(states) @ states) + self.itself(states)
        read = torch.cat([context, states], -1)
        if self.attention is not None:
            scores = self.attention(read) @ read.transpose(1, 2)
            scores = torch.tanh(scores) if self.options.attention == "official" else scores
            readable = turns.pairs if self.options.direction == "both" else turns.window(None)
            read = erc.masked_softmax(scores, readable) @ read
        return F.relu(self.hidden(read))


def edges(turns: erc.Turns, window: int, direction: str) -> Tensor:
    """Return whether turn j sends to turn i, (B, T, T) of [b, i, j]: those within the window, itself included."""
    return turns.window(window, window if direction == "both" else 0)


class RelationalConvolution(nn.Module):
    """h_i = Σ_j α_ij W_r g_j + W_0 g_i + b, with W_r = Σ_k a_rk V_k.

    r = (speaker of i, speaker of j, whether j is later). A turn itself is not later, as in the authors' code.
    """

    def __init__(self, dim: int, width: int, speakers: int, bases: int) -> None:
        super().__init__()
        self.speakers = speakers
        self.bases = nn.Parameter(torch.empty(bases, dim, width))
        self.shares = nn.Parameter(torch.empty(2 * speakers**2, bases))
        self.itself = nn.Linear(dim, width)
        nn.init.xavier_uniform_(self.bases)
        nn.init.xavier_uniform_(self.shares)

    def forward(self, states: Tensor, weights: Tensor, turns: erc.Turns) -> Tensor:
        """states: (B, T, dim), weights: (B, T, T) of [b, i, j] → (B, T, width)."""
        speakers = turns.speakers.clamp(0, self.speakers - 1)
        not_later = (turns.positions[None, :] <= turns.positions[:, None]).long()
        relations = (speakers[:, :, None] * self.speakers + speakers[:, None, :]) * 2 + not_later
        sent = torch.einsum("bjd,kdo->bkjo", states, self.bases)
        shares = self.shares[relations] * weights[..., None]
        return torch.einsum("bijk,bkjo->bio", shares, sent) + self.itself(states)  # type: ignore[no-any-return]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [DialogueGcn]

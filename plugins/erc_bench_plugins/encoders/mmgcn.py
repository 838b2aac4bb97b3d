"""MMGCN: a deep graph convolution over turns and modalities, edges by similarity (Hu et al. 2021)."""

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
_SHRINK = 0.99999
"""Keeps cosines off 1, where the arc cosine has no gradient."""
_ALPHA, _LAMBDA = 0.1, 0.5
"""What of H⁰ every layer adds, and how fast its matrix approaches the identity (alpha and lambda of GCNII)."""


class Mmgcn(erc.DialogueEncoder):
    """Make a node of each turn and modality, and convolve over a graph whose edges are similarities.

    Nodes x: of text an LSTM's state of the turn plus an embedding of its speaker; of audio and faces a linear layer.
    Edges: all turns of the dialogue within a modality, and the same turn across modalities. H^L of L layers by GCNII;
    z = ReLU of [x; H^L] of all modalities, one behind the other, text first.

    The features ``audio`` and ``visual`` hold a vector of each turn. LSTMs read packed sequences, and padding has no
    edge. Of one modality, which was not published, the graph is that of its similarities; speakers are known to text
    alone. ``direction=past`` has an LSTM
    of one direction, as wide, and edges from earlier turns; degrees are sums over them, so that none tells the future.
    """

    name = "mmgcn"
    source = "Hu et al. 2021, https://aclanthology.org/2021.acl-long.440"
    departures = (
        "Of text alone there is one graph of its similarities; the code refuses a single modality.",
        "The LSTM reads packed sequences and padding has no edge.",
        "The LSTM's dropout is not known to us: .4 between its layers, as elsewhere.",
    )
    sees_future = {"direction": "both"}
    needs_backbone = {"modalities": ("text", "text and audio", "text and visual", "text, audio and visual")}
    features = {
        "audio": {"modalities": ("text and audio", "text, audio and visual", "audio", "audio and visual")},
        "visual": {"modalities": ("text and visual", "text, audio and visual", "visual", "audio and visual")},
    }

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are those of the authors' code, but for the modalities."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        modalities: Modalities = erc.option(
            "text", "What is read of a turn: its text, vectors of the features audio and visual, or several of them."
        )
        node_width: int = erc.option(
            200, "Width of a node before the graph; of the LSTM both directions together: even.", at_least=2
        )
        graph_width: int = erc.option(100, "Width of the graph's states.", at_least=1)
        layers: int = erc.option(64, "Layers of the graph; 64 is what the authors' code runs.", at_least=1)
        speakers: int = erc.option(
            9, "Speakers that have an embedding, by order of appearance; further ones count as the last.", at_least=1
        )
        dropout: float = erc.option(
            0.4,
            "Dropout between the LSTM's layers, before each of the graph, and before the ReLU.",
            at_least=0,
            below=1,
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        both, width = options.direction == "both", options.node_width
        if width % 2:
            raise erc.ErcBenchError(f"encoder.node_width={width} is odd", "An LSTM of two directions halves it.")
        self.narrow = nn.ModuleDict({name: nn.Linear(dim, width) for name, dim in sorted(self.feature_dims.items())})
        self.modalities = (self.state_dim > 0) + len(self.feature_dims)
        if self.state_dim:
            self.text = nn.Linear(self.state_dim, width)
            self.lstm = nn.LSTM(
                width,
                width // 2 if both else width,
                num_layers=2,
                batch_first=True,
                bidirectional=both,
                dropout=options.dropout,
            )
            self.speaking = nn.Embedding(options.speakers, width)
        self.graph = GraphConvolution(options)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.modalities * (self.options.node_width + self.options.graph_width))

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, modalities · (node_width + graph_width))."""
        text = [self._text(turns)] if self.state_dim else []
        nodes = torch.cat([*text, *(layer(turns.features[name]) for name, layer in self.narrow.items())], 1)
        weights = propagation(nodes, edges(turns, self.modalities, self.options.direction))
        read = torch.cat([nodes, self.graph(nodes, weights)], -1)
        of_turns = torch.cat(read.chunk(self.modalities, 1), -1)
        return F.relu(F.dropout(of_turns, self.options.dropout, self.training))

    def _text(self, turns: erc.Turns) -> Tensor:
        speakers = turns.speakers.clamp(0, self.options.speakers - 1)
        read = turns.recurrent(self.lstm, self.text(turns.states))
        return read + self.speaking(speakers)  # type: ignore[no-any-return]


def edges(turns: erc.Turns, modalities: int, direction: str) -> Tensor:
    """Return whether node j sends to node i, (B, M·T, M·T) of [b, i, j]; nodes: all turns of a modality, then the next.

    All turns of a dialogue within a modality, the turn itself included, and the same turn across modalities.
    """
    within = turns.window(None, None if direction == "both" else 0)
    across = turns.window(0, 0)
    rows = [[within if own == other else across for other in range(modalities)] for own in range(modalities)]
    return torch.cat([torch.cat(row, 2) for row in rows], 1)


def propagation(nodes: Tensor, sends: Tensor) -> Tensor:
    """nodes: (B, N, width), sends: (B, N, N) of [b, i, j] → (B, N, N), Â = D^-½ A D^-½.

    A_ij = 1 - arccos(.99999 cos(x_i, x_j)) / π over edges, and D_ii = Σ_j A_ij over those that send to i.
    """
    directions = F.normalize(nodes, dim=-1)
    similarity = _SHRINK * directions @ directions.transpose(1, 2)
    weights = (1 - torch.arccos(similarity) / math.pi).masked_fill(~sends, 0)
    # A turn sends to itself, so that only padding has no degree.
    degrees = weights.sum(-1).masked_fill(~sends.any(-1), 1)
    scale = degrees.rsqrt()
    return scale[:, :, None] * weights * scale[:, None, :]


class GraphConvolution(nn.Module):
    """GCNII (Chen et al. 2020, arXiv:2007.02133), the variant that keeps H⁰ beside the neighbours.

    H⁰ = ReLU(W₀ x + b); H^l = ReLU(β_l [Â H^{l-1}; H⁰] W_l + (1 - β_l)((1 - α) Â H^{l-1} + α H⁰)), β_l = ln(λ/l + 1).
    """

    def __init__(self, options: Any) -> None:
        super().__init__()
        width = options.graph_width
        self.dropout = options.dropout
        self.first = nn.Linear(options.node_width, width)
        self.layers = nn.ModuleList(nn.Linear(2 * width, width, bias=False) for _ in range(options.layers))

    def forward(self, nodes: Tensor, weights: Tensor) -> Tensor:
        """nodes: (B, N, node_width), weights: (B, N, N) of [b, i, j] → (B, N, graph_width)."""
        first = states = F.relu(self.first(self._dropped(nodes)))
        for number, layer in enumerate(self.layers, 1):
            share = math.log(_LAMBDA / number + 1)
            sent = weights @ self._dropped(states)
            mixed = layer(torch.cat([sent, first], -1))
            states = F.relu(share * mixed + (1 - share) * ((1 - _ALPHA) * sent + _ALPHA * first))
        return states

    def _dropped(self, states: Tensor) -> Tensor:
        return F.dropout(states, self.dropout, self.training)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Mmgcn]

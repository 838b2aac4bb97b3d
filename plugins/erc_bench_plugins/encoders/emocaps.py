"""EmoCaps-style: an emotion vector beside the sentence vector of each turn, read by a BiLSTM (after Li et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc

_MAPPING_LAYERS = 5


class EmoCaps(erc.DialogueEncoder):
    """Make an emotion vector of each turn by attention, join it with the sentence vector, and read both by a BiLSTM.

    EmoCaps-style, of text alone: written after a summary of the paper from memory. Neither its equations nor the
    authors' code were at hand: this is no reproduction, and sizes are ours. The summary has the Emoformer attend over
    an utterance's features; with one vector for each utterance it attends over the turns of the dialogue here.

    y = LN(x + A(x, x)), v = LN(y + W₂ ReLU(W₁ y)), A attention of several heads; e = five layers ReLU(W v + b);
    h = BiLSTM([e; x]); z = ReLU(W h + b). ``direction=past`` has a causal mask and an LSTM of one direction, as wide
    as both together.
    """

    name = "emocaps"
    source = "after Li et al. 2022, https://aclanthology.org/2022.findings-acl.126, from memory"
    departures = (
        "Neither equations nor code were at hand: written after a summary from memory, EmoCaps-style, with sizes of "
        "ours.",
        "Text alone; the paper has audio and faces as well.",
        "Attention goes over the turns of the dialogue; the summary has it over the features of an utterance.",
    )
    sees_future = {"direction": "both"}

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are ours."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        heads: int = erc.option(8, "Heads of the attention.", at_least=1)
        head_width: int = erc.option(32, "Width of each head.", at_least=1)
        feed_forward: int = erc.option(512, "Width of the hidden layer behind the attention.", at_least=1)
        emotion_width: int = erc.option(128, "Width of the emotion vector and of the layers to it.", at_least=1)
        context_width: int = erc.option(
            300, "Width of the LSTM's states, of both directions together; an odd one loses one.", at_least=2
        )
        hidden: int = erc.option(128, "Width of the hidden layer behind the LSTM.", at_least=1)
        dropout: float = erc.option(
            0.1, "Dropout of attention weights, and before each sum and the LSTM.", at_least=0, below=1
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        both, context = options.direction == "both", 2 * (options.context_width // 2)
        self.emoformer = Emoformer(self.state_dim, options)
        self.lstm = nn.LSTM(
            self.state_dim + options.emotion_width,
            context // 2 if both else context,
            batch_first=True,
            bidirectional=both,
        )
        self.hidden = nn.Linear(context, options.hidden)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.hidden)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, hidden)."""
        readable = turns.pairs if self.options.direction == "both" else turns.window(None, 0)
        capsules = torch.cat([self.emoformer(turns.states, readable), turns.states], -1)
        dropped = F.dropout(capsules, self.options.dropout, self.training)
        return F.relu(self.hidden(turns.recurrent(self.lstm, dropped)))


class Emoformer(nn.Module):
    """A layer of a transformer, norms behind the sums, and five linear layers to the emotion vector."""

    def __init__(self, dim: int, options: Any) -> None:
        super().__init__()
        self.dropout = options.dropout
        self.attention = erc.MaskedAttention(dim, options.heads, options.head_width, options.dropout)
        self.widen, self.narrow = nn.Linear(dim, options.feed_forward), nn.Linear(options.feed_forward, dim)
        self.attended, self.fed = nn.LayerNorm(dim), nn.LayerNorm(dim)
        inputs = [dim, *[options.emotion_width] * (_MAPPING_LAYERS - 1)]
        self.mapping = nn.ModuleList(nn.Linear(each, options.emotion_width) for each in inputs)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """states: (B, T, dim), mask: (B, T, T) of [b, i, j], who may be read → (B, T, emotion_width)."""
        states = self.attended(states + self._dropped(self.attention(states, states, mask)))
        emotion: Tensor = self.fed(states + self._dropped(self.narrow(F.relu(self.widen(states)))))
        for layer in self.mapping:
            emotion = F.relu(layer(emotion))
        return emotion

    def _dropped(self, states: Tensor) -> Tensor:
        return F.dropout(states, self.dropout, self.training)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [EmoCaps]

"""DialogueEIN: emotion tendency and emotional interactions by masked attention (Liu et al. 2022)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

import erc_bench.api as erc


class DialogueEin(erc.DialogueEncoder):
    """Let each turn attend to embeddings of the emotions, then to turns near, of its speaker, and of others.

    h^s = Transformer(W u + position); h^e = LN(h^s + A(h^s, E)); h = LN(W [A_m(h^e, h^e) for four masks m] + h^s);
    z = W' h, and the emotion embeddings E are the classifier as well: logits = z·Eᵀ. A is attention of several heads.
    There is no official code: equations as far as the paper and a third party give them.

    ``direction=past`` has a causal mask everywhere. A turn with nobody else to listen to gets zeros from the others.
    """

    name = "dialogue-ein"
    source = "Liu et al. 2022, https://aclanthology.org/2022.coling-1.57"
    departures = (
        "There is no official code: equations as far as the paper and a third party give them.",
        "A turn with nobody else to listen to gets zeros from the others; at the third party it attends to "
        "everything, padding included.",
        "Emotion embeddings are drawn with a length of 1 on average, not from N(0, 1), with which the first logits "
        "would be twenty times as large.",
    )
    sees_future = {"direction": "both"}
    emotions: nn.Parameter
    """(classes, width)."""

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are a third party's for IEMOCAP."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        window: int = erc.option(
            2, "Turns before a turn that are near; with direction=both after it as well.", at_least=1
        )
        layers: int = erc.option(4, "Layers of the transformer.", at_least=1)
        heads: int = erc.option(8, "Heads of each attention.", at_least=1)
        head_width: int = erc.option(48, "Width of each head.", at_least=1)
        hidden: int = erc.option(2048, "Width of the transformer's hidden layers.", at_least=1)
        dropout: float = erc.option(0.1, "Dropout of attention weights and in the transformer.", at_least=0, below=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        width = self.dim
        self.narrow = nn.Linear(self.state_dim, width)
        self.layers = nn.ModuleList(
            erc.MaskedTransformerLayer(width, options.heads, options.hidden, options.dropout)
            for _ in range(options.layers)
        )
        self.tendency = self._attention()
        self.tendency_norm = nn.LayerNorm(width)
        self.interactions = nn.ModuleList(self._attention() for _ in range(4))
        self.joint = nn.Linear(4 * width, width)
        self.joint_norm = nn.LayerNorm(width)
        self.answer = nn.Linear(width, width, bias=False)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.heads * self.options.head_width)

    def _attention(self) -> erc.MaskedAttention:
        options = self.options
        return erc.MaskedAttention(self.dim, options.heads, options.head_width, options.dropout)

    def start(self, labels: Sequence[str]) -> None:
        """Make an embedding of each emotion, of about length 1."""
        self.emotions = nn.Parameter(torch.randn(len(labels), self.dim) / math.sqrt(self.dim))

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, width)."""
        later = None if self.options.direction == "both" else 0
        readable = turns.window(None, later)
        semantic = self.narrow(turns.states) + sinusoids(turns.positions, self.dim).to(turns.states)
        for layer in self.layers:
            semantic = layer(semantic, readable)
        everything = turns.mask.new_ones(1, 1, len(self.emotions))
        felt = self.tendency_norm(semantic + self.tendency(semantic, self.emotions[None], everything))
        near = turns.window(self.options.window, self.options.window if later is None else 0)
        masks = (readable, near, readable & turns.same_speaker, readable & ~turns.same_speaker)
        heard = [listen(felt, felt, mask) for listen, mask in zip(self.interactions, masks, strict=True)]
        z: Tensor = self.answer(self.joint_norm(self.joint(torch.cat(heard, -1)) + semantic))
        return z

    def forward(self, row_states: Tensor, batch: erc.EncoderBatch) -> erc.Encoded:
        """row_states: (turns of all dialogues, dim), dialogue by dialogue; the logits are the encoder's own."""
        encoded = super().forward(row_states, batch)
        encoded.logits = encoded.z @ self.emotions.T
        return encoded


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """positions: (T,) → (T, width) float64: sin(p·10000^(-2i/width)) and the cosine of the same, by turns."""
    rates = 10000 ** (-torch.arange(0, width, 2, dtype=torch.float64, device=positions.device) / width)
    angles = positions[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [DialogueEin]

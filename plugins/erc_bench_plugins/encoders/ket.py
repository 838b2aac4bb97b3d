"""KET: an utterance attends to the words of those before it (Zhong et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


class Ket(erc.Encoder):
    """Let the words of an utterance attend to one another, then to the words of the utterances before it.

    w_i = W s_i + b + p_i, of the state s_i of each token and sinusoids p_i of its place in the utterance. E is a layer
    of a transformer. Context: E over each earlier utterance, then the same E over all their words, one utterance behind
    the other. Target: t = LN(w + A(w, w)), r = LN(t + A'(t, context)), o = LN(r + W₂ ReLU(W₁ r)); z is the largest
    value of each dimension of o over the words. A first turn has no context: A' is zero.

    Written after descriptions of the paper and its code; the code itself, under the GPL, was neither read nor run.
    """

    name = "ket"
    source = "Zhong et al. 2019, https://aclanthology.org/D19-1016"
    departures = (
        "Without knowledge: neither concepts of ConceptNet nor affect (NRC-VAD) are read, as the method's name says.",
        "All words are read; stop words are not left out.",
        "Dropout (.1) and the place of the norms (behind the sums) are ours; sinusoids of the place in an utterance "
        "are added to its words.",
    )

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """The defaults are those of the paper."""

        window: int = erc.option(6, "Turns before an utterance that are read.", at_least=0)
        length: int = erc.option(30, "Tokens of an utterance at most.", at_least=8)
        width: int = erc.option(100, "Width of words, of the attention and of the representations.", at_least=1)
        heads: int = erc.option(4, "Heads of the attention; they divide the width.", at_least=1)
        feed_forward: int = erc.option(100, "Width of the hidden layers behind the attention.", at_least=1)
        dropout: float = erc.option(0.1, "Dropout of attention weights and before each sum.", at_least=0, below=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        width, heads = options.width, options.heads
        if width % heads:
            raise erc.ErcBenchError(
                f"encoder.heads={heads} does not divide encoder.width={width}", "Choose a number of heads that does."
            )
        self._utterances = erc.UtteranceRows(backbone, options.length, "mean")
        self.narrow = nn.Linear(self.state_dim, width)
        self.context = erc.MaskedTransformerLayer(width, heads, options.feed_forward, options.dropout)
        self.itself = erc.MaskedAttention(width, heads, width // heads, options.dropout)
        self.across = erc.MaskedAttention(width, heads, width // heads, options.dropout)
        self.widen, self.shrink = nn.Linear(width, options.feed_forward), nn.Linear(options.feed_forward, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    @property
    def reads(self) -> Literal["any"]:
        """Every token of a row is read."""
        return "any"

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.width)

    def examples(self, dialogues: Sequence[erc.Dialogue], training: bool, rng: Random) -> list[erc.Example]:
        """Make one example of every scored utterance, with the turns of its window."""
        self._utterances.tokenise([turn.text for dialogue in dialogues for turn in dialogue.utterances])
        return [
            erc.Example(dialogue, (target,), tuple(range(max(0, target - self.options.window), target)))
            for dialogue in dialogues
            for target in dialogue.targets()
        ]

    def rows(self, example: erc.Example) -> list[erc.TokenRow]:
        """Return the rows of the turns before, in order, and that of the target, each read at all of its tokens."""
        turns = [example.dialogue.utterances[turn] for turn in (*example.context, *example.targets)]
        return [replace(self._utterances.row(turn.text), pool="each") for turn in turns]

    def forward(self, row_states: Tensor, batch: erc.EncoderBatch) -> erc.Encoded:
        """row_states: (tokens of all rows, state_dim), row by row."""
        counts = [[row.state_count for row in self.rows(example)] for example in batch.examples]
        rows = row_states.split([count for own in counts for count in own])
        ends = torch.tensor([len(own) for own in counts]).cumsum(0).tolist()
        targets = [end - 1 for end in ends]
        context = [rows[start:end] for start, end in zip([0, *ends], targets, strict=False)]
        return erc.Encoded(self.represent([rows[target] for target in targets], context))

    def represent_words(self, states: Tensor) -> Tensor:
        """states: (words, state_dim) → (words, width): each word alone, with nothing before it."""
        return self.represent(states.split(1), [()] * len(states))

    def represent(self, targets: Sequence[Tensor], contexts: Sequence[Sequence[Tensor]]) -> Tensor:
        """targets: of each example (tokens, state_dim), contexts: of each turn before it the same → (n, width)."""
        said, there = padded([self._words(target) for target in targets])
        remembered, known = self._remembered(contexts, said)
        said = self.norms[0](said + self._dropped(self.itself(said, said, _pairs(there, there))))
        said = self.norms[1](said + self._dropped(self.across(said, remembered, _pairs(there, known))))
        fed = self.norms[2](said + self._dropped(self.shrink(self._dropped(F.relu(self.widen(said))))))
        return fed.masked_fill(~there[..., None], -math.inf).amax(1)  # type: ignore[no-any-return]

    def _remembered(self, contexts: Sequence[Sequence[Tensor]], like: Tensor) -> tuple[Tensor, Tensor]:
        """Return (n, S, width), the words of all turns before, and where there are words, (n, S)."""
        turns = [turn for own in contexts for turn in own]
        if not turns:
            return like.new_zeros(len(contexts), 1, like.shape[-1]), like.new_zeros(len(contexts), 1, dtype=torch.bool)
        words, there = padded([self._words(turn) for turn in turns])
        read = self.context(words, _pairs(there, there))[there]
        joined, known = padded(read.split([sum(map(len, own)) for own in contexts]))
        return self.context(joined, _pairs(known, known)), known

    def _words(self, states: Tensor) -> Tensor:
        """states: (tokens, state_dim) of an utterance → (tokens, width)."""
        narrowed: Tensor = self.narrow(states)
        return narrowed + sinusoids(len(states), self.options.width).to(narrowed)

    def _dropped(self, states: Tensor) -> Tensor:
        return F.dropout(states, self.options.dropout, self.training)


def sinusoids(length: int, width: int) -> Tensor:
    """Return (length, width) float64: sin(i / 10000^(2d / width)) at 2d, the cosine at 2d + 1.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5.
    """
    even = torch.arange(0, width, 2, dtype=torch.float64)
    angles = torch.arange(length, dtype=torch.float64)[:, None] / 10_000 ** (even / width)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]


def padded(parts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """parts: n tensors (length, width) → (n, longest, width), zero behind each, and where there is something."""
    lengths = torch.tensor([len(part) for part in parts])
    there = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    together = torch.cat(list(parts))
    filled = together.new_zeros(*there.shape, together.shape[-1])
    there = there.to(together.device)
    filled[there] = together
    return filled, there


def _pairs(asking: Tensor, offering: Tensor) -> Tensor:
    """asking: (n, T), offering: (n, S), where there is something → (n, T, S), where there is on both sides."""
    return asking[:, :, None] & offering[:, None, :]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Ket]

"""KET: an utterance attends to the words of those before it (Zhong et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench_plugins.encoders.ket.affect_file import read_affect
from erc_bench_plugins.encoders.ket.concept_branch import ConceptBranch, conversations_of
from erc_bench_plugins.encoders.ket.concept_file import read_concepts
from erc_bench_plugins.encoders.ket.token_concepts import TokenConcepts


class Ket(erc.Encoder):
    """Let the words of an utterance attend to one another, then to the words of the utterances before it.

    w_i = W s_i + b + p_i, of the state s_i of each token and sinusoids p_i of its place in the utterance; with concepts
    W [s_i; v_i], the vector v_i of :class:`ConceptBranch` behind the state. E is a layer
    of a transformer. Context: E over each earlier utterance, then the same E over all their words, one utterance behind
    the other. Target: t = LN(w + A(w, w)), r = LN(t + A'(t, context)), o = LN(r + W₂ ReLU(W₁ r)); z is the largest
    value of each dimension of o over the words. A first turn has no context: A' is zero.

    Written after descriptions of the paper and its code; the code itself, under the GPL, was neither read nor run.
    """

    name = "ket"
    source = "Zhong et al. 2019, https://aclanthology.org/D19-1016"
    departures = (
        "Concepts are those that are single tokens of the backbone, the strongest hundred of a word; their scores are "
        "shares of the word's largest, where the code's lie between the largest of a row and the smallest of a column.",
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
        concepts: bool = erc.option(False, "Join its concepts to each word.")
        concepts_per_word: int = erc.option(100, "Concepts of a word at most, the strongest.", at_least=1)
        knowledge: str | None = erc.option(
            None, "Concepts of words: assertions of ConceptNet, or word, concept and score.", file={"concepts": True}
        )
        affect: str | None = erc.option(
            None, "Valence, arousal and dominance of words, as the NRC VAD lexicon has them.", file={"concepts": True}
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        width, heads = options.width, options.heads
        if width % heads:
            raise erc.ErcBenchError(
                f"encoder.heads={heads} does not divide encoder.width={width}", "Choose a number of heads that does."
            )
        self._utterances = erc.UtteranceRows(backbone, options.length, "mean")
        self.branch = self._branch(options) if options.concepts else None
        self.narrow = nn.Linear(self.state_dim * (2 if options.concepts else 1), width)
        self.context = erc.MaskedTransformerLayer(width, heads, options.feed_forward, options.dropout)
        self.itself = erc.MaskedAttention(width, heads, width // heads, options.dropout)
        self.across = erc.MaskedAttention(width, heads, width // heads, options.dropout)
        self.widen, self.shrink = nn.Linear(width, options.feed_forward), nn.Linear(options.feed_forward, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def _branch(self, options: Any) -> ConceptBranch:
        for name in ("knowledge", "affect"):
            if not getattr(options, name):
                raise erc.ErcBenchError(f"encoder.concepts=true reads encoder.{name}, and it names no file")
        read = read_concepts(Path(options.knowledge)), read_affect(Path(options.affect))
        # The row of a word's concepts is one input of the language model.
        most = min(options.concepts_per_word + 1, self.maximum_length)
        return ConceptBranch(TokenConcepts.of(self.tokenizer, *read, most))

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
        """Return the rows of the turns before, in order, and that of the target, each read at all of its tokens.

        With concepts, a row of the concepts of each word that is said follows, in the order of their tokens: what
        stands before a model's first layer, its word vectors, is read of them.
        """
        turns = self._turns(example)
        if self.branch is None:
            return turns
        concepts = (self.branch.concepts_of(word) for word in words_of(turns))
        return [*turns, *(erc.TokenRow(own, range(len(own)), (0,), "each") for own in concepts)]

    def _turns(self, example: erc.Example) -> list[erc.TokenRow]:
        turns = [example.dialogue.utterances[turn] for turn in (*example.context, *example.targets)]
        return [replace(self._utterances.row(turn.text), pool="each") for turn in turns]

    def forward(self, row_states: Tensor, batch: erc.EncoderBatch) -> erc.Encoded:
        """row_states: (tokens of all rows, state_dim), row by row."""
        rows = [self._turns(example) for example in batch.examples]
        turns, concepts = [], []
        for own, states in zip(rows, batch.per_example(row_states), strict=True):
            counts = [row.state_count for row in own]
            *parts, rest = states.split([*counts, len(states) - sum(counts)])
            turns.append(parts)
            concepts.append(rest)
        if self.branch is not None:
            turns = self._with_concepts(self.branch, rows, turns, torch.cat(concepts))
        return erc.Encoded(self.represent([own[-1] for own in turns], [own[:-1] for own in turns]))

    @staticmethod
    def _with_concepts(
        branch: ConceptBranch,
        rows: Sequence[Sequence[erc.TokenRow]],
        turns: Sequence[Sequence[Tensor]],
        concepts: Tensor,
    ) -> list[list[Tensor]]:
        """turns: of each example its turns, (tokens, state_dim) each → the same with (tokens, 2 state_dim)."""
        words = [words_of(own) for own in rows]
        ends = [0, *torch.tensor([len(own) for own in words]).cumsum(0).tolist()]
        flat = torch.tensor([word for own in words for word in own], device=concepts.device)
        owners = torch.tensor([number for number, own in enumerate(words) for _ in own], device=concepts.device)
        vectors = branch(flat, owners, conversations_of(turns), concepts)
        joined = []
        for own, states, known, start in zip(rows, turns, words, ends, strict=False):
            place = {word: start + number for number, word in enumerate(known)}
            added = [vectors[[place[word] for word in row.ids]] for row in own]
            joined.append([torch.cat(pair, -1) for pair in zip(states, added, strict=True)])
        return joined

    def represent_words(self, states: Tensor) -> Tensor:
        """states: (words, state_dim) → (words, width): each word alone, with nothing before it.

        With concepts it is its own only one.
        """
        states = states if self.branch is None else torch.cat([states, states], -1)
        return self.represent(states.split(1), [()] * len(states))

    def represent(self, targets: Sequence[Tensor], contexts: Sequence[Sequence[Tensor]]) -> Tensor:
        """targets: of each example (tokens, width of words), contexts: of each turn before it the same → (n, width)."""
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


def words_of(turns: Sequence[erc.TokenRow]) -> list[int]:
    """Return the different tokens of some rows, in order."""
    return sorted({token for row in turns for token in row.ids})


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

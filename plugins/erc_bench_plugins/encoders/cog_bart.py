"""CoG-BART: utterances through an encoder with a decoder, a transformer over the turns of a chunk (Li et al. 2022).

An utterance is read as ``SPEAKER : TEXT`` and represented by the largest values of its tokens' states. In training the
decoder also writes the turn that comes next, from the one that was said: the term ``generation``. That a later turn is
a target of training shows no representation anything of it.

Departure from the authors' code: their layer gets (batch, turns, dim) without ``batch_first``, so that it attends to
the turns at the same place of other chunks in the batch, without a mask of padding. The layer here attends to the turns
of the chunk.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

import torch
from torch import Tensor, nn

import erc_bench.api as erc

_log = logging.getLogger("erc_bench")
_END = "end"
"""What is said after the last turn of a dialogue."""


class CogBart(erc.Encoder):
    """Let the turns of a chunk attend to one another, each read by an encoder with a decoder and max-pooled.

    u_i = max over the tokens of the decoder's states; h = a transformer layer over the u of the chunk;
    z = GELU(dropout(W h + b)). A chunk is so many consecutive scored utterances of a dialogue, the last one shorter;
    turns that are not scored are not read. ``direction=past`` has a causal mask.

    In training ``extras["second_view"]``, (n, dim), holds z of another draw of dropout above u, whose gradient ends at
    u, and ``terms["generation"]`` the loss of the next turn's text. It is there where the language model trains and has
    a decoder.
    """

    name = "cog-bart"
    source = "Li, Yan & Qiu 2022, arXiv:2112.11202; official code whatissimondoing/CoG-BART"
    departures = (
        "The transformer layer attends to the turns of the chunk, masked; in the code it attends along the batch, "
        "to the turns at the same place of unrelated chunks, without a mask of padding.",
    )
    sees_future = {"direction": "both"}

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """The defaults are the authors'."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns of the chunk that are read: both the past and the future, as published, or the past alone."
        )
        turns: int = erc.option(8, "Scored utterances of a chunk.", at_least=1)
        length: int = erc.option(
            128, "Tokens of an utterance at most; a backbone that reads fewer lowers it.", at_least=8
        )
        heads: int = erc.option(8, "Heads of the transformer layer; they divide the backbone's width.", at_least=1)
        hidden: int = erc.option(2048, "Width of the transformer layer's hidden layer.", at_least=1)
        dropout: float = erc.option(0.1, "Dropout in the transformer layer.", at_least=0, below=1)
        width: int = erc.option(400, "Width of the representations.", at_least=1)
        narrow_dropout: float = erc.option(0.3, "Dropout of the representations, before GELU.", at_least=0, below=1)
        generation: bool = erc.option(
            True, "Whether training has the decoder write the next turn; the objective cog-bart weighs that loss."
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self._rows = erc.UtteranceRows(backbone, options.length, "mean")
        if self.state_dim % options.heads:
            raise erc.ErcBenchError(
                f"encoder.heads={options.heads} does not divide the width of the backbone, {self.state_dim}",
                "Choose a number of heads that does.",
            )
        self.layer = nn.TransformerEncoderLayer(
            self.state_dim, options.heads, options.hidden, options.dropout, activation="gelu", batch_first=True
        )
        self.narrow = nn.Sequential(
            nn.Linear(self.state_dim, options.width), nn.Dropout(options.narrow_dropout), nn.GELU()
        )
        writes = erc.has_decoder(backbone.model.config)
        self._generates = options.generation and writes and not self.is_frozen()
        if options.generation and not writes:
            _log.warning("this backbone has no decoder: CoG-BART trains on it without generating the next turn")

    @property
    def reads(self) -> Literal["any"]:
        """Every token of a row is read."""
        return "any"

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.width)

    def examples(self, dialogues: Sequence[erc.Dialogue], training: bool, rng: Random) -> list[erc.Example]:
        """Make one example of every chunk of scored utterances."""
        self._rows.tokenise([_spoken(turn) for dialogue in dialogues for turn in dialogue.utterances if turn.scored])
        return [
            erc.Example(dialogue, targets[start : start + self.options.turns])
            for dialogue in dialogues
            for targets in [dialogue.targets()]
            for start in range(0, len(targets), self.options.turns)
        ]

    def rows(self, example: erc.Example) -> list[erc.TokenRow]:
        """Return one row for each utterance of the chunk, in order."""
        return [self._row(_spoken(turn)) for turn in _chunk(example).utterances]

    def word_rows(self, words: Sequence[str]) -> list[erc.TokenRow]:
        """Return the token rows of bare label words, pooled as utterances are."""
        return [replace(row, pool="max") for row in super().word_rows(words)]

    def represent_words(self, states: Tensor) -> Tensor:
        """states: (words, state_dim) → (words, width): each word as the only turn of a chunk."""
        chunk = erc.Dialogue("", (erc.Utterance("", ""),))
        return self._encode_turns(erc.Turns.of(states, [chunk] * len(states)))[:, 0]

    def forward(self, row_states: Tensor, batch: erc.EncoderBatch) -> erc.Encoded:
        """row_states: (utterances of all chunks, state_dim), chunk by chunk."""
        chunks = [_chunk(example) for example in batch.examples]
        turns = erc.Turns.of(row_states, chunks)
        encoded = erc.Encoded(self._at_all(turns, chunks))
        if self.training and torch.is_grad_enabled():
            again = replace(turns, states=turns.states.detach())
            encoded.extras["second_view"] = self._at_all(again, chunks)
            if self._generates:
                encoded.terms["generation"] = self._generation(batch.examples)
        return encoded

    def _at_all(self, turns: erc.Turns, chunks: Sequence[erc.Dialogue]) -> Tensor:
        """Return (n, width), the representations of all turns of the chunks, chunk by chunk."""
        return turns.at(self._encode_turns(turns), [range(len(chunk.utterances)) for chunk in chunks])

    def _encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, width)."""
        later = None
        if self.options.direction == "past":
            later = turns.positions[None, :] > turns.positions[:, None]
        attended = self.layer(turns.states, src_mask=later, src_key_padding_mask=~turns.mask)
        narrowed: Tensor = self.narrow(attended)
        return narrowed

    def _generation(self, examples: Sequence[erc.Example]) -> Tensor:
        """Return the loss of what is said after each utterance, a scalar."""
        asked = [row.ids for example in examples for row in self.rows(example)]
        answers = [self._row(text).ids for example in examples for text in _next_texts(example)]
        return erc.generation_loss(self.language_model, asked, answers, self.tokenizer.pad_token_id)

    def _row(self, text: str) -> erc.TokenRow:
        return replace(self._rows.row(text), pool="max")


def _spoken(turn: erc.Utterance) -> str:
    """Return a turn as it is read and written."""
    return f"{turn.speaker} : {turn.text}"


def _chunk(example: erc.Example) -> erc.Dialogue:
    """Return the utterances of an example as a dialogue of their own."""
    utterances = example.dialogue.utterances
    return replace(example.dialogue, utterances=tuple(utterances[target] for target in example.targets))


def _next_texts(example: erc.Example) -> list[str]:
    """Return what is said after each utterance of the chunk, whether or not it is scored."""
    utterances = example.dialogue.utterances
    return [_spoken(utterances[target + 1]) if target + 1 < len(utterances) else _END for target in example.targets]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [CogBart]

"""Encoders whose unit is the dialogue: networks over the states of its utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from torch import Tensor

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.component import needs_backbone
from erc_bench.contracts.encoder import Encoded, Encoder, EncoderBatch, Example, TokenRow
from erc_bench.contracts.options import option
from erc_bench.contracts.turns import Turns
from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.contracts.utterance_rows import UtteranceRows


class DialogueEncoder(Encoder):
    """A dialogue is the example, each of its utterances a row of the language model. Required: ``encode_turns``.

    Turns without a label are read like all others and are no targets. The language model is frozen by default, as it
    was in the systems that are built this way: they read utterances through one that was fine-tuned on single
    utterances (``upstream``).
    """

    @dataclass(frozen=True)
    class Options(Encoder.Options):
        """How utterances are read."""

        trainable: int | Literal["all", "none", "lora"] = option(
            "none",
            "Layers of the backbone that train: all, none, or the number of top layers; lora: low-rank adapters in it.",
            at_least=1,
        )
        length: int = option(256, "Tokens of an utterance at most; a backbone that reads fewer lowers it.", at_least=8)
        reading: Literal["native", "opening", "mean", "last"] = option(
            "native",
            "State that represents an utterance: the opening token's, the mean of all, or the last token's; native: "
            "what the backbone was pretrained for.",
        )

    def __init__(self, options: Any, backbone: LoadedBackbone) -> None:
        super().__init__(options, backbone)
        reads = needs_backbone(type(self), options)
        self._utterance_rows = UtteranceRows(backbone, options.length, options.reading) if reads else None

    @property
    def reads(self) -> Literal["mask", "opening", "any"]:
        """The token that every row is read at."""
        return "any" if self._utterance_rows is None else self._utterance_rows.reads

    def examples(self, dialogues: Sequence[Dialogue], training: bool, rng: Random) -> list[Example]:
        """Make one example of every dialogue."""
        if self._utterance_rows is not None:
            self._utterance_rows.tokenise([turn.text for dialogue in dialogues for turn in dialogue.utterances])
        return [Example(dialogue, dialogue.targets(), tuple(range(len(dialogue.utterances)))) for dialogue in dialogues]

    def rows(self, example: Example) -> list[TokenRow]:
        """Return one row for each utterance, in order; none without a language model."""
        if self._utterance_rows is None:
            return []
        return [self._utterance_rows.row(utterance.text) for utterance in example.dialogue.utterances]

    def encode_turns(self, turns: Turns) -> Tensor:
        """Return (B, T, dim), the representations of the turns; those of padding are not read."""
        raise NotImplementedError

    def represent_words(self, states: Tensor) -> Tensor:
        """states: (words, state_dim) → (words, dim): each word as the only turn of a dialogue; its features are 0."""
        dialogue = Dialogue("", (Utterance("", ""),))
        features = {name: [states.new_zeros(1, dim)] * len(states) for name, dim in self.feature_dims.items()}
        return self.encode_turns(Turns.of(states, [dialogue] * len(states), features))[:, 0]

    def forward(self, row_states: Tensor, batch: EncoderBatch) -> Encoded:
        """row_states: (turns of all dialogues, dim), dialogue by dialogue."""
        turns = batch.turns(row_states)
        return Encoded(batch.at_targets(turns, self.encode_turns(turns)))

"""CoMPM: a language model reads the dialogue so far, another one what the speaker said before (Lee & Lee 2022).

The context model reads ``<s>``, all past turns and the current one, each behind a tag of its speaker ("<s1>" by order
of appearance, plain text and no token of its own), without a closing token; what is too long loses its beginning. The
memory model reads each earlier utterance of the same speaker alone, behind ``<s>``; a GRU goes over them.

Departures from the authors' code: padding of the memory model is masked, where theirs reads it, so that a memory
depended on the longest one of its speaker; ``formulation`` says which sum is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

import erc_bench.api as erc


class Compm(erc.Encoder):
    """Add what a GRU keeps of a speaker's own earlier utterances to the dialogue so far, each read by a language model.

    z = c + W_p m: c is the context model's opening token, m the last output of the GRU over the memory model's opening
    tokens, and zero where the speaker says the first word. The past alone is read.
    """

    name = "compm"
    source = "Lee & Lee 2022, arXiv:2108.11626"
    departures = (
        "Padding of the memory model is masked; in the code a memory depends on the longest one of its speaker.",
        "The memory goes through the paper's matrix; the code adds it as it is (formulation=official).",
    )
    language_models = ("memory",)

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """The defaults are those of the paper."""

        memory: erc.LanguageModelUse = erc.option(
            "trained",
            "Memory model: pretrained weights that train, or stay frozen (CoMPM(f)), or random ones that train from "
            "scratch (CoMPM(s)).",
            frozen="frozen",
        )
        memory_backbone: str = erc.option(
            "same", "Backbone of the memory model; same: the cell's, with weights of its own."
        )
        formulation: Literal["paper", "official"] = erc.option(
            "paper", "The sum c + W_p m as printed, or c + m, which the authors' code computes."
        )
        length: int = erc.option(512, "Tokens of an input at most; a backbone that reads fewer lowers it.", at_least=8)
        layers: int = erc.option(2, "Layers of the GRU.", at_least=1)
        dropout: float = erc.option(0.3, "Dropout between the layers of the GRU.", at_least=0, below=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self._context = _Texts(backbone, options.length)
        self._memory = _Texts(self.further_backbones["memory"], options.length)
        between = options.dropout if options.layers > 1 else 0.0
        self.gru = nn.GRU(self.width_of("memory"), self.state_dim, options.layers, dropout=between)
        paper = options.formulation == "paper"
        self.projection = nn.Linear(self.state_dim, self.state_dim, bias=False) if paper else nn.Identity()

    @property
    def reads(self) -> Literal["opening"]:
        """The token that every row is read at."""
        return "opening"

    def examples(self, dialogues: Sequence[erc.Dialogue], training: bool, rng: Random) -> list[erc.Example]:
        """Make one example of every scored utterance, with all turns before it."""
        turns = [turn for dialogue in dialogues for turn in _tagged(dialogue)]
        self._context.tokenise(turns)
        self._memory.tokenise(turn.text for dialogue in dialogues for turn in dialogue.utterances)
        return [
            erc.Example(dialogue, (target,), tuple(range(target)))
            for dialogue in dialogues
            for target in dialogue.targets()
        ]

    def rows(self, example: erc.Example) -> list[erc.TokenRow]:
        """Return the context's row, and one for each earlier utterance of the target's speaker."""
        (target,) = example.targets
        utterances = example.dialogue.utterances
        speaker = utterances[target].speaker
        earlier = [turn.text for turn in utterances[:target] if turn.speaker == speaker]
        context = erc.TokenRow(self._context.ids(list(_tagged(example.dialogue))[: target + 1]), (0,))
        return [context, *(erc.TokenRow(self._memory.ids([text]), (0,), model="memory") for text in earlier)]

    def forward(self, row_states: Tensor, batch: erc.EncoderBatch) -> erc.Encoded:
        """row_states: (examples, dim), the states of the contexts."""
        return erc.Encoded(row_states + self.projection(self.remembered(batch.of_model("memory"), row_states)))

    def remembered(self, memories: Sequence[Tensor], like: Tensor) -> Tensor:
        """memories: of each example (earlier utterances, memory dim) → (examples, dim), zero where there is none."""
        found = torch.zeros_like(like)
        some = [place for place, own in enumerate(memories) if len(own)]
        if not some:
            return found
        packed = pack_sequence([memories[place] for place in some], enforce_sorted=False)
        # The last layer's last state, which is its last output.
        return found.index_copy(0, torch.tensor(some, device=like.device), self.gru(packed)[1][-1])

    def represent_words(self, states: Tensor) -> Tensor:
        """states: (words, dim) → the same: a word is a first turn, which nothing is remembered of."""
        return states


def _tagged(dialogue: erc.Dialogue) -> Iterator[str]:
    """Yield the turns of a dialogue as the context model reads them; those after the first begin with a space."""
    numbers: dict[str, int] = {}
    for place, turn in enumerate(dialogue.utterances):
        number = numbers.setdefault(turn.speaker, len(numbers) + 1)
        yield f"{' ' if place else ''}<s{number}> {turn.text}"


class _Texts:
    """Rows of texts behind the opening token, which is all that stays where there is no room."""

    def __init__(self, backbone: erc.LoadedBackbone, length: int) -> None:
        self._tokenizer = backbone.tokenizer
        self._opening, _ = erc.special_frame(self._tokenizer)
        if not self._opening:
            raise erc.ErcBenchError(
                "the tokenizer of this backbone puts no token before a text, and CoMPM reads its inputs there",
                "Choose another backbone.",
            )
        self._room = min(length, backbone.maximum_length) - len(self._opening)
        self._known: dict[str, list[int]] = {}

    def tokenise(self, texts: Iterable[str]) -> None:
        """Tokenise many texts at once, which is quicker than one after the other."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, erc.plain_ids(self._tokenizer, new), strict=True))

    def ids(self, texts: Sequence[str]) -> list[int]:
        """Return the ids of the last tokens of texts, one after the other, behind the opening token."""
        self.tokenise(texts)
        return [*self._opening, *[id_ for text in texts for id_ in self._known[text]][-self._room :]]


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Compm]

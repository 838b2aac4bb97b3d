"""DialogueCRN: the dialogue and each speaker's own turns, read by LSTMs and reasoned over (Hu et al. 2021).

Without reasoning it is the network of SACL-LSTM (Hu et al. 2023, arXiv:2306.01505).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


class DialogueCrn(erc.DialogueEncoder):
    """Read dialogue and speakers by LSTMs, and let each turn ask both for what moved it; z = ReLU([qˢ; qᵖ]).

    G = LSTM over the dialogue, S = LSTM over the turns of each speaker apart (zero for speakers with fewer turns than
    ``least_turns``). From q_0 = W g + b, each reasoning turn is q̃ = LSTMCell(q), r = Σ softmax(G q̃) G, q = [q̃; r].
    Where only one of the two is reasoned over, q of the other is q_0, as in the authors' code; where neither is,
    z = ReLU([g; s]).
    LSTMs read packed sequences; in the authors' code zeros behind a dialogue reach its backward states.
    ``direction=past`` has LSTMs of one direction, asks earlier turns alone and counts a speaker's turns so far.
    """

    name = "dialogue-crn"
    source = "Hu et al. 2021, arXiv:2106.01978"
    sees_future = {"direction": "both"}

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are the authors' for language model states of MELD."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        width: int = erc.option(128, "Width of an LSTM's states, of each direction.", at_least=1)
        layers: int = erc.option(1, "Layers of each LSTM.", at_least=1)
        dropout: float = erc.option(0.2, "Dropout between the layers of an LSTM.", at_least=0, below=1)
        least_turns: int = erc.option(
            1, "Turns of a speaker from which they are read apart; with direction=past: so far.", at_least=1
        )
        situation_turns: int = erc.option(0, "Turns of reasoning over the dialogue.", at_least=0)
        speaker_turns: int = erc.option(1, "Turns of reasoning over the speakers' states.", at_least=0)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self.situation = self._lstm()
        self.speakers = self._lstm()
        self.reasoning = {"situation": options.situation_turns, "speakers": options.speaker_turns}
        bank = 2 * options.width
        reasons = [name for name, turns in self.reasoning.items() if turns]
        self.cells = nn.ModuleDict({name: nn.LSTMCell(2 * bank, bank) for name in reasons})
        # One matrix for both banks, as in the authors' code.
        self.question = nn.Linear(bank, 2 * bank) if reasons else None

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return 4 * int(self.options.width) * (1 if self.question is None else 2)

    def forward(self, row_states: Tensor, batch: erc.EncoderBatch) -> erc.Encoded:
        """row_states: (turns of all dialogues, dim); the extra ``hidden`` is what z is the ReLU of."""
        turns = batch.turns(row_states)
        hidden = batch.at_targets(turns, self._hidden(turns))
        return erc.Encoded(F.relu(hidden), extras={"hidden": hidden})

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, dim): situation, then speakers."""
        return F.relu(self._hidden(turns))

    def parameter_groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Name, beside the usual groups, what reads the input of each LSTM's last layer."""
        own = {"situation": self.situation, "speakers": self.speakers}
        last = f"_ih_l{self.options.layers - 1}"
        inputs = {group: [p for name, p in lstm.named_parameters() if last in name] for group, lstm in own.items()}
        return {**super().parameter_groups(), **inputs}

    def _hidden(self, turns: erc.Turns) -> Tensor:
        situation = turns.recurrent(self.situation, turns.states)
        speakers = self._speakers(turns)
        readable = turns.pairs if self.options.direction == "both" else turns.window(None)
        asked = [self._reasoned("situation", situation, readable), self._reasoned("speakers", speakers, readable)]
        return torch.cat(asked, -1)

    def _lstm(self) -> nn.LSTM:
        options = self.options
        both = options.direction == "both"
        return nn.LSTM(
            self.state_dim,
            options.width if both else 2 * options.width,
            num_layers=options.layers,
            batch_first=True,
            bidirectional=both,
            dropout=options.dropout if options.layers > 1 else 0.0,
        )

    def _speakers(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, 2·width): each speaker's turns as a sequence of their own."""
        places = turns.of_speakers(self.options.least_turns)
        if not places:
            return turns.states.new_zeros(*turns.states.shape[:2], 2 * self.options.width)
        read = turns.recurrent_along(self.speakers, turns.states, places)
        # That a speaker will speak again is of the future: the past knows the turns so far.
        unknown = 0 if self.options.direction == "both" else self.options.least_turns - 1
        if unknown:
            read = read.flatten(0, 1).index_fill(0, torch.cat([own[:unknown] for own in places]), 0).view_as(read)
        return read

    def _reasoned(self, name: str, bank: Tensor, readable: Tensor) -> Tensor:
        """bank: (B, T, 2·width), readable: (B, T, T) → (B, T, 4·width), or the bank where nothing is reasoned over."""
        if self.question is None:
            return bank
        question: Tensor = self.question(bank)
        state = None
        for _ in range(self.reasoning[name]):
            state = self.cells[name](question.flatten(0, 1), state)
            asking = state[0].view_as(bank)
            found = erc.masked_softmax(asking @ bank.transpose(1, 2), readable) @ bank
            question = torch.cat([asking, found], -1)
        return question


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [DialogueCrn]

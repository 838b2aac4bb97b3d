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
    departures = (
        "LSTMs read packed sequences; in the code they run over padding, and a speaker's over zeros behind their "
        "turns.",
    )
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
        banks = {"situation": situation, "speakers": speakers}
        return torch.cat([self._reasoned(name, bank, turns.mask, readable) for name, bank in banks.items()], -1)

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

    def _reasoned(self, name: str, bank: Tensor, there: Tensor, readable: Tensor) -> Tensor:
        """bank: (B, T, 2·width), there: (B, T), readable: (B, T, T) → (B, T, 4·width).

        Where nothing is reasoned over it is the bank. Cells are asked at turns alone: more than half of a batch is
        padding.
        """
        if self.question is None:
            return bank
        places = there.flatten().nonzero().squeeze(1)
        question: Tensor = self.question(bank.flatten(0, 1)[places])
        state = None
        for _ in range(self.reasoning[name]):
            state = self.cells[name](question, state)
            asking = _placed(state[0], places, bank)
            found = erc.masked_softmax(asking @ bank.transpose(1, 2), readable) @ bank
            question = torch.cat([state[0], found.flatten(0, 1)[places]], -1)
        return _placed(question, places, bank)


def _placed(rows: Tensor, places: Tensor, like: Tensor) -> Tensor:
    """rows: (turns, dim) → (B, T, dim) as ``like`` is, zero where there is no turn."""
    dialogues, longest = like.shape[:2]
    flat = rows.new_zeros(dialogues * longest, rows.shape[-1]).index_copy(0, places, rows)
    return flat.view(dialogues, longest, -1)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [DialogueCrn]

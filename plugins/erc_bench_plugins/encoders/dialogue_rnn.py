"""DialogueRNN: global, party and emotion states tracked turn by turn (Majumder et al. 2019, arXiv:1811.00405)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


class DialogueRnn(erc.DialogueEncoder):
    """Track what was said, each speaker and the emotion by GRU cells; z = ReLU(W ẽ), ẽ attended over all turns.

    With ``direction=both``, as published, a second set of cells reads the dialogue backwards and the final attention
    reads all of it: the future is seen. ``direction=past`` has the forward cells alone and no final attention.
    Dropout inside the recurrence acts on what is fed back, as in the authors' code.
    """

    name = "dialogue-rnn"
    source = "Majumder et al. 2019, arXiv:1811.00405"
    departures = ("Utterances are states of a language model; the paper has a convolutional network on GloVe.",)
    sees_future = {"direction": "both"}

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are the authors' for MELD."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        global_width: int = erc.option(150, "Width of the dialogue's state and of each speaker's.", at_least=1)
        emotion_width: int = erc.option(100, "Width of the emotion's state, half of the hidden layer's.", at_least=1)
        listeners: bool = erc.option(False, "Whether speakers who listen change their states as well.")
        cell_dropout: float = erc.option(0.1, "Dropout of the states inside the recurrence.", at_least=0, below=1)
        output_dropout: float = erc.option(0.25, "Dropout of the emotions behind the cells.", at_least=0, below=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self.forwards = Cells(self.state_dim, options)
        width = options.emotion_width
        if options.direction == "both":
            self.backwards = Cells(self.state_dim, options)
            width *= 2
            self.attention = nn.Linear(width, width)
        self.hidden = nn.Linear(width, self.dim)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return 2 * int(self.options.emotion_width)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, 2·emotion_width)."""
        emotions = self.forwards(turns)
        if self.options.direction == "both":
            emotions = torch.cat([emotions, turns.backwards(self.backwards(turns.reversed()))], -1)
        emotions = F.dropout(emotions, self.options.output_dropout, self.training)
        if self.options.direction == "both":
            scores = self.attention(emotions) @ emotions.transpose(1, 2)
            emotions = erc.masked_softmax(scores, turns.pairs) @ emotions
        return F.relu(self.hidden(emotions))


class Cells(nn.Module):
    """One direction of DialogueRNN.

    g_t = GRU_G([u_t; q_s], g_{t-1}); c_t = Σ_{i<t} softmax(g_i·W u_t) g_i; q_s = GRU_P([u_t; c_t], q_s);
    e_t = GRU_E(q_s, e_{t-1}); and listeners, where they count, q_l = GRU_L([u_t; q_s], q_l). All start at zero.
    """

    def __init__(self, dim: int, options: Any) -> None:
        super().__init__()
        width = options.global_width
        self.width = width
        self.dropout = options.cell_dropout
        self.global_cell = nn.GRUCell(dim + width, width)
        self.party_cell = nn.GRUCell(dim + width, width)
        self.emotion_cell = nn.GRUCell(width, options.emotion_width)
        self.listener_cell = nn.GRUCell(dim + width, width) if options.listeners else None
        self.attention = nn.Linear(dim, width, bias=False)

    def forward(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, emotion_width), the emotion after each turn."""
        spoken = turns.steps(turns.states)
        asked = turns.steps(self.attention(turns.states))
        speakers = turns.steps(F.one_hot(turns.speakers.clamp(min=0)).bool())
        dialogues, parties = len(turns.lengths), speakers[0].shape[-1]
        party_states = turns.states.new_zeros(dialogues, parties, self.width)
        emotion = turns.states.new_zeros(dialogues, self.emotion_cell.hidden_size)
        earlier = turns.states.new_zeros(dialogues, 0, self.width)
        whole = turns.states.new_zeros(dialogues, self.width)
        emotions = []
        for alive, said, query, speaking in zip(turns.alive, spoken, asked, speakers, strict=True):
            party_states, earlier = party_states[:alive], earlier[:alive]
            own = party_states[speaking]
            context = (((earlier @ query[:, :, None]).softmax(1)) * earlier).sum(1)
            whole = self._dropped(self.global_cell(torch.cat([said, own], 1), whole[:alive]))
            own = self._dropped(self.party_cell(torch.cat([said, context], 1), own))
            party_states = torch.where(speaking[:, :, None], own[:, None], self._listened(said, own, party_states))
            emotion = self._dropped(self.emotion_cell(own, emotion[:alive]))
            emotions.append(emotion)
            earlier = torch.cat([earlier, whole[:, None]], 1)
        return turns.joined(emotions)

    def _listened(self, said: Tensor, own: Tensor, party_states: Tensor) -> Tensor:
        """said: (n, dim), own: (n, width) → the (n, parties, width) states of those who listen."""
        if self.listener_cell is None:
            return party_states
        heard = torch.cat([said, own], 1)[:, None].expand(-1, party_states.shape[1], -1)
        listened = self.listener_cell(heard.flatten(0, 1), party_states.flatten(0, 1))
        return self._dropped(listened).view_as(party_states)

    def _dropped(self, states: Tensor) -> Tensor:
        return F.dropout(states, self.dropout, self.training)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [DialogueRnn]

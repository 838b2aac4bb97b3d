"""COSMIC: speaker states moved by commonsense inferences (Ghosal et al. 2020, https://aclanthology.org/2020.findings-emnlp.224)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc

RELATIONS = ("xEffect", "xReact", "xIntent", "oEffect", "oReact")
"""What ATOMIC infers of an event: effect, reaction and intent of its subject, effect and reaction of others."""
FEATURE = "commonsense"


class Cosmic(erc.DialogueEncoder):
    """Track the dialogue and each speaker's internal, external and intent state by GRU cells; z = ReLU(W e) (+ r).

    r = W_in u of each utterance. The feature ``commonsense`` holds five vectors of one length in the order xEffect,
    xReact, xIntent, oEffect, oReact, of an utterance's inferences by COMET. With ``commonsense=false`` no cell reads
    them, which is another system: what DialogueRNN does, with more states.

    With ``direction=both``, as published, a second set of cells reads the dialogue backwards: the future is seen, and
    ``final_attention`` (the authors': on IEMOCAP alone) reads all of it. ``direction=past`` has the forward cells. Here
    r is made of one state of an utterance; the authors' code takes the mean of the last four layers.
    """

    name = "cosmic"
    source = "Ghosal et al. 2020, https://aclanthology.org/2020.findings-emnlp.224"
    departures = (
        "r comes from one state of an utterance; the code takes the mean of the last four layers.",
        "States are standardised on train; the code has batch normalisation on IEMOCAP, padding included.",
    )
    sees_future = {"direction": "both"}
    features = {FEATURE: {"commonsense": True}}

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are the authors' for MELD."""

        direction: Literal["both", "past"] = erc.option(
            "both", "Turns that are read: both the past and the future, as published, or the past alone."
        )
        commonsense: bool = erc.option(True, "Whether the vectors of the feature commonsense are read.")
        attention: Literal["simple", "general2"] = erc.option(
            "simple", "How earlier turns are weighed: by a learned vector, or by what is said now, behind a tanh."
        )
        final_attention: bool = erc.option(False, "Whether emotions attend to all turns; with direction=both only.")
        listeners: bool = erc.option(True, "Whether speakers who listen change their states as well.")
        residual: bool = erc.option(False, "Whether r is added to the hidden layer.")
        hidden: int = erc.option(100, "Width of r and of the hidden layer.", at_least=1)
        state_width: int = erc.option(150, "Width of the dialogue's state and of each speaker's three.", at_least=1)
        emotion_width: int = erc.option(450, "Width of the emotion's state.", at_least=1)
        state_dropout: float = erc.option(
            0.3, "Dropout of the states inside the recurrence, and of the emotions behind it.", at_least=0, below=1
        )
        hidden_dropout: float = erc.option(0.5, "Dropout of the hidden layer, before r is added.", at_least=0, below=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        width, relation = options.emotion_width, _relation_width(self.feature_dims)
        self.inward = nn.Linear(self.state_dim, options.hidden)
        self.forwards = Cells(options, relation)
        if options.direction == "both":
            self.backwards = Cells(options, relation)
            width *= 2
            if options.final_attention:
                self.attention = nn.Linear(width, width)
        self.outward = nn.Linear(width, options.hidden)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.hidden)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, hidden)."""
        options = self.options
        turns = replace(turns, states=self.inward(turns.states))
        emotions = self.forwards(turns)
        if options.direction == "both":
            emotions = torch.cat([emotions, turns.backwards(self.backwards(turns.reversed()))], -1)
        emotions = F.dropout(emotions, options.state_dropout, self.training)
        if options.direction == "both" and options.final_attention:
            scores = torch.tanh(self.attention(emotions) @ emotions.transpose(1, 2))
            emotions = erc.masked_softmax(scores, turns.pairs) @ emotions
        hidden = F.dropout(F.relu(self.outward(emotions)), options.hidden_dropout, self.training)
        return hidden + turns.states if options.residual else hidden


class Cells(nn.Module):
    """One direction of COSMIC (Section 3 of the paper; where it is silent, the authors' code).

    g_t = GRU_G([r_t; q_s; x_s], g_{t-1}) of the dialogue; c_t = attention over g_{<t}; of the speaker s external
    x_s = GRU_X([r_t; xReact; c_t], x_s), internal q_s = GRU_Q([xEffect; c_t], q_s) and intent
    i_s = GRU_I([xIntent; q_s], i_s); of those who listen x_l = GRU_XL([r_t; oReact; x_s], x_l) and
    q_l = GRU_QL([oEffect; q_s], q_l); e_t = GRU_E([r_t; q_s; x_s; i_s], e_{t-1}). All start at zero, and dropout acts
    on what is fed back.
    """

    def __init__(self, options: Any, relation: int) -> None:
        super().__init__()
        said, width = options.hidden, options.state_width
        self.width, self.dropout = width, options.state_dropout
        self.global_cell = nn.GRUCell(said + 2 * width, width)
        self.external_cell = nn.GRUCell(said + relation + width, width)
        self.internal_cell = nn.GRUCell(relation + width, width)
        self.intent_cell = nn.GRUCell(relation + width, width)
        self.emotion_cell = nn.GRUCell(said + 3 * width, options.emotion_width)
        self.listeners = options.listeners
        if options.listeners:
            self.external_listener = nn.GRUCell(said + relation + width, width)
            self.internal_listener = nn.GRUCell(relation + width, width)
        self.simple = options.attention == "simple"
        self.attention = nn.Linear(width, 1, bias=False) if self.simple else nn.Linear(said, width)

    def forward(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, emotion_width), the emotion after each turn."""
        speakers = turns.steps(F.one_hot(turns.speakers.clamp(min=0)).bool())
        knowledge = turns.features.get(FEATURE, turns.states[..., :0])
        dialogues, parties = len(turns.lengths), speakers[0].shape[-1]
        states = States.zero(turns.states, dialogues, parties, self.width, self.emotion_cell.hidden_size)
        earlier = turns.states.new_zeros(dialogues, 0, self.width)
        emotions = []
        steps = zip(turns.alive, turns.steps(turns.states), turns.steps(knowledge), speakers, strict=True)
        for alive, said, known, speaking in steps:
            earlier = earlier[:alive]
            states = self._step(states.of_first(alive), said, known.chunk(len(RELATIONS), -1), speaking, earlier)
            emotions.append(states.emotion)
            earlier = torch.cat([earlier, states.whole[:, None]], 1)
        return turns.joined(emotions)

    def _step(
        self, before: States, said: Tensor, known: tuple[Tensor, ...], speaking: Tensor, earlier: Tensor
    ) -> States:
        """said: (n, hidden), known: five of (n, relation), speaking: (n, parties), earlier: (n, turns, width)."""
        effect, reaction, intention, effect_on_others, reaction_of_others = known
        internal, external = before.internal[speaking], before.external[speaking]
        whole = self.global_cell(torch.cat([said, internal, external], 1), before.whole)
        context = self._context(said, earlier)
        external = self.external_cell(torch.cat([said, reaction, context], 1), external)
        internal = self.internal_cell(torch.cat([effect, context], 1), internal)
        intent = self.intent_cell(torch.cat([intention, internal], 1), before.intent[speaking])
        emotion = self.emotion_cell(torch.cat([said, internal, external, intent], 1), before.emotion)
        externals, internals = before.external, before.internal
        if self.listeners:
            heard = torch.cat([said, reaction_of_others, external], 1)
            externals = _for_each_party(self.external_listener, heard, externals)
            internals = _for_each_party(self.internal_listener, torch.cat([effect_on_others, internal], 1), internals)
        spoke = speaking[:, :, None]
        return States(
            self._dropped(whole),
            self._dropped(torch.where(spoke, internal[:, None], internals)),
            self._dropped(torch.where(spoke, external[:, None], externals)),
            self._dropped(torch.where(spoke, intent[:, None], before.intent)),
            self._dropped(emotion),
        )

    def _context(self, said: Tensor, earlier: Tensor) -> Tensor:
        """said: (n, hidden), earlier: (n, turns, width) → (n, width), zero where nothing was said before."""
        scores = self.attention(earlier) if self.simple else torch.tanh(earlier @ self.attention(said)[:, :, None])
        return (scores.softmax(1) * earlier).sum(1)

    def _dropped(self, states: Tensor) -> Tensor:
        return F.dropout(states, self.dropout, self.training)


@dataclass(frozen=True)
class States:
    """What is known after a turn: whole (n, width), of each party (n, parties, width), emotion (n, emotion_width)."""

    whole: Tensor
    internal: Tensor
    external: Tensor
    intent: Tensor
    emotion: Tensor

    @classmethod
    def zero(cls, like: Tensor, dialogues: int, parties: int, width: int, emotion_width: int) -> States:
        """Return the states before the first turn."""
        of_parties = like.new_zeros(dialogues, parties, width)
        emotion = like.new_zeros(dialogues, emotion_width)
        return cls(like.new_zeros(dialogues, width), of_parties, of_parties, of_parties, emotion)

    def of_first(self, count: int) -> States:
        """Return those of the first dialogues, which go on."""
        return States(*(own[:count] for own in vars(self).values()))


def _for_each_party(cell: nn.GRUCell, heard: Tensor, states: Tensor) -> Tensor:
    """heard: (n, dim), states: (n, parties, width) → the states of parties that have heard it."""
    everyone = heard[:, None].expand(-1, states.shape[1], -1)
    changed: Tensor = cell(everyone.flatten(0, 1), states.flatten(0, 1))
    return changed.view_as(states)


def _relation_width(dims: Mapping[str, int]) -> int:
    width = dims.get(FEATURE, 0)
    if width % len(RELATIONS):
        raise erc.ErcBenchError(
            f"the feature {FEATURE!r} has {width} numbers for each utterance, which are no five vectors of one length",
            f"Write {', '.join(RELATIONS)} one behind the other: 3840 numbers where each of them has 768.",
        )
    return width // len(RELATIONS)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Cosmic]

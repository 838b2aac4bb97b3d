"""DAG-ERC: a directed acyclic graph from the turns since a speaker last spoke (Shen et al. 2021, arXiv:2105.12907)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


class DagErc(erc.DialogueEncoder):
    """Let each turn gather from all turns since its speaker last spoke, layer by layer; the past alone.

    H⁰ = ReLU(W U); z = MLP([H⁰; …; Hᴸ; U]), two hidden layers. Only dropout before the last linear, which is
    ``training.head_dropout``.
    """

    name = "dag-erc"
    source = "Shen et al. 2021, arXiv:2105.12907"
    departures = ("Its inputs have the width of the backbone, and are standardised on train.",)

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The defaults are the authors' for MELD and EmoryNLP."""

        hidden: int = erc.option(300, "Width of the graph's states.", at_least=1)
        layers: int = erc.option(2, "Layers of the graph.", at_least=1)
        speaker_turns: int = erc.option(
            1, "How many earlier turns of its own speaker a turn reaches back to (the paper's ω).", at_least=1
        )

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        width = options.hidden
        self.inward = nn.Linear(self.state_dim, width)
        self.layers = nn.ModuleList(DagLayer(width) for _ in range(options.layers))
        everything = width * (options.layers + 1) + self.state_dim
        self.outward = nn.Sequential(nn.Linear(everything, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.hidden)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, hidden), the states behind the two hidden layers."""
        predecessors = edges(turns, self.options.speaker_turns)
        states = [F.relu(self.inward(turns.states))]
        for layer in self.layers:
            states.append(layer(states[-1], turns, predecessors))
        return self.outward(torch.cat([*states, turns.states], -1))  # type: ignore[no-any-return]


def edges(turns: erc.Turns, speaker_turns: int) -> Tensor:
    """Return whether turn j sends to turn i, (B, T, T) of [b, i, j].

    It does where it comes before i, and fewer than ``speaker_turns`` turns between them are of i's speaker.
    """
    past = turns.past()
    own = (turns.same_speaker & past).long()
    between = own.sum(-1, keepdim=True) - own.cumsum(-1)
    return past & (between < speaker_turns)


class DagLayer(nn.Module):
    """One layer: turn by turn, a message from its predecessors, and two GRU cells that swap input and state.

    α_ij = softmax_j(wᵀ[Hˡ⁻¹_i; Hˡ_j] + b); M_i = Σ_j α_ij W_r Hˡ_j, r the same speaker or another;
    Hˡ_i = GRU_C(Hˡ⁻¹_i, M_i) + GRU_P(M_i, Hˡ⁻¹_i). Of the scorer only the half for Hˡ_j has an effect: the other
    one and the bias cancel in the softmax. They are the authors' parameters.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scorer = nn.Linear(2 * width, 1)
        self.same_speaker = nn.Linear(width, width, bias=False)
        self.other_speaker = nn.Linear(width, width, bias=False)
        self.context = nn.GRUCell(width, width)
        self.utterance = nn.GRUCell(width, width)

    def forward(self, states: Tensor, turns: erc.Turns, predecessors: Tensor) -> Tensor:
        """states: (B, T, width) of the layer below, predecessors: (B, T, T) → (B, T, width)."""
        # All that does not wait for an earlier turn is one product over all turns.
        below = turns.steps(states)
        own_input = turns.steps(F.linear(states, self.context.weight_ih, self.context.bias_ih))
        own_state = turns.steps(F.linear(states, self.utterance.weight_hh, self.utterance.bias_hh))
        asking, offering = self.scorer.weight[0].chunk(2)
        queries = turns.steps(states @ asking + self.scorer.bias)
        relations = torch.cat([self.same_speaker.weight, self.other_speaker.weight], 1)
        message_gates = torch.cat([self.context.weight_hh, self.utterance.weight_ih])
        message_bias = torch.cat([self.context.bias_hh, self.utterance.bias_ih])
        earlier = states[:, :0]
        steps: list[Tensor] = []
        for turn, alive in enumerate(turns.alive):
            if turn:
                earlier = torch.cat([earlier[:alive], steps[-1][:alive, None]], 1)
            scores = queries[turn][:, None] + earlier @ offering
            weights = erc.masked_softmax(scores, predecessors[:alive, turn, :turn])
            of_speaker = weights * turns.same_speaker[:alive, turn, :turn]
            sums = torch.stack([of_speaker, weights - of_speaker], 1) @ earlier
            message = F.linear(sums.flatten(1), relations)
            state_gates, input_gates = F.linear(message, message_gates, message_bias).chunk(2, 1)
            context = _gru(own_input[turn], state_gates, message)
            steps.append(context + _gru(input_gates, own_state[turn], below[turn]))
        return turns.joined(steps)


def _gru(input_gates: Tensor, state_gates: Tensor, state: Tensor) -> Tensor:
    """Return the next state of a GRU cell from its (n, 3·width) products with input and state."""
    input_reset, input_update, input_new = input_gates.chunk(3, 1)
    state_reset, state_update, state_new = state_gates.chunk(3, 1)
    update = torch.sigmoid(input_update + state_update)
    new = torch.tanh(input_new + torch.sigmoid(input_reset + state_reset) * state_new)
    return new + update * (state - new)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [DagErc]

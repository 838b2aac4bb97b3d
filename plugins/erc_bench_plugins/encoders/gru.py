"""A GRU over the dialogue: the plainest network that remembers what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

import erc_bench.api as erc


class Gru(erc.DialogueEncoder):
    """Read the utterances in order with a GRU, which knows the past alone and no speaker."""

    name = "gru"
    source = "Cho et al. 2014, arXiv:1406.1078"
    departures = ()

    @dataclass(frozen=True)
    class Options(erc.DialogueEncoder.Options):
        """The size of the network."""

        hidden: int = erc.option(256, "Width of the GRU's states.", at_least=1)
        layers: int = erc.option(1, "Layers of the GRU.", at_least=1)

    def __init__(self, options: Any, backbone: erc.LoadedBackbone) -> None:
        super().__init__(options, backbone)
        self.gru = nn.GRU(self.state_dim, options.hidden, num_layers=options.layers, batch_first=True)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return int(self.options.hidden)

    def encode_turns(self, turns: erc.Turns) -> Tensor:
        """Return (B, T, hidden), the state after each turn."""
        return turns.recurrent(self.gru, turns.states)


@erc.hookimpl
def erc_encoders() -> list[type[erc.Encoder]]:
    return [Gru]

"""Dialogues of a batch side by side: padded turns, speakers, and the masks that say who may read whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence, pad_sequence

from erc_bench.contracts.types import Dialogue

NOBODY = -1
"""The speaker of padding."""


@dataclass(frozen=True)
class Turns:
    """B dialogues of up to T turns, the longest first.

    states: (B, T, dim), zero where there is no turn. ``lengths`` are the turns of each dialogue, ``order`` the place
    that each of them has in the batch. speakers: (B, T), numbered by first appearance in the dialogue, from 0;
    -1 where there is no turn. features: by name (B, T, dim), zero where there is no turn.

    As the longest come first, the dialogues that have a turn t are the first ``alive[t]``: a recurrence takes
    ``states[:alive[t], t]`` and computes nothing for padding.
    """

    states: Tensor
    lengths: tuple[int, ...]
    order: tuple[int, ...]
    speakers: Tensor
    features: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(
        cls, states: Tensor, dialogues: Sequence[Dialogue], features: Mapping[str, Sequence[Tensor]] | None = None
    ) -> Turns:
        """states: (turns of all dialogues, dim), dialogue by dialogue; features: by name (turns, dim) of each."""
        counts = [len(dialogue.utterances) for dialogue in dialogues]
        order = sorted(range(len(counts)), key=lambda place: -counts[place])
        lengths = [counts[place] for place in order]
        starts = torch.tensor([0, *counts[:-1]]).cumsum(0)
        rows = torch.cat([torch.arange(counts[place]) + starts[place] for place in order]).to(states.device)
        mask = _mask(lengths)
        there = mask.to(states.device)

        def padded(flat: Tensor) -> Tensor:
            filled = flat.new_zeros(*mask.shape, flat.shape[-1])
            filled[there] = flat[rows]
            return filled

        given = {name: padded(torch.cat(list(own)).to(states)) for name, own in (features or {}).items()}
        speakers = torch.full(mask.shape, NOBODY)
        speakers[mask] = torch.tensor([number for place in order for number in _speakers(dialogues[place])])
        return cls(padded(states), tuple(lengths), tuple(order), speakers.to(states.device), given)

    @cached_property
    def mask(self) -> Tensor:
        """Where there is a turn, (B, T)."""
        return self.speakers != NOBODY

    @cached_property
    def alive(self) -> list[int]:
        """How many dialogues have a turn t, for each t."""
        return [sum(length > turn for length in self.lengths) for turn in range(self.lengths[0])]

    @cached_property
    def positions(self) -> Tensor:
        """The numbers of the turns, (T,)."""
        return torch.arange(self.lengths[0], device=self.states.device)

    def at(self, padded: Tensor, targets: Sequence[Sequence[int]]) -> Tensor:
        """padded: (B, T, dim); ``targets`` of each dialogue, in the batch's order → (targets, dim)."""
        place = {example: row for row, example in enumerate(self.order)}
        rows = [place[example] for example, own in enumerate(targets) for _ in own]
        columns = [turn for own in targets for turn in own]
        at = torch.tensor([rows, columns], dtype=torch.long, device=padded.device)
        return padded[at[0], at[1]]

    def steps(self, padded: Tensor) -> tuple[Tensor, ...]:
        """padded: (B, T, …) → of each turn t the (alive[t], …) rows of the dialogues that have it.

        One split for all turns: a slice for each would have a gradient as large as ``padded``, of zeros.
        """
        rows = padded.transpose(0, 1)[self.mask.T]
        return torch.split(rows, self.alive)

    def joined(self, steps: Sequence[Tensor]) -> Tensor:
        """steps: of each turn t an (alive[t], dim) tensor → (B, T, dim), zero where there is no turn."""
        columns = steps[0].new_zeros(len(self.alive), len(self.lengths), steps[0].shape[-1])
        columns[self.mask.T] = torch.cat(list(steps))
        return columns.transpose(0, 1)

    def of_speakers(self, least: int = 1) -> list[Tensor]:
        """Return the places in (B · T) of each speaker's turns, in order, for speakers with at least so many."""
        numbers = self.speakers + (int(self.speakers.max()) + 1) * torch.arange(
            len(self.lengths), device=self.speakers.device
        ).unsqueeze(1)
        places = self.mask.flatten().nonzero().squeeze(1)
        owners = numbers.flatten()[places]
        grouped = owners.argsort(stable=True)
        counts = owners[grouped].unique_consecutive(return_counts=True)[1]
        return [own for own in places[grouped].split(counts.tolist()) if len(own) >= least]

    def recurrent(self, network: nn.RNNBase, padded: Tensor) -> Tensor:
        """padded: (B, T, dim) → (B, T, width) of an LSTM or GRU made with ``batch_first``.

        Packed: run over padding, the backward state of a shorter dialogue would start in it, and predictions would
        depend on the longest dialogue of their batch.
        """
        packed = pack_padded_sequence(padded, torch.tensor(self.lengths), batch_first=True)
        return pad_packed_sequence(network(packed)[0], batch_first=True)[0]

    def recurrent_along(self, network: nn.RNNBase, padded: Tensor, places: Sequence[Tensor]) -> Tensor:
        """padded: (B, T, dim) → (B, T, width) of an LSTM or GRU that reads each of some sequences of turns apart.

        ``places`` are those of :meth:`of_speakers`, in (B · T), or others; a turn that is in none of them has zeros.
        """
        flat, ordered = padded.flatten(0, 1), sorted(places, key=len, reverse=True)
        by_step = pad_sequence(ordered, padding_value=-1)
        there = by_step >= 0
        rows = by_step[there]
        states: Tensor = network(PackedSequence(flat[rows], there.sum(1).cpu()))[0].data
        filled = states.new_zeros(len(flat), states.shape[-1]).index_copy(0, rows, states)
        return filled.view(*padded.shape[:2], -1)

    def reversed(self) -> Turns:
        """Return the same dialogues said backwards, without moving the padding to their start."""
        features = {name: self.backwards(own) for name, own in self.features.items()}
        return replace(
            self, states=self.backwards(self.states), speakers=self.backwards(self.speakers), features=features
        )

    def backwards(self, padded: Tensor) -> Tensor:
        """padded: (B, T, …) → the same with the turns of each dialogue in reverse; padding stays where it is."""
        ends = torch.tensor(self.lengths, device=padded.device)[:, None]
        sources = torch.where(self.mask, ends - 1 - self.positions, self.positions)
        return padded[torch.arange(len(self.lengths), device=padded.device)[:, None], sources]

    def window(self, past: int | None, future: int | None = 0) -> Tensor:
        """Return which turn j is within the window of turn i, the turn itself included: (B, T, T) of [b, i, j].

        ``past`` and ``future`` count turns; ``None``: all of them.
        """
        distance = self.positions[None, :] - self.positions[:, None]
        near = torch.ones_like(distance, dtype=torch.bool)
        if past is not None:
            near &= distance >= -past
        if future is not None:
            near &= distance <= future
        return near & self.pairs

    def past(self) -> Tensor:
        """Return which turn j comes before turn i: (B, T, T) of [b, i, j]."""
        return self.window(None, -1)

    @cached_property
    def pairs(self) -> Tensor:
        """Where both are turns, (B, T, T)."""
        return self.mask[:, :, None] & self.mask[:, None, :]

    @cached_property
    def same_speaker(self) -> Tensor:
        """Where two turns have one speaker, (B, T, T)."""
        return (self.speakers[:, :, None] == self.speakers[:, None, :]) & self.pairs


def masked_softmax(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    """scores, mask: (…) of shapes that broadcast → softmax over the places where mask is true.

    Zeros elsewhere, and everywhere in a row that has no such place; no row's value depends on a masked score.
    """
    lowest = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, lowest).softmax(dim)
    return weights.masked_fill(~mask, 0)


def _mask(lengths: Sequence[int]) -> Tensor:
    return torch.arange(lengths[0])[None, :] < torch.tensor(lengths)[:, None]


def _speakers(dialogue: Dialogue) -> list[int]:
    numbers: dict[str, int] = {}
    return [numbers.setdefault(utterance.speaker, len(numbers)) for utterance in dialogue.utterances]

"""A split made ready for an encoder: examples, labels and token rows for the language model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeVar, overload

import torch
from torch import Tensor

from erc_bench.contracts.encoder import Encoder, EncoderBatch, Example, TokenRow
from erc_bench.contracts.types import UtteranceKey

T_co = TypeVar("T_co", covariant=True)


class Picked(Sequence[T_co]):
    """The items at some positions of a sequence, in that order.

    A step on frozen states takes a millisecond, and most objectives read neither the examples of
    a batch nor their names: copying them into lists took a tenth of it.
    """

    def __init__(self, items: Sequence[T_co], positions: Sequence[int]) -> None:
        self._items = items
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, index: int) -> T_co: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...

    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        if isinstance(index, slice):
            return Picked(self._items, self._positions[index])
        return self._items[self._positions[index]]

    def __iter__(self) -> Iterator[T_co]:
        return map(self._items.__getitem__, self._positions)

    def __eq__(self, other: object) -> bool:
        # Equal to the list that it stands for.
        return list(self) == list(other) if isinstance(other, (Picked, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


UNLABELLED = -1


@dataclass
class PreparedSplit:
    """The examples of a split, once and for all epochs.

    labels: (targets,) class indices, ``-1`` in a sealed split. states: (rows, dim) where the
    backbone is frozen; ``rows`` are then no longer needed. features: by name one (turns, dim) tensor per example.
    """

    examples: list[Example]
    labels: Tensor
    row_counts: list[int]
    rows: list[list[TokenRow]]
    states: Tensor | None = None
    features: Mapping[str, Sequence[Tensor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._row_starts = list(accumulate(self.row_counts, initial=0))
        self._target_starts = list(accumulate((len(example.targets) for example in self.examples), initial=0))
        self._keys = [key for example in self.examples for key in example.target_keys()]
        self._one_to_one = all(
            count == 1 and len(example.targets) == 1
            for count, example in zip(self.row_counts, self.examples, strict=True)
        )

    def __len__(self) -> int:
        return len(self.examples)

    def first(self, count: int) -> PreparedSplit:
        """Return a split of the first examples alone."""
        rows, targets = self._row_starts[: count + 1][-1], self._target_starts[: count + 1][-1]
        states = None if self.states is None else self.states[:rows]
        features = {name: own[:count] for name, own in self.features.items()}
        return PreparedSplit(
            self.examples[:count], self.labels[:targets], self.row_counts[:count], self.rows[:count], states, features
        )

    def batch(self, indices: Sequence[int], precision: torch.dtype = torch.float32) -> EncoderBatch:
        """Return the encoder's further inputs, beside the row states and in their precision."""
        features = {name: [own[index].to(precision) for index in indices] for name, own in self.features.items()}
        return EncoderBatch(Picked(self.examples, indices), Picked(self.row_counts, indices), features)

    def batch_rows(self, indices: Sequence[int]) -> list[TokenRow]:
        """Return the token rows of examples, in order."""
        return [row for i in indices for row in self.rows[i]]

    def frozen_states(self, indices: Sequence[int]) -> Tensor:
        """Return the stored states of the examples' rows, (rows, dim)."""
        assert self.states is not None
        return self.states[self._positions(indices, self._row_starts).to(self.states.device)]

    def batch_labels(self, indices: Sequence[int]) -> Tensor:
        """Return the labels of the examples' targets, (targets,)."""
        return self.labels[self._positions(indices, self._target_starts).to(self.labels.device)]

    def first_labels(self) -> Tensor:
        """Return the label of each example's first target, (examples,)."""
        return self.labels[torch.tensor(self._target_starts[:-1], device=self.labels.device)]

    def keys(self, indices: Sequence[int]) -> Sequence[UtteranceKey]:
        """Return the names of the examples' targets, in order."""
        if self._one_to_one:
            return Picked(self._keys, indices)
        starts = self._target_starts
        return [key for i in indices for key in self._keys[starts[i] : starts[i + 1]]]

    def _positions(self, indices: Sequence[int], starts: Sequence[int]) -> Tensor:
        if self._one_to_one:
            return torch.as_tensor(indices, dtype=torch.long)
        return torch.tensor([p for i in indices for p in range(starts[i], starts[i + 1])], dtype=torch.long)


def prepare(encoder: Encoder, examples: list[Example], labels: Sequence[str]) -> PreparedSplit:
    """Ask the encoder for the token rows of examples and look up the labels of their targets.

    An example without a target yields nothing and is left out.
    """
    examples = [example for example in examples if example.targets]
    index = {label: position for position, label in enumerate(labels)}
    targets = [example.dialogue.utterances[i].label for example in examples for i in example.targets]
    rows = [encoder.rows(example) for example in examples]
    classes = torch.tensor([UNLABELLED if label is None else index[label] for label in targets], dtype=torch.long)
    return PreparedSplit(examples, classes, [len(own) for own in rows], rows)

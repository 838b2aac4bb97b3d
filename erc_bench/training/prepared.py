"""A split made ready for an encoder: examples, labels and token rows for the language model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeVar, overload

import torch
from torch import Tensor

from erc_bench.contracts.encoder import Encoder, EncoderBatch, Example, FurtherStates, TokenRow
from erc_bench.contracts.language_models import MAIN
from erc_bench.contracts.no_language_model import NoLanguageModel
from erc_bench.contracts.types import UtteranceKey
from erc_bench.errors import ErcBenchError

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
class ModelRows:
    """The token rows of one language model, example by example.

    ``row_counts`` are the states of each example's rows. states: (states of all rows, dim) where the model is frozen;
    ``rows`` are then no longer needed.
    """

    row_counts: list[int]
    rows: list[list[TokenRow]]
    states: Tensor | None = None

    def __post_init__(self) -> None:
        self._starts = _starts(self.row_counts)

    def first(self, count: int) -> ModelRows:
        """Return those of the first examples alone."""
        states = None if self.states is None else self.states[: self._starts[: count + 1][-1]]
        return ModelRows(self.row_counts[:count], self.rows[:count], states)

    def of(self, indices: Sequence[int]) -> list[TokenRow]:
        """Return the token rows of examples, in order."""
        return [row for i in indices for row in self.rows[i]]

    def frozen_states(self, indices: Sequence[int]) -> Tensor:
        """Return the stored states of the examples' rows, (states of these rows, dim)."""
        assert self.states is not None
        return self.states[self.positions(indices).to(self.states.device)]

    def positions(self, indices: Sequence[int]) -> Tensor:
        """Return where the states of the examples' rows lie among all."""
        return _positions(indices, self._starts)


@dataclass
class PreparedSplit:
    """The examples of a split, once and for all epochs.

    labels: (targets,) class indices, ``-1`` in a sealed split. ``main`` are the rows of the backbone, ``further`` those
    of the encoder's other language models by role. features: by name one (turns, dim) tensor per example.
    """

    examples: list[Example]
    labels: Tensor
    main: ModelRows
    further: dict[str, ModelRows] = field(default_factory=dict)
    features: Mapping[str, Sequence[Tensor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._target_starts = _starts([len(example.targets) for example in self.examples])
        self._keys = [key for example in self.examples for key in example.target_keys()]

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def by_model(self) -> dict[str, ModelRows]:
        """The rows of all language models by role, ``main`` first."""
        return {MAIN: self.main, **self.further}

    @property
    def is_encoded(self) -> bool:
        """Whether all states are there, so that no language model has work to do."""
        return all(rows.states is not None for rows in self.by_model.values())

    def first(self, count: int) -> PreparedSplit:
        """Return a split of the first examples alone."""
        labels = self.labels[: self._target_starts[: count + 1][-1]]
        further = {role: rows.first(count) for role, rows in self.further.items()}
        features = {name: own[:count] for name, own in self.features.items()}
        return PreparedSplit(self.examples[:count], labels, self.main.first(count), further, features)

    def batch(
        self,
        indices: Sequence[int],
        further: Mapping[str, Tensor] | None = None,
        precision: torch.dtype = torch.float32,
    ) -> EncoderBatch:
        """Return the encoder's further inputs, beside the row states of ``main`` and features in their precision."""
        features = {name: [own[index].to(precision) for index in indices] for name, own in self.features.items()}
        states = {
            role: FurtherStates(own, Picked(self.further[role].row_counts, indices))
            for role, own in (further or {}).items()
        }
        counts = Picked(self.main.row_counts, indices)
        return EncoderBatch(Picked(self.examples, indices), counts, states, features)

    def batch_labels(self, indices: Sequence[int]) -> Tensor:
        """Return the labels of the examples' targets, (targets,)."""
        return self.labels[_positions(indices, self._target_starts).to(self.labels.device)]

    def first_labels(self) -> Tensor:
        """Return the label of each example's first target, (examples,)."""
        return self.labels[torch.tensor(self._target_starts[:-1], device=self.labels.device)]

    def keys(self, indices: Sequence[int]) -> Sequence[UtteranceKey]:
        """Return the names of the examples' targets, in order."""
        starts = self._target_starts
        if isinstance(starts, range):
            return Picked(self._keys, indices)
        return [key for i in indices for key in self._keys[starts[i] : starts[i + 1]]]


def _starts(counts: Sequence[int]) -> Sequence[int]:
    """Return where each part begins, and the end of the last; a range where each part is one thing."""
    if all(count == 1 for count in counts):
        return range(len(counts) + 1)
    return list(accumulate(counts, initial=0))


def _positions(indices: Sequence[int], starts: Sequence[int]) -> Tensor:
    if isinstance(starts, range):
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
    main, *further = (MAIN, *encoder.language_models)
    return PreparedSplit(
        examples, classes, _read_by(main, rows, encoder), {role: _read_by(role, rows, encoder) for role in further}
    )


def _read_by(role: str, rows: Sequence[Sequence[TokenRow]], encoder: Encoder) -> ModelRows:
    """Return the rows of one language model; raise :class:`ErcBenchError` where one names a model that is not there."""
    known = (MAIN, *encoder.language_models)
    if any(rows) and isinstance(encoder.language_model, NoLanguageModel):
        raise ErcBenchError(
            f"the encoder {encoder.name!r} says that it needs no language model, and makes token rows",
            "Return none from Encoder.rows, or say in needs_backbone with which options it needs one.",
        )
    if foreign := [row.model for own in rows for row in own if row.model not in known]:
        raise ErcBenchError(
            f"a token row of the encoder {encoder.name!r} is for the language model {foreign[0]!r}",
            f"It has {', '.join(known)}: name further ones in language_models.",
        )
    own_rows = [[row for row in own if row.model == role] for own in rows]
    return ModelRows([sum(row.state_count for row in own) for own in own_rows], own_rows)

"""Some items of a sequence, looked up only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar, overload

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

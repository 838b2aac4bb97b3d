"""The range of a dataset's axis, chosen so that one distant row does not squeeze the others together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erc_bench.comparison.comparison_data import Column, Score

_LEAST = 1.0
# With two or three seeds an interval can be a hundred times as wide as what lies in it.
_BEYOND = 1.0
_NEAR = 0.25
_MARGIN = 0.05


@dataclass(frozen=True)
class AxisRange:
    """The ends of an axis, in points."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Return whether a value lies on the axis."""
        return self.low <= value <= self.high


def axis_range(
    points: Sequence[float], ends: Iterable[float | None] = (), perhaps: Iterable[float | None] = ()
) -> AxisRange:
    """Return an axis that holds all ``points``, and the ends of intervals as far as they do not dwarf the points.

    Values in ``perhaps`` are included where they are near.
    """
    low, high = min(points), max(points)
    span = max(high - low, _LEAST)
    within = [min(max(end, low - _BEYOND * span), high + _BEYOND * span) for end in ends if end is not None]
    low, high = min([low, *within]), max([high, *within])
    far = _NEAR * max(high - low, _LEAST)
    near = [value for value in perhaps if value is not None and low - far <= value <= high + far]
    margin = _MARGIN * span
    return AxisRange(min([low, *near]) - margin, max([high, *near]) + margin)


def is_at_floor(column: Column, score: Score) -> bool:
    """Return whether no seed is above always giving one answer."""
    return column.floor is not None and max(score.values) <= column.floor + 1e-9


def leading(column: Column, scores: Sequence[Score]) -> Sequence[Score]:
    """Return the scores that an axis must hold: all but those at the floor, unless there are no others."""
    return [score for score in scores if not is_at_floor(column, score)] or scores

"""The data of a figure beside its picture: a name, words, numbers, the range of an axis; and its files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erc_bench.comparison.comparison_data import Column, Score
from erc_bench.comparison.rows import said_once as said_once
from erc_bench.errors import ErcBenchError, naming
from erc_bench.names import did_you_mean
from erc_bench.store.reading import StoredCell
from erc_bench.store.regular_files import replace_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Value = str | int | float | None


@dataclass(frozen=True)
class Numbers:
    """The numbers behind a figure, as a table: ``rows`` have one value for each of ``columns``."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Drawn:
    """One figure.

    ``name`` is the stem of its file, ``caption`` says everything that a reader who cannot see the
    picture must know. ``notes`` name everything left out: cells that failed, omitted rows.
    """

    name: str
    title: str
    caption: str
    figure: Figure
    numbers: Numbers
    notes: tuple[str, ...] = ()


def file_stem(*parts: str) -> str:
    """Join words to a name that is safe as a file's: letters, digits, dots and dashes."""
    return "-".join(filter(None, (re.sub(r"[^\w.]+", "-", part).strip("-.") for part in parts)))


def left_out(cell: StoredCell, error: ErcBenchError) -> str:
    """Name a cell whose files cannot be drawn, and say why."""
    return f"{cell.name} is left out: {error.message}"


FORMATS = ("png", "svg", "pdf", "csv")


def save(drawn: Drawn, path: Path) -> None:
    """Write a figure to ``path``, in the format that its name ends in.

    No date is written: the same figure gives the same bytes. Raises :class:`ErcBenchError` for an
    unknown format, or where the file cannot be written.
    """
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise ErcBenchError(f"a figure cannot be written as {path.name!r}; {did_you_mean(form, FORMATS)}")
    content = _csv(drawn) if form == "csv" else render(drawn, form)
    with naming(f"{path} cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_output(path, content)


def render(drawn: Drawn, form: str) -> bytes:
    """Return a figure as the bytes of a PNG, SVG or PDF file, with its title and caption inside."""
    from erc_bench.output.figures.style import styled

    stream = io.BytesIO()
    with styled():
        drawn.figure.savefig(stream, format=form, metadata=_metadata(drawn, form))
    return stream.getvalue()


def _metadata(drawn: Drawn, form: str) -> dict[str, Any]:
    # None keeps matplotlib from writing the time and its own version.
    if form == "svg":
        return {"Title": drawn.title, "Description": drawn.caption, "Date": None, "Creator": "erc-bench"}
    if form == "pdf":
        return {"Title": drawn.title, "Subject": drawn.caption, "CreationDate": None, "Creator": "erc-bench"}
    return {"Title": drawn.title, "Description": drawn.caption, "Software": "erc-bench"}


def _csv(drawn: Drawn) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(drawn.numbers.columns)
    writer.writerows([_written(value) for value in row] for row in drawn.numbers.rows)
    return text.getvalue().encode()


def _written(value: Value) -> str | int:
    if isinstance(value, float):
        return f"{value:.6f}"
    return "" if value is None else value


_LEAST = 1.0
# With two or three seeds an interval can be a hundred times as wide as the spread of its seeds.
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

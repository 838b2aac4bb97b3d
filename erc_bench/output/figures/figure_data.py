"""The data of a figure beside its picture: a name, words, and the numbers that it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from erc_bench.comparison.row_notes import said_once as said_once
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import StoredCell

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

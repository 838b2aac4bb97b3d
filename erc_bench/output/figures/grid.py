"""Panels side by side, in several bands where one line of them would be too wide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from erc_bench.output.figures.style import new_figure

MOST_COLUMNS = 4


def panel_grid(
    count: int, parts: int, size: tuple[float, float], heights: Sequence[float] | None = None
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure and for each of ``count`` panels its ``parts`` axes, one below the other.

    ``size`` is width and height of a panel in inches, ``heights`` the relative heights of its parts.
    """
    columns = min(count, MOST_COLUMNS)
    bands = -(-count // MOST_COLUMNS)
    figure = new_figure(columns * size[0] + 0.8, bands * size[1] + 0.7)
    ratios = list(heights or [1.0] * parts) * bands
    every: Any = figure.subplots(bands * parts, columns, squeeze=False, height_ratios=ratios)
    panels = [[every[(i // columns) * parts + part, i % columns] for part in range(parts)] for i in range(count)]
    for empty in range(count, bands * columns):
        for part in range(parts):
            every[(empty // columns) * parts + part, empty % columns].remove()
    return figure, panels

"""Panels side by side that share their rows: a line for each method, an axis for each dataset; and heat maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from erc_bench.output.figures.figure_data import AxisRange
from erc_bench.output.figures.style import grid_of, luminance, new_figure

MOST_COLUMNS = 4


def panel_grid(
    count: int,
    parts: int,
    size: tuple[float, float],
    heights: Sequence[float] | None = None,
    margins: tuple[float, float] = (0.8, 0.7),
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure and for each of ``count`` panels its ``parts`` axes, one below the other.

    ``size`` is width and height of a panel in inches, ``heights`` the relative heights of its parts; ``margins``
    are the inches beside and below all panels.
    """
    columns = min(count, MOST_COLUMNS)
    bands = -(-count // MOST_COLUMNS)
    figure = new_figure(columns * size[0] + margins[0], bands * size[1] + margins[1])
    ratios = list(heights or [1.0] * parts) * bands
    every: Any = figure.subplots(bands * parts, columns, squeeze=False, height_ratios=ratios)
    panels = [[every[(i // columns) * parts + part, i % columns] for part in range(parts)] for i in range(count)]
    for empty in range(count, bands * columns):
        for part in range(parts):
            every[(empty // columns) * parts + part, empty % columns].remove()
    return figure, panels


_HEIGHT = 0.32
_LETTER = 0.06


def row_panels(labels: Sequence[str], count: int, width: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``count`` panels of this width in inches, in bands; the first of each names the rows."""
    size = width, 0.8 + _HEIGHT * len(labels)
    figure, panels = panel_grid(count, 1, size, margins=(0.5 + _LETTER * max(map(len, labels)), 0.5))
    for i, (axes,) in enumerate(panels):
        axes.set_yticks(range(len(labels)), labels if i % MOST_COLUMNS == 0 else [])
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        grid_of(axes, "x")
        # Bands lead the eye from a name to the panels on the right.
        for row in range(0, len(labels), 2):
            axes.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", linewidth=0, zorder=0)
    return figure, [axes for (axes,) in panels]


def beyond(axes: Axes, y: float, low: float, high: float, axis: AxisRange) -> None:
    """Mark with arrows that something which reaches from ``low`` to ``high`` does not end on the axis."""
    inside = 0.015 * (axis.high - axis.low)
    arrows = [("<", axis.low + inside)] * (low < axis.low) + [(">", axis.high - inside)] * (high > axis.high)
    for marker, x in arrows:
        axes.plot(x, y, marker=marker, markersize=5, color="black", linestyle="none", label="beyond the axis")


def beside(axes: Axes, y: float, text: str) -> None:
    """Write a number at the right end of a row."""
    place: Any = ("axes fraction", "data")
    axes.annotate(text, (1.0, y), xycoords=place, xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5)


Matrix = npt.NDArray[np.float64]

# Where white and black text have the same contrast with the ground (WCAG 2.2).
_EVEN = 0.179


def heatmap(
    axes: Axes,
    values: Matrix,
    labels: Sequence[str],
    *,
    colours: str,
    limits: tuple[float, float],
    write: Callable[[float], str],
) -> None:
    """values: (classes, classes), rows from the top; cells that are nan stay empty and get a dash.

    ``colours`` names the colour map, ``limits`` are the values of its ends.
    """
    # A mesh stays sharp in SVG and PDF, where an image would be a grid of pixels.
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, norm=Normalize(*limits), edgecolors="white", linewidth=0.6
    )
    axes.set_facecolor("#e6e6e6")
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    grounds = mesh.to_rgba(np.where(np.isfinite(values), values, limits[0]))
    centres = np.arange(len(labels)) + 0.5
    axes.set_xticks(centres, labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(centres, labels)
    for (row, column), value in np.ndenumerate(values):
        known = np.isfinite(value)
        axes.text(
            column + 0.5,
            row + 0.5,
            write(float(value)) if known else "\N{EN DASH}",
            ha="center",
            va="center",
            fontsize=7.5 if len(labels) < 9 else 6.0,
            in_layout=False,  # it lies inside the axes; measuring it would take most of the time
            color="white" if known and luminance(tuple(grounds[row, column])) <= _EVEN else "black",
        )


def number_at(values: Matrix | None, row: int, column: int) -> float | None:
    """Return a number of a matrix; ``None`` without one."""
    return None if values is None or not np.isfinite(values[row, column]) else float(values[row, column])


def side(classes: int) -> float:
    """Return the width in inches that a matrix of this many classes needs for its numbers."""
    return max(1.6, 0.34 * classes)

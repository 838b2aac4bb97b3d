"""A matrix of classes by classes, every value written into its cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from erc_bench.output.figures.style import luminance

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


def side(classes: int) -> float:
    """Return the width in inches that a matrix of this many classes needs for its numbers."""
    return max(1.6, 0.34 * classes)

"""How all figures look: colours that the colour-blind can tell apart, and never colour alone.

The colours are those of Okabe and Ito (Color Universal Design, 2008), in an order in which neighbours
differ in lightness, so that they stay apart in greyscale; markers and line styles repeat the distinction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import Any, Literal

import matplotlib.style
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from erc_bench.output.figures.figure_data import AxisRange

COLOURS = ("#0072B2", "#CC79A7", "#000000", "#009E73", "#E69F00", "#D55E00", "#56B4E9")
LINES = ("-", "--", "-.", ":")
GREY = "#6b6b6b"
# Of the letters of legends; those of titles are a little larger.
_LINE = 0.22
_INCHES_PER_CHARACTER = 0.072

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    # The layout is found with the letters of this resolution, and without hints letters scale with it.
    "figure.dpi": 200,
    "savefig.dpi": "figure",
    "text.hinting": "none",
    "savefig.facecolor": "white",
    "savefig.bbox": "standard",
    # Names of methods and labels are text, whatever signs they hold.
    "text.parse_math": False,
    # Letters as outlines, and ids that do not change from run to run.
    "svg.fonttype": "path",
    "svg.hashsalt": "erc-bench",
    # Publishers ask for fonts that can be searched and edited.
    "pdf.fonttype": 42,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw or save in our style, whatever the user's own matplotlib settings are."""
    with matplotlib.style.context(["default", _STYLE]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches; :func:`settle` lays it out."""
    return Figure(figsize=(width, height))


def settle(figure: Figure) -> None:
    """Lay a figure out, once.

    A figure that had a layout engine of its own would be laid out again by every saving, which moves
    things a little, and would be drawn twice for it, which takes most of the time.
    """
    ConstrainedLayoutEngine().execute(figure)


def colour(series: int) -> str:
    """Return the colour of a series by its position."""
    return COLOURS[series % len(COLOURS)]


def line(series: int) -> str:
    """Return the line style of a series by its position."""
    return LINES[series % len(LINES)]


def luminance(shade: Any) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    from matplotlib.colors import to_rgb

    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(shade))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def grid_of(axes: Axes, axis: Literal["x", "y", "both"] = "both") -> None:
    """Draw light lines behind the data, along ``x``, ``y`` or ``both``."""
    axes.grid(visible=True, axis=axis)


def legend_below(figure: Figure, every: Iterable[Axes], marker_scale: float = 1.0) -> None:
    """Explain the signs of these axes once, below all of them, in as many lines as the width needs.

    ``marker_scale`` enlarges markers that are small in the picture.
    """
    signs = {label: handle for axes in every for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    widths = [len(label) * _INCHES_PER_CHARACTER + 0.65 for label in signs]
    width = figure.get_figwidth()
    columns = len(signs) if sum(widths) <= width else max(1, int(width / max(widths)))
    # A figure of one row has no room for more than two lines.
    figure.set_figheight(figure.get_figheight() + _LINE * max(0, math.ceil(len(signs) / columns) - 2))
    figure.legend(
        list(signs.values()), list(signs), loc="outside lower center", ncols=columns, markerscale=marker_scale
    )


def wrapped(text: str, inches: float) -> str:
    """Break a title into lines that fit into a width."""
    return fill(text, max(8, int(inches / (1.15 * _INCHES_PER_CHARACTER))))


def with_sign(value: float, decimals: int) -> str:
    """Write a number with its sign, a true minus, and without a sign where it rounds to zero."""
    text = f"{value:+.{decimals}f}"
    if float(text) == 0:
        return text[1:]
    return text.replace("-", "\u2212")


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

"""How all figures look: colours that the colour-blind can tell apart, and never colour alone.

The colours are those of Okabe and Ito (Color Universal Design, 2008), in an order in which neighbours
differ in lightness, so that they stay apart in greyscale; markers and line styles repeat the distinction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any, Literal

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

COLOURS = ("#0072B2", "#CC79A7", "#000000", "#009E73", "#E69F00", "#D55E00", "#56B4E9")
MARKERS = ("o", "s", "D", "v", "P", "X", "*", "<", ">", "h")
LINES = ("-", "--", "-.", ":")
GREY = "#6b6b6b"
# Of the letters of legends; those of titles are a little larger.
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


def marker(series: int) -> str:
    """Return the marker of a series by its position."""
    return MARKERS[series % len(MARKERS)]


def line(series: int) -> str:
    """Return the line style of a series by its position."""
    return LINES[series % len(LINES)]


def luminance(shade: Any) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    from matplotlib.colors import to_rgb

    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(shade))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(shade: Any) -> float:
    """Return how light a colour looks in greyscale, 0 (black) to 100 (white): L* of CIE 1976."""
    share = luminance(shade)
    return 116 * share ** (1 / 3) - 16 if share > 0.008856 else 903.3 * share


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

"""Every seed as a dot, with the mean and its interval: the detail that mean ± sd leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from erc_bench.comparison.comparison_data import Column, Score
from erc_bench.output.figures.figure_data import AxisRange, Drawn, Numbers, Value, axis_range, file_stem, leading
from erc_bench.output.figures.selected_rows import FigurePanel, SelectedRows, printable
from erc_bench.output.figures.style import COLOURS, GREY, beside, beyond, legend_below, row_panels
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.statistics.wording import number

WIDTH = 3.1
_BELOW = 0.29
_INTERVAL: dict[str, Any] = {"color": "#8a8a8a", "linewidth": 3.5, "solid_capstyle": "butt"}
_SEED: dict[str, Any] = {"linestyle": "none", "markersize": 4.0, "markerfacecolor": "none"}
_SEED |= {"markeredgecolor": COLOURS[0]}
_MEAN: dict[str, Any] = {"marker": "|", "markersize": 6.5, "markeredgewidth": 1.6, "color": "black"}

_COLUMNS = ("dataset", "metric", "split", "row", "seed", "score", "mean", "sd", "low", "high", "degenerate")


def draw(selection: SelectedRows) -> list[Drawn]:
    """Draw one figure: a panel for each dataset, a line for each row."""
    labels = [printable(row.label) for row in selection.comparison.rows]
    figure, every = row_panels(labels, len(selection.panels), WIDTH)
    for panel, axes in zip(selection.panels, every, strict=True):
        _panel(axes, panel)
    legend_below(figure, every)
    datasets = [panel.column.title for panel in selection.panels]
    title = f"Scores of all seeds on {', '.join(datasets)}"
    return [Drawn(file_stem("seeds", *datasets), title, _caption(selection), figure, _numbers(selection))]


def _panel(axes: Axes, panel: FigurePanel) -> None:
    column = panel.column
    scores = [shown.score for shown in panel.shown]
    axis = axis_of(column, scores)
    if column.floor is not None and axis.holds(column.floor):
        axes.axvline(column.floor, color=GREY, linestyle=":", linewidth=1.2, label="always the same answer")
    for score in scores:
        _score(axes, score, axis)
    axes.set_xlim(axis.low, axis.high)
    axes.set_title(column.title)
    axes.set_xlabel(f"{METRIC_WORDS[column.metric]} on {column.split} (points)")


def axis_of(column: Column, scores: Sequence[Score]) -> AxisRange:
    """Return the axis: all seeds and intervals of the rows above the floor, and the floor where it is near."""
    led = leading(column, scores)
    intervals = [end for score in led for end in (score.summary.low, score.summary.high)]
    return axis_range([value for score in led for value in score.values], intervals, [column.floor])


def _score(axes: Axes, score: Score, axis: AxisRange) -> None:
    """Draw the seeds, and below them, where they hide nothing, the interval and the mean."""
    row, summary = score.row, score.summary
    beside(axes, row, summary.words())
    beyond(axes, row, min(score.values), max(score.values), axis)
    for seed, value, offset in zip(score.seeds, score.values, _offsets(len(score.values)), strict=True):
        marker, words = ("x", "a degenerate seed") if seed in score.degenerate else ("o", "a seed")
        axes.plot(value, row + offset, marker=marker, **_SEED, label=words)
    low, high = summary.low, summary.high
    if low is not None and high is not None:
        axes.plot([low, high], [row + _BELOW] * 2, **_INTERVAL, label="interval of the mean")
        if axis.holds(summary.mean):
            beyond(axes, row + _BELOW, low, high, axis)
    axes.plot(summary.mean, row + _BELOW, linestyle="none", **_MEAN, label="mean")


def _offsets(count: int) -> Sequence[float]:
    """Spread the seeds of a row a little, each seed at the same place in every row."""
    return [-0.12] if count == 1 else [float(offset) for offset in np.linspace(-0.28, 0.04, count)]


def _caption(selection: SelectedRows) -> str:
    level = number(100 * (1 - selection.wanted.alpha))
    sentences = [
        "Score of every seed (circles; crosses: degenerate) and below them mean (tick) and"
        f" {level} % t interval of the mean over seeds (bar): a claim about running again on the same test set."
        " Every dataset has an axis of its own; an arrow marks what lies beyond it."
    ]
    sentences += [_column(panel) for panel in selection.panels]
    return " ".join(sentences)


def _column(panel: FigurePanel) -> str:
    column = panel.column
    means = ", ".join(f"{shown.label} {shown.score.summary.words()} ({shown.seeds})" for shown in panel.shown)
    return f"{column.title}, {METRIC_WORDS[column.metric]} on {column.split}: {means}{_floor(column)}."


def _floor(column: Column) -> str:
    if column.floor is None:
        return ""
    return f"; always answering {printable(column.floor_label)} scores {column.floor:.2f}"


def _numbers(selection: SelectedRows) -> Numbers:
    rows: list[tuple[Value, ...]] = []
    for panel in selection.panels:
        column = panel.column
        for shown in panel.shown:
            score = shown.score
            summary = (score.summary.mean, score.summary.sd, score.summary.low, score.summary.high)
            names = (column.title, column.metric, column.split, shown.label)
            for seed, value in zip(score.seeds, score.values, strict=True):
                rows.append((*names, seed, value, *summary, score.degenerate.get(seed, "")))
    return Numbers(_COLUMNS, tuple(rows))

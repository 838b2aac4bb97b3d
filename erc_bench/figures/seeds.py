"""Every seed as a dot, with the mean and its interval: what a mean ± sd leaves out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from erc_bench.comparison.caption import number
from erc_bench.comparison.model import Column, Score
from erc_bench.figures.model import Drawn, Numbers, Value, file_stem
from erc_bench.figures.selection import Panel, Selection, printable
from erc_bench.figures.style import COLOURS, GREY, grid_of, legend_below, new_figure
from erc_bench.metrics import METRIC_WORDS

_COLUMNS = ("dataset", "metric", "split", "row", "seed", "score", "mean", "sd", "low", "high", "degenerate")


def draw(selection: Selection) -> list[Drawn]:
    """Draw one figure: a panel for each dataset, a line for each row."""
    labels = [printable(row.label) for row in selection.comparison.rows]
    count = len(selection.panels)
    figure = new_figure(
        1.1 + 0.06 * max(map(len, labels)) + (3.3 if count < 3 else 2.6) * count, 1.3 + 0.34 * len(labels)
    )
    all_axes = figure.subplots(1, count, squeeze=False, sharey=True)[0]
    for panel, axes in zip(selection.panels, all_axes, strict=True):
        _panel(axes, panel, len(labels))
    all_axes[0].set_yticks(range(len(labels)), labels)
    all_axes[0].set_ylim(len(labels) - 0.5, -0.5)
    legend_below(figure, all_axes)
    datasets = [panel.column.title for panel in selection.panels]
    title = f"Scores of all seeds on {', '.join(datasets)}"
    return [Drawn(file_stem("seeds", *datasets), title, _caption(selection), figure, _numbers(selection))]


def _panel(axes: Axes, panel: Panel, rows: int) -> None:
    column = panel.column
    scores = [shown.score for shown in panel.shown]
    lowest, highest = axis_range(scores, column.floor)
    for score in scores:
        _score(axes, score)
    if column.floor is not None and lowest <= column.floor:
        axes.axvline(column.floor, color=GREY, linestyle=":", linewidth=1.2, label="always the same answer")
    axes.set_xlim(lowest, highest)
    axes.set_title(column.title)
    axes.set_xlabel(f"{METRIC_WORDS[column.metric]} on {column.split} (points)")
    axes.tick_params(axis="y", length=0)
    grid_of(axes, "x")


def _score(axes: Axes, score: Score) -> None:
    row, summary = score.row, score.summary
    spread = _offsets(len(score.values))
    for seed, value, offset in zip(score.seeds, score.values, spread, strict=True):
        failed = seed in score.degenerate
        axes.plot(
            value,
            row + offset,
            linestyle="none",
            marker="x" if failed else "o",
            markersize=4.5,
            markerfacecolor="white",
            markeredgecolor=COLOURS[0],
            label="a degenerate seed" if failed else "a seed",
        )
    if summary.low is not None and summary.high is not None:
        axes.plot([summary.low, summary.high], [row, row], color="black", linewidth=1.4, label="interval of the mean")
    axes.plot(summary.mean, row, linestyle="none", marker="D", markersize=5.5, color="black", label="mean")
    text = f"{summary.mean:.2f}" + ("" if summary.sd is None else f" ± {summary.sd:.2f}")
    axes.annotate(
        text,
        (1.0, row),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


def _offsets(count: int) -> Sequence[float]:
    """Spread the seeds of a row a little, each seed at the same place in every row."""
    return [0.0] if count == 1 else [float(offset) for offset in np.linspace(-0.22, 0.22, count)]


def axis_range(scores: Sequence[Score], floor: float | None) -> tuple[float, float]:
    """Return the ends of the axis: all seeds and intervals, and the floor where it is not far away."""
    known = [value for score in scores for value in (*score.values, score.summary.low, score.summary.high)]
    values = [value for value in known if value is not None]
    low, high = min(values), max(values)
    span = max(high - low, 1.0)
    if floor is not None and low - 1.5 * span < floor < low:
        low = floor
    return low - 0.05 * span, high + 0.05 * span


def _caption(selection: Selection) -> str:
    level = number(100 * (1 - selection.wanted.alpha))
    sentences = [
        "Score of every seed (circles), mean (diamond) and"
        f" {level} % t interval of the mean over seeds (line): a claim about running again on the same test set."
    ]
    sentences += [_column(panel) for panel in selection.panels]
    return " ".join(sentences)


def _column(panel: Panel) -> str:
    column = panel.column
    means = ", ".join(f"{shown.label} {_mean(shown.score)} ({shown.seeds})" for shown in panel.shown)
    return f"{column.title}, {METRIC_WORDS[column.metric]} on {column.split}: {means}{_floor(column)}."


def _mean(score: Score) -> str:
    spread = "" if score.summary.sd is None else f" ± {score.summary.sd:.2f}"
    return f"{score.summary.mean:.2f}{spread}"


def _floor(column: Column) -> str:
    if column.floor is None:
        return ""
    return f"; always answering {printable(column.floor_label)} scores {column.floor:.2f}"


def _numbers(selection: Selection) -> Numbers:
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

"""Whether a confidence of 80 % is right in 80 % of the cases: reliability diagrams.

The expected calibration error is that of Guo et al., On Calibration of Modern Neural Networks
(ICML 2017), Eq. 5, with their 15 bins of equal width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import Drawn, Numbers, Value, file_stem
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow, SelectedRows
from erc_bench.output.figures.style import COLOURS, GREY, grid_of, legend_below, panel_grid, wrapped
from erc_bench.statistics.metrics import label_indices
from erc_bench.statistics.results import Summary
from erc_bench.statistics.seeds import summarise
from erc_bench.store.predictions import read_scored
from erc_bench.store.reading import StoredCell

BINS = 15
WIDTH = 2.3
_BAR: dict[str, Any] = {"align": "edge", "linewidth": 0.6}
# Scores are stored with four decimals.
_TOLERANCE = 0.01

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bins:
    """n answers by confidence: how many in each of the bins, their mean confidence, the share that is right.

    All (bins,); shares in 0 to 1, nan in an empty bin.
    """

    counts: npt.NDArray[np.int64]
    confidence: Floats
    accuracy: Floats

    @property
    def error(self) -> float:
        """The expected calibration error in percentage points."""
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        return float(100.0 * (gaps * self.counts).sum() / self.counts.sum())


@dataclass(frozen=True)
class Calibration:
    """One row: the answers of all seeds in bins, and the error of each seed."""

    shown: FigureRow
    pooled: Bins
    errors: Summary


def draw(selection: SelectedRows) -> list[Drawn]:
    """Draw one figure for each dataset: a reliability diagram for each row that stores probabilities."""
    drawn, notes = [], []
    for panel in selection.panels:
        found = []
        for shown in panel.shown if panel.column.split == "test" else ():
            try:
                found.append(_calibration(shown, selection.wanted.alpha))
            except ErcBenchError as error:
                notes.append(f"{panel.column.title}: {shown.label} is left out: {error.message}")
        if found:
            drawn.append(_drawn(panel, found, notes))
    if not drawn:
        raise ErcBenchError("no stored run has test probabilities", "\n".join(notes))
    return drawn


def reliability(confidence: Floats, right: npt.NDArray[np.bool_], bins: int = BINS) -> Bins:
    """confidence: (n,) in 0 to 1; right: (n,) → the answers in bins of equal width, (low, high] each."""
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    known = np.maximum(counts, 1)
    empty = counts == 0
    means = np.where(empty, np.nan, np.bincount(place, weights=confidence, minlength=bins) / known)
    shares = np.where(empty, np.nan, np.bincount(place, weights=right.astype(float), minlength=bins) / known)
    return Bins(counts, means, shares)


def _calibration(shown: FigureRow, alpha: float) -> Calibration:
    answers = [_answers(cell, shown.key.readout) for cell in shown.cells.values()]
    errors = [reliability(*each).error for each in answers]
    confidence, right = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    return Calibration(shown, reliability(confidence, right), summarise(errors, alpha))


def _answers(cell: StoredCell, readout: str) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return of each test answer the confidence, (n,), and whether it is right, (n,)."""
    found, labels = read_scored(cell, readout or None), list(cell.record["labels"])
    answers, scores = found.answers, found.scores
    if set(answers.score_labels) != set(labels):
        raise ErcBenchError(f"{cell.name} stores no score for each label")
    sums_to_one = np.abs(scores.sum(-1) - 1.0) <= _TOLERANCE
    if not (np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1 and sums_to_one.all()):
        raise ErcBenchError(f"the scores of {cell.name} are not probabilities")
    column = np.array([answers.score_labels.index(label) for label in labels])
    confidence = scores[np.arange(len(scores)), column[answers.predicted]]
    return confidence, answers.predicted == label_indices(answers.asked.gold, labels)


def _drawn(panel: FigurePanel, found: Sequence[Calibration], notes: Sequence[str]) -> Drawn:
    figure, columns = panel_grid(len(found), 2, (WIDTH, 3.0), heights=(3.0, 1.0))
    for calibration, (diagram, histogram) in zip(found, columns, strict=True):
        _diagram(diagram, calibration)
        _histogram(histogram, calibration.pooled)
    columns[0][0].set_ylabel("right answers (%)")
    columns[0][1].set_ylabel("answers (%)")
    legend_below(figure, columns[0])
    title = panel.column.title
    numbers = Numbers(
        ("dataset", "row", "bin_low", "bin_high", "answers", "confidence", "accuracy", "error_mean", "error_sd"),
        tuple(row for calibration in found for row in _rows(title, calibration)),
    )
    return Drawn(
        file_stem("calibration", title),
        f"Calibration on {title}",
        _caption(panel, found),
        figure,
        numbers,
        tuple(notes),
    )


def _diagram(axes: Axes, calibration: Calibration) -> None:
    bins = calibration.pooled
    filled = bins.counts > 0
    left = (np.arange(BINS) / BINS * 100)[filled]
    accuracy, confidence = 100 * bins.accuracy[filled], 100 * bins.confidence[filled]
    width = 100 / BINS
    axes.bar(left, accuracy, width, color=COLOURS[6], edgecolor="black", **_BAR, label="right answers")
    gap: dict[str, Any] = {"bottom": accuracy, "facecolor": "none", "edgecolor": COLOURS[5], "hatch": "////"}
    axes.bar(left, confidence - accuracy, width, **gap, **_BAR, label="gap to the mean confidence")
    axes.plot([0, 100], [0, 100], color=GREY, linestyle="--", linewidth=1.0, label="perfectly calibrated")
    axes.set(xlim=(0, 100), ylim=(0, 100), xticklabels=[])
    axes.set_title(f"{wrapped(calibration.shown.label, WIDTH)}\nECE {calibration.errors.words(1)} points")
    grid_of(axes)


def _histogram(axes: Axes, bins: Bins) -> None:
    left = np.arange(BINS) / BINS * 100
    shares = 100 * bins.counts / bins.counts.sum()
    axes.bar(left, shares, 100 / BINS, color="#8c8c8c", edgecolor="black", **_BAR)
    axes.set(xlim=(0, 100))
    axes.set_xlabel("confidence (%)")
    grid_of(axes, "y")


def _caption(panel: FigurePanel, found: Sequence[Calibration]) -> str:
    told = ", ".join(f"{each.shown.label} {each.errors.words(1)} ({each.shown.seeds})" for each in found)
    return (
        f"Reliability on the test split of {panel.column.title}: share of right answers by confidence, in {BINS} bins"
        " of equal width, answers of all seeds together; below, how many answers are in each bin."
        f" Expected calibration error in percentage points, mean ± standard deviation over seeds: {told}."
    )


def _rows(dataset: str, calibration: Calibration) -> list[tuple[Value, ...]]:
    bins, errors = calibration.pooled, calibration.errors
    return [
        (
            *(dataset, calibration.shown.label, i / BINS, (i + 1) / BINS, int(bins.counts[i])),
            *(float(values[i]) if bins.counts[i] else None for values in (bins.confidence, bins.accuracy)),
            *(errors.mean, errors.sd),
        )
        for i in range(BINS)
    ]

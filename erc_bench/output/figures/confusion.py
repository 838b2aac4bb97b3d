"""Confusion matrices: how often each class is taken for each other one, and how a method changes that.

Rows are true classes and add up to 100 %, as in Figures 2 and 6 of Yu et al. (2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import Drawn, Numbers, Value, file_stem
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow, SelectedRows, printable, seed_words
from erc_bench.output.figures.style import Matrix, heatmap, new_figure, number_at, side, with_sign, wrapped
from erc_bench.statistics.metrics import answer_indices, grouped_confusion, label_indices
from erc_bench.store.predictions import read_answers


@dataclass(frozen=True)
class Matrices:
    """Row percentages (classes, classes), mean over ``seeds``: of a row, and of its baseline row."""

    shown: FigureRow
    baseline: FigureRow | None
    seeds: tuple[int, ...]
    own: Matrix
    other: Matrix | None

    @property
    def difference(self) -> Matrix | None:
        """Row less baseline, in percentage points."""
        return None if self.other is None else self.own - self.other


def draw(selection: SelectedRows) -> list[Drawn]:
    """Draw every row beside its baseline row; a row that has none, alone."""
    drawn = [_drawn(panel, matrices) for panel in selection.panels for matrices in _matrices(panel)]
    if not drawn:
        raise ErcBenchError(
            "no test prediction is stored to count confusions in", "Runs with --dev-only have dev scores alone."
        )
    return drawn


def row_percentages(counts: npt.NDArray[np.int64]) -> Matrix:
    """counts: (seeds, classes, answers), gold in rows → (classes, answers), mean over seeds of row percentages.

    The row of a class without gold utterances is nan.
    """
    totals = counts.sum(-1, keepdims=True)
    shares = np.full(counts.shape, np.nan)
    np.divide(100.0 * counts, totals, out=shares, where=totals > 0)
    return np.asarray(shares.mean(0))


def _matrices(panel: FigurePanel) -> Iterator[Matrices]:
    if panel.column.split != "test":
        return
    paired = [(shown, pair) for shown in panel.shown if (pair := panel.pair_of(shown)) is not None]
    taken = {score for shown, pair in paired for score in (shown.score.row, pair.baseline)}
    for shown, pair in paired:
        other = panel.of_row(pair.baseline)
        # Without a shared seed there is still something to see, over the seeds of each.
        seeds = pair.seeds or shown.score.seeds
        theirs = _mean(other, pair.seeds or other.score.seeds, panel.labels)
        yield Matrices(shown, other, pair.seeds, _mean(shown, seeds, panel.labels), theirs)
    for shown in panel.shown:
        if shown.score.row not in taken:
            yield Matrices(shown, None, shown.score.seeds, _mean(shown, shown.score.seeds, panel.labels), None)


def _mean(shown: FigureRow, seeds: Sequence[int], labels: Sequence[str]) -> Matrix:
    counts = []
    for seed in seeds:
        answers = read_answers(shown.cells[seed], shown.key.readout or None)
        gold, predicted = label_indices(answers.gold, labels), answer_indices(answers.predicted, labels)
        counts.append(grouped_confusion(gold, predicted, len(labels), answers=len(labels) + 1))
    return row_percentages(np.stack(counts))[:, : len(labels)]


def _drawn(panel: FigurePanel, matrices: Matrices) -> Drawn:
    labels = [printable(label) for label in panel.labels]
    parts = _parts(matrices)
    size = side(len(labels))
    figure = new_figure(len(parts) * (size + 0.25) + 1.0, size + 1.3)
    for position, axes in enumerate(figure.subplots(1, len(parts), squeeze=False)[0]):
        title, values = parts[position]
        is_difference = position == 2
        limit = _limit(values) if is_difference else 100.0
        heatmap(
            axes,
            values,
            labels,
            colours="PuOr" if is_difference else "Blues",
            limits=(-limit if is_difference else 0.0, limit),
            write=partial(with_sign, decimals=0) if is_difference else "{:.0f}".format,
        )
        axes.set_title(title if is_difference else f"{wrapped(title, size)}\n% of each true class")
        axes.set_xlabel("predicted class")
        if position:
            axes.set_yticklabels([])
    figure.axes[0].set_ylabel("true class")
    names = [matrices.shown.label] + ([matrices.baseline.label] if matrices.baseline else [])
    return Drawn(
        file_stem("confusion", panel.column.title, "-vs-".join(names)),
        f"Confusion on {panel.column.title}: {' and '.join(names)}",
        _caption(panel, matrices),
        figure,
        _numbers(panel, matrices),
    )


def _parts(matrices: Matrices) -> list[tuple[str, Matrix]]:
    own = (matrices.shown.label, matrices.own)
    if matrices.baseline is None or matrices.other is None or matrices.difference is None:
        return [own]
    other = (matrices.baseline.label, matrices.other)
    return [own, other, ("difference\npercentage points", matrices.difference)]


def _limit(difference: Matrix) -> float:
    """Return a round end for the colours of a difference, at least 5 points."""
    known = difference[np.isfinite(difference)]
    largest = float(np.abs(known).max()) if len(known) else 0.0
    return max(5.0, float(np.ceil(largest / 5) * 5))


def _caption(panel: FigurePanel, matrices: Matrices) -> str:
    words = f"mean over {seed_words(matrices.seeds)}" if matrices.seeds else "each over its own seeds, none is shared"
    sentences = [
        f"Confusion on the test split of {panel.column.title}, {words}: row true class, column predicted class,"
        " in % of the true class."
    ]
    if matrices.difference is not None and matrices.baseline is not None:
        sentences.append(f"Right: {matrices.shown.label} less {matrices.baseline.label}, in percentage points.")
        sentences += _largest(panel, matrices.difference)
    right = {printable(label): matrices.own[i, i] for i, label in enumerate(panel.labels)}
    missing = [label for label, share in right.items() if not np.isfinite(share)]
    hits = (f"{label} {'unknown' if label in missing else f'{share:.0f} %'}" for label, share in right.items())
    sentences.append(f"Right answers of {matrices.shown.label}: {', '.join(hits)}.")
    if missing:
        sentences.append(f"No test utterance is labelled {' or '.join(missing)}.")
    return " ".join(sentences)


def _largest(panel: FigurePanel, difference: Matrix) -> list[str]:
    known = np.where(np.isfinite(difference), np.abs(difference), -1.0)
    row, column = np.unravel_index(int(known.argmax()), known.shape)
    if known[row, column] <= 0:
        return []
    gold, predicted = printable(panel.labels[row]), printable(panel.labels[column])
    value = with_sign(float(difference[row, column]), 1)
    return [f"The largest difference is {value} points, {gold} answered with {predicted}."]


def _numbers(panel: FigurePanel, matrices: Matrices) -> Numbers:
    columns = ("dataset", "row", "baseline", "true", "predicted", "percent", "baseline_percent", "difference")
    names: tuple[Value, ...] = (
        panel.column.title,
        matrices.shown.label,
        matrices.baseline.label if matrices.baseline else None,
    )
    rows: list[tuple[Value, ...]] = [
        (
            *names,
            gold,
            predicted,
            *(number_at(matrix, i, j) for matrix in (matrices.own, matrices.other, matrices.difference)),
        )
        for i, gold in enumerate(panel.labels)
        for j, predicted in enumerate(panel.labels)
    ]
    return Numbers(columns, tuple(rows))

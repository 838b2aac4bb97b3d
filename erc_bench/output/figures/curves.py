"""Learning curves: the loss terms and the dev score of every epoch, and which epochs were chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import Drawn, Numbers, Value, file_stem
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow, SelectedRows, printable
from erc_bench.output.figures.style import COLOURS, GREY, MOST_COLUMNS, grid_of, legend_below, line, panel_grid, wrapped
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.store.reading import StoredCell

Floats = npt.NDArray[np.float64]
BySeed = list[tuple[list[int], list[float]]]
"""For each seed the epochs, from 1, and their values."""


@dataclass(frozen=True)
class Curve:
    """Mean and sd (n - 1; 0 with one seed) by epoch, each (epochs,); ``counts`` seeds have the epoch."""

    epochs: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    mean: Floats
    sd: Floats


@dataclass
class Curves:
    """The curves of one row.

    ``chosen`` holds epoch and dev score of every choice; ``trained`` is the last epoch of training
    where a classifier was fitted after it, whose epochs go on counting from there.
    """

    shown: FigureRow
    terms: dict[str, Curve] = field(default_factory=dict)
    dev: Curve | None = None
    test: Curve | None = None
    chosen: list[tuple[int, float]] = field(default_factory=list)
    trained: int | None = None


def average(by_seed: BySeed) -> Curve | None:
    """Return the mean curve; an epoch that only some seeds reached is the mean over those."""
    pairs = [pair for epochs, found in by_seed for pair in zip(epochs, found, strict=True)]
    if not pairs:
        return None
    values = pd.DataFrame(pairs, columns=["epoch", "value"]).groupby("epoch")["value"]
    found = values.agg(["size", "mean", "std"]).fillna(0.0)
    return Curve(*(column.to_numpy() for column in (found.index, found["size"], found["mean"], found["std"])))


def curves(shown: FigureRow, metric: str) -> Curves:
    """Read the curves of a row from the records of its cells."""
    histories = [_history(cell, metric) for cell in shown.cells.values()]
    # Seeds that stopped early end where they end; the fit after training begins at one place for all.
    trained = max(len(history.dev) for history in histories)
    fitted = any(len(history.fit_dev) > 1 for history in histories)
    result = Curves(shown, trained=trained if fitted else None)
    names = dict.fromkeys(name for history in histories for terms in history.terms for name in terms)
    for name in names:
        found = [[(i, terms[name]) for i, terms in enumerate(h.terms, start=1) if name in terms] for h in histories]
        curve = average([([i for i, _ in each], [value for _, value in each]) for each in found])
        if curve is not None:
            result.terms[name] = curve
    result.dev = average([_joined(h.dev, h.fit_dev if fitted else [], trained) for h in histories])
    result.test = average([_joined(h.test, h.fit_test if fitted else [], trained) for h in histories])
    for history in histories:
        result.chosen += history.choices(trained if fitted else None)
    return result


@dataclass(frozen=True)
class _History:
    """One cell: terms and scores by epoch, of training and of the fit of its own classifier after it."""

    terms: list[Mapping[str, float]]
    dev: list[float]
    fit_dev: list[float]
    test: list[float]
    fit_test: list[float]
    epoch: int | None
    fit_epoch: int | None

    def choices(self, trained: int | None) -> Iterator[tuple[int, float]]:
        """Yield epoch and dev score of each chosen epoch."""
        if self.epoch is not None and 0 < self.epoch <= len(self.dev):
            yield self.epoch, self.dev[self.epoch - 1]
        if trained is not None and self.fit_epoch is not None and 0 < self.fit_epoch <= len(self.fit_dev):
            yield trained + self.fit_epoch, self.fit_dev[self.fit_epoch - 1]


def _history(cell: StoredCell, metric: str) -> _History:
    record = cell.record
    own = record.get("choices", {}).get("classifier", "")
    audit = record.get("audit") or {}
    try:
        epochs = record.get("epochs") or []
        fit = (record.get("readouts_epochs") or {}).get(own) or []
        return _History(
            [{printable(name): float(value) for name, value in epoch["terms"].items()} for epoch in epochs],
            [float(epoch["dev"][metric]) for epoch in epochs],
            [float(epoch["dev"][metric]) for epoch in fit],
            [float(epoch[metric]) for epoch in audit.get("training") or []],
            [float(epoch[metric]) for epoch in audit.get("readout") or []],
            _epoch(record.get("selection")),
            _epoch((record.get("readouts_selection") or {}).get(own)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ErcBenchError(f"the epochs in the record of {cell.name} cannot be read: {error!r}") from None


def _epoch(selection: Any) -> int | None:
    return None if not selection else int(selection["epoch"])


def _joined(training: Sequence[float], fit: Sequence[float], trained: int) -> tuple[list[int], list[float]]:
    epochs = [*range(1, len(training) + 1), *range(trained + 1, trained + len(fit) + 1)]
    return epochs, [*training, *fit]


WIDTH = 2.6
_SCORE = "#000000"
_CHOSEN: dict[str, Any] = {
    **{"linestyle": "none", "marker": "o", "markersize": 4.5},
    **{"markerfacecolor": "white", "markeredgecolor": "black"},
}
Looks = Mapping[str, tuple[str, str]]
"""Colour and line style of each loss term, by its name."""

_COLUMNS = ("dataset", "row", "curve", "epoch", "seeds", "mean", "sd")


def draw(selection: SelectedRows) -> list[Drawn]:
    """Draw one figure for each dataset: for each row that was trained its loss terms, and its dev scores below."""
    found = [
        [each for shown in panel.trained if (each := curves(shown, panel.column.metric)).dev is not None]
        for panel in selection.panels
    ]
    looks = _looks(each for rows in found for each in rows)
    drawn = [_drawn(panel, rows, looks) for panel, rows in zip(selection.panels, found, strict=True) if rows]
    if not drawn:
        raise ErcBenchError("no stored run has epochs to draw", "Systems that train in their own way record none.")
    return drawn


def _looks(found: Iterable[Curves]) -> Looks:
    """Return for each loss term the look that it has in all panels of all figures."""
    names = dict.fromkeys(name for each in found for name in each.terms)
    # Black is that of the scores.
    colours = [each for each in COLOURS if each != _SCORE]
    return {name: (colours[i % len(colours)], line(i)) for i, name in enumerate(names)}


def _drawn(panel: FigurePanel, found: Sequence[Curves], looks: Looks) -> Drawn:
    figure, columns = panel_grid(len(found), 2, (WIDTH, 3.6))
    title, metric = panel.column.title, METRIC_WORDS[panel.column.metric]
    low, high = _limits(found)
    for position, (each, (above, below)) in enumerate(zip(found, columns, strict=True)):
        _terms(above, each, looks)
        _scores(below, each)
        below.set_ylim(low, high)
        below.set_xlim(*above.get_xlim())
        if position % MOST_COLUMNS == 0:
            above.set_ylabel("loss term")
            below.set_ylabel(f"{metric} (points)")
    legend_below(figure, [axes for part in zip(*columns, strict=True) for axes in part])
    name = file_stem("curves", title)
    return Drawn(name, f"Learning curves on {title}", _caption(panel, found), figure, _numbers(title, found))


def _limits(found: Sequence[Curves]) -> tuple[float, float]:
    shown = [curve for each in found for curve in (each.dev, each.test) if curve is not None]
    low = min(float((curve.mean - curve.sd).min()) for curve in shown)
    high = max(float((curve.mean + curve.sd).max()) for curve in shown)
    margin = max(0.05 * (high - low), 0.5)
    return low - margin, high + margin


def _terms(axes: Axes, found: Curves, looks: Looks) -> None:
    for name, curve in found.terms.items():
        _band(axes, curve, looks[name], name.replace("_", " "))
    axes.set_title(wrapped(found.shown.label, WIDTH))
    last = max(int(found.dev.epochs[-1]) if found.dev else 1, 2)
    axes.set_xlim(1 - 0.03 * last, last + 0.03 * last)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(axis="x", labelbottom=False)
    _after_training(axes, found)
    grid_of(axes)


def _scores(axes: Axes, found: Curves) -> None:
    assert found.dev is not None  # rows without a curve are not drawn
    _band(axes, found.dev, (_SCORE, "-"), "score on dev")
    if found.test is not None:
        _band(axes, found.test, (GREY, "--"), "score on test (audit)")
    if found.chosen:
        epochs, scores = zip(*found.chosen, strict=True)
        axes.plot(epochs, scores, **_CHOSEN, label="chosen epoch")
    _after_training(axes, found)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid_of(axes)


def _band(axes: Axes, curve: Curve, look: tuple[str, str], label: str) -> None:
    colour, style = look
    dot = "o" if len(curve.epochs) == 1 else ""
    axes.plot(curve.epochs, curve.mean, color=colour, linestyle=style, linewidth=1.5, marker=dot, label=label)
    axes.fill_between(curve.epochs, curve.mean - curve.sd, curve.mean + curve.sd, color=colour, alpha=0.18, linewidth=0)


def _after_training(axes: Axes, found: Curves) -> None:
    if found.trained is not None:
        axes.axvline(found.trained + 0.5, color=GREY, linestyle=":", linewidth=1.0, label="then fit of the classifier")


def _caption(panel: FigurePanel, found: Sequence[Curves]) -> str:
    metric = METRIC_WORDS[panel.column.metric]
    sentences = [
        f"Learning curves on {panel.column.title}: loss terms (above) and {metric} on dev in points (below) by epoch,"
        " mean over seeds with a band of one standard deviation; circles are the epochs that were chosen."
    ]
    sentences += [_told(each) for each in found]
    if any(each.test is not None for each in found):
        sentences.append("Dashed: the score on test, recorded for the audit; no choice read it.")
    if any(each.trained is not None for each in found):
        sentences.append("After the dotted line the method's own classifier is fitted, with epochs of its own.")
    return " ".join(sentences)


def _told(each: Curves) -> str:
    assert each.dev is not None
    best = int(each.dev.mean.argmax())
    return (
        f"{each.shown.label} ({each.shown.seeds}): the mean dev score goes from {each.dev.mean[0]:.2f} to its highest,"
        f" {each.dev.mean[best]:.2f}, in epoch {each.dev.epochs[best]} of {each.dev.epochs[-1]}."
    )


def _numbers(dataset: str, found: Sequence[Curves]) -> Numbers:
    rows: list[tuple[Value, ...]] = []
    for each in found:
        named = {f"loss: {name}": curve for name, curve in each.terms.items()} | {
            "dev": each.dev,
            "test (audit)": each.test,
        }
        for name, curve in named.items():
            for i in range(0 if curve is None else len(curve.epochs)):
                assert curve is not None
                sd = float(curve.sd[i]) if curve.counts[i] > 1 else None
                values = (int(curve.epochs[i]), int(curve.counts[i]), float(curve.mean[i]), sd)
                rows.append((dataset, each.shown.label, name, *values))
        rows += [(dataset, each.shown.label, "chosen", epoch, 1, score, None) for epoch, score in each.chosen]
    return Numbers(_COLUMNS, tuple(rows))

"""Learning curves: the loss terms and the dev score of every epoch, and which epochs were chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import Drawn, Numbers, Value, file_stem
from erc_bench.output.figures.histories import Curve, Curves, curves
from erc_bench.output.figures.panels import MOST_COLUMNS, panel_grid
from erc_bench.output.figures.selected_rows import FigurePanel, SelectedRows
from erc_bench.output.figures.style import COLOURS, GREY, grid_of, legend_below, line, wrapped
from erc_bench.statistics.metrics import METRIC_WORDS

WIDTH = 2.6
_SCORE = "#000000"
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
        axes.plot(
            epochs,
            scores,
            linestyle="none",
            marker="o",
            markersize=4.5,
            markerfacecolor="white",
            markeredgecolor="black",
            label="chosen epoch",
        )
    _after_training(axes, found)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid_of(axes)


def _band(axes: Axes, curve: Curve, look: tuple[str, str], label: str) -> None:
    colour, style = look
    axes.plot(
        curve.epochs,
        curve.mean,
        color=colour,
        linestyle=style,
        linewidth=1.5,
        marker="o" if len(curve.epochs) == 1 else "",
        label=label,
    )
    axes.fill_between(curve.epochs, curve.mean - curve.sd, curve.mean + curve.sd, color=colour, alpha=0.18, linewidth=0)


def _after_training(axes: Axes, found: Curves) -> None:
    if found.trained is not None:
        axes.axvline(
            found.trained + 0.5,
            color=GREY,
            linestyle=":",
            linewidth=1.0,
            label="then fit of the classifier",
        )


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

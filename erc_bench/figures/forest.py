"""Differences to the baseline on every dataset, with their intervals.

A line over all datasets is drawn only where it means something: the same metric and the same seeds
everywhere. It averages seed by seed over these datasets and claims nothing about others; a pooled
estimate of a population of datasets would need more of them than the field has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from erc_bench.comparison.caption import number
from erc_bench.comparison.model import Column, Comparison, Pair
from erc_bench.errors import ErcBenchError
from erc_bench.figures.model import Drawn, Numbers, Value, file_stem
from erc_bench.figures.selection import Selection, printable, seed_words
from erc_bench.figures.style import COLOURS, GREY, legend_below, new_figure, with_sign
from erc_bench.metrics import METRIC_WORDS
from erc_bench.statistics import PairedT, paired_t

MARKS = {("better", "better"): " ‡", ("better", ""): " †", ("worse", "worse"): " ⇓", ("worse", ""): " ↓"}
_COLUMNS = (
    *("row", "baseline", "dataset", "metric", "seeds", "difference", "low", "high"),
    *("joint_low", "joint_high", "p_holm", "joint_p_holm", "reason"),
)


@dataclass(frozen=True)
class Line:
    """One row of the plot: a pair on one dataset, or the mean of a row over datasets (``pair`` is None)."""

    row: str
    baseline: str
    dataset: str
    metric: str
    seeds: tuple[int, ...]
    test: PairedT
    pair: Pair | None = None

    @property
    def mark(self) -> str:
        """The mark of the tests after correction, as in the table."""
        if self.pair is None:
            return ""
        verdicts = self.pair.verdict, self.pair.joint_verdict
        return MARKS.get(verdicts, {"better": " ‡", "worse": " ⇓"}.get(self.pair.joint_verdict, ""))


def draw(selection: Selection) -> list[Drawn]:
    """Draw one figure: a group of lines for each row that is compared with a baseline row."""
    groups, refusals = lines(selection.comparison)
    if not groups:
        raise ErcBenchError(
            "no difference to a baseline can be drawn",
            "At least two seeds of a method and of its baseline are needed, with the same backbone.",
        )
    every = [line for group in groups for line in group]
    height = 1.5 + 0.27 * (len(every) + 1.2 * len(groups))
    figure = new_figure(6.6 + 0.05 * max(len(line.dataset) for line in every), height)
    axes = figure.subplots()
    _groups(axes, groups)
    metrics = {line.metric for line in every}
    legend_below(figure, [axes])
    words = METRIC_WORDS[metrics.pop()] if len(metrics) == 1 else "each dataset's metric"
    axes.set_xlabel(f"difference in {words} (points)")
    title = f"Differences to {selection.comparison.baseline}"
    name = file_stem(
        "forest", selection.comparison.baseline, *(column.title for column in selection.comparison.columns)
    )
    caption = _caption(selection, groups, refusals)
    return [Drawn(name, title, caption, figure, _numbers(every))]


def lines(comparison: Comparison) -> tuple[list[list[Line]], list[str]]:
    """Return the lines by row, and for each row without a mean over datasets the reason."""
    groups: list[list[Line]] = []
    refusals: list[str] = []
    for index, row in enumerate(comparison.rows):
        found = [(column, pair) for column in comparison.columns if (pair := column.pair_of(index)) is not None]
        tested = [(column, pair) for column, pair in found if pair.test.difference is not None]
        if not tested:
            continue
        group = [_line(comparison, column, pair) for column, pair in tested]
        if len(tested) > 1:
            reason = unsound(tested)
            group += [] if reason else [_mean(comparison, tested, group[0])]
            refusals += [f"{printable(row.label)}: {reason}"] if reason else []
        groups.append(group)
    return groups, refusals


def unsound(pairs: Sequence[tuple[Column, Pair]]) -> str:
    """Return why a mean over datasets would mean nothing, or ``""``."""
    columns = [column for column, _ in pairs]
    if len({column.metric for column in columns}) > 1:
        return "the datasets have different metrics"
    if len({column.dataset for column in columns}) < len(columns):
        return "one dataset is there under several conditions"
    if len({(column.split, column.limit) for column in columns}) > 1:
        return "some scores are of dev or of partial data"
    if len({pair.baseline for _, pair in pairs}) > 1:
        return "the baseline is not the same row everywhere"
    if len({pair.seeds for _, pair in pairs}) > 1:
        return "the seeds are not the same on all datasets"
    return "one seed" if len(pairs[0][1].seeds) < 2 else ""


def _line(comparison: Comparison, column: Column, pair: Pair) -> Line:
    row, baseline = (printable(comparison.rows[index].label) for index in (pair.row, pair.baseline))
    return Line(row, baseline, column.title, column.metric, pair.seeds, pair.test, pair)


def _mean(comparison: Comparison, pairs: Sequence[tuple[Column, Pair]], first: Line) -> Line:
    seeds = first.seeds
    ours = [_over_datasets([(column, pair.row) for column, pair in pairs], seed) for seed in seeds]
    theirs = [_over_datasets([(column, pair.baseline) for column, pair in pairs], seed) for seed in seeds]
    test = paired_t(ours, theirs, comparison.alpha)
    return replace(first, dataset=f"mean of the {len(pairs)}", test=test, pair=None)


def _over_datasets(scores: Sequence[tuple[Column, int]], seed: int) -> float:
    values = []
    for column, row in scores:
        score = column.scores[row]
        assert score is not None  # a pair has two scores
        values.append(score.values[score.seeds.index(seed)])
    return sum(values) / len(values)


def _groups(axes: Axes, groups: Sequence[Sequence[Line]]) -> None:
    places: list[float] = []
    names: list[str] = []
    headings: list[int] = []
    y = 0.0
    for group in groups:
        headings.append(len(places))
        places.append(y)
        names.append(f"{group[0].row} less {group[0].baseline}")
        for line in group:
            y += 1.0
            places.append(y)
            names.append(line.dataset)
            _draw_line(axes, line, y)
        y += 1.3
    axes.axvline(0.0, color=GREY, linewidth=1.0, zorder=0)
    axes.set_yticks(places, names)
    for position in headings:
        axes.get_yticklabels()[position].set_fontweight("bold")
    axes.set_ylim(y - 0.6, -0.8)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)


def _draw_line(axes: Axes, line: Line, y: float) -> None:
    test, joint = line.test, line.pair.joint if line.pair else None
    assert test.difference is not None  # a line without a difference is not drawn
    text = f"{with_sign(test.difference, 2)}"
    if joint is not None and joint.low is not None and joint.high is not None:
        axes.plot(
            [joint.low, joint.high],
            [y, y],
            color=COLOURS[0],
            linewidth=1.0,
            marker="|",
            markersize=5,
            label="interval over seeds and dialogues",
        )
    if test.low is not None and test.high is not None:
        axes.plot(
            [test.low, test.high],
            [y, y],
            color="black",
            linewidth=3.0,
            solid_capstyle="butt",
            label="interval over seeds",
        )
        text += f" [{with_sign(test.low, 2)}, {with_sign(test.high, 2)}]"
    marker, words = ("s", "one dataset") if line.pair else ("D", "mean over datasets")
    axes.plot(
        test.difference,
        y,
        marker=marker,
        markersize=5,
        color="black",
        markerfacecolor="white",
        linestyle="none",
        label=words,
    )
    axes.annotate(
        text + line.mark,
        (1.0, y),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


def _caption(selection: Selection, groups: Sequence[Sequence[Line]], refusals: Sequence[str]) -> str:
    comparison = selection.comparison
    level = number(100 * (1 - comparison.alpha))
    every = [line for group in groups for line in group]
    seeds = seed_words({seed for line in every for seed in line.seeds})
    sentences = [
        f"Differences to {comparison.baseline} in points, paired by seed ({seeds}):"
        f" {level} % t intervals over seeds (thick, not corrected for their number)"
        " and over seeds and dialogues together (thin)."
    ]
    sentences += [f"{line.row} on {line.dataset}: {_told(line)}." for line in every if line.pair]
    means = [line for line in every if line.pair is None]
    if means:
        sentences.append(
            "The mean over datasets (diamond) averages seed by seed; it speaks of running again on these datasets and"
            " of no others."
        )
        sentences += [f"{line.row}, {line.dataset}: {_told(line)}." for line in means]
    if any(line.mark for line in every):
        sentences.append("Marks († ‡ ↓ ⇓) as in the table, after correction for their number.")
    sentences += [f"No mean over datasets for {refusal}." for refusal in refusals]
    return " ".join(sentences)


def _told(line: Line) -> str:
    test = line.test
    assert test.difference is not None
    if test.low is None or test.high is None:
        return f"{with_sign(test.difference, 2)} ({test.reason})"
    return f"{with_sign(test.difference, 2)} [{with_sign(test.low, 2)}, {with_sign(test.high, 2)}]{line.mark}"


def _numbers(every: Sequence[Line]) -> Numbers:
    rows: list[tuple[Value, ...]] = []
    for line in every:
        pair, test = line.pair, line.test
        further = (None,) * 4 if pair is None else (pair.joint.low, pair.joint.high, pair.holm_p, pair.joint_holm_p)
        names = (line.row, line.baseline, line.dataset, line.metric, len(line.seeds))
        rows.append((*names, test.difference, test.low, test.high, *further, test.reason))
    return Numbers(_COLUMNS, tuple(rows))

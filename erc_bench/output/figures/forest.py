"""Differences to the baseline on every dataset, with their intervals.

A line over all datasets is drawn only where it means something: the same metric and the same seeds
everywhere. It averages seed by seed over these datasets and claims nothing about others; a pooled
estimate of a population of datasets would need more of them than the field has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import AxisRange, Drawn, Numbers, Value, axis_range, file_stem, is_at_floor
from erc_bench.output.figures.selected_rows import SelectedRows, printable, seed_words
from erc_bench.output.figures.style import COLOURS, GREY, beside, beyond, legend_below, row_panels, with_sign
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.statistics.results import PairedT
from erc_bench.statistics.seeds import paired_t
from erc_bench.statistics.wording import number

MARKS = {("better", "better"): " ‡", ("better", ""): " †", ("worse", "worse"): " ⇓", ("worse", ""): " ↓"}
WIDTH = 3.0
Ends = tuple[float | None, float | None]

_OVER_BOTH: dict[str, Any] = {"color": COLOURS[0], "linewidth": 1.0, "marker": "|", "markersize": 6}
_OVER_SEEDS: dict[str, Any] = {"color": "black", "linewidth": 3.0, "solid_capstyle": "butt"}
_DIFFERENCE: dict[str, Any] = {
    **{"markersize": 3.6, "color": "black", "markeredgewidth": 0.9},
    **{"markerfacecolor": "white", "linestyle": "none"},
}
_COLUMNS = (
    *("row", "baseline", "dataset", "metric", "seeds", "difference", "low", "high"),
    *("joint_low", "joint_high", "p_holm", "joint_p_holm", "reason"),
)


@dataclass(frozen=True)
class Line:
    """One row of the plot: a pair on one dataset, or the mean of a row over datasets (no ``column``, no ``pair``).

    ``at_floor``: the row is nowhere above always giving one answer.
    """

    row: str
    baseline: str
    dataset: str
    metric: str
    seeds: tuple[int, ...]
    test: PairedT
    column: Column | None = None
    pair: Pair | None = None
    at_floor: bool = False

    @property
    def intervals(self) -> tuple[Ends, Ends]:
        """The ends of the interval over seeds, and of that over seeds and dialogues."""
        joint = self.pair.joint if self.pair else None
        return (self.test.low, self.test.high), ((joint.low, joint.high) if joint else (None, None))

    @property
    def mark(self) -> str:
        """The mark of the tests after correction, as in the table."""
        if self.pair is None:
            return ""
        verdicts = self.pair.verdict, self.pair.joint_verdict
        return MARKS.get(verdicts, {"better": " ‡", "worse": " ⇓"}.get(self.pair.joint_verdict, ""))


def draw(selection: SelectedRows) -> list[Drawn]:
    """Draw one figure: a panel for each dataset, a line for each row that is compared with a baseline row."""
    comparison = selection.comparison
    groups, refusals = lines(comparison)
    if not groups:
        raise ErcBenchError(
            "no difference to a baseline can be drawn",
            "At least two seeds of a method and of its baseline are needed, with the same backbone.",
        )
    every = [line for group in groups for line in group]
    columns = [column for column in comparison.columns if any(line.column is column for line in every)]
    means = [line for line in every if line.pair is None]
    # One row's mean does not need a panel: the caption tells it.
    shown = [*columns, None] if 2 * len(means) > len(groups) else columns
    figure, panels = row_panels(_labels(groups), len(shown), WIDTH)
    for column, axes in zip(shown, panels, strict=True):
        _panel(axes, column, groups)
    legend_below(figure, panels)
    title = f"Differences to {comparison.baseline}"
    name = file_stem("forest", comparison.baseline, *(column.title for column in comparison.columns))
    caption = _caption(selection, groups, refusals, drawn_means=len(shown) > len(columns))
    return [Drawn(name, title, caption, figure, _numbers(every))]


def _labels(groups: Sequence[Sequence[Line]]) -> list[str]:
    """Return the text before each row: its name, and the baseline where there is more than one."""
    baselines = [" or ".join(dict.fromkeys(line.baseline for line in group)) for group in groups]
    names = [group[0].row for group in groups]
    if len(set(baselines)) == 1:
        return names
    return [f"{name} less {baseline}" for name, baseline in zip(names, baselines, strict=True)]


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
    score = column.scores[pair.row]
    at_floor = score is not None and is_at_floor(column, score)
    return Line(row, baseline, column.title, column.metric, pair.seeds, pair.test, column, pair, at_floor)


def _mean(comparison: Comparison, pairs: Sequence[tuple[Column, Pair]], first: Line) -> Line:
    seeds = first.seeds
    ours = [_over_datasets([(column, pair.row) for column, pair in pairs], seed) for seed in seeds]
    theirs = [_over_datasets([(column, pair.baseline) for column, pair in pairs], seed) for seed in seeds]
    test = paired_t(ours, theirs, comparison.alpha)
    return replace(first, dataset=f"mean of the {len(pairs)}", test=test, column=None, pair=None)


def _over_datasets(scores: Sequence[tuple[Column, int]], seed: int) -> float:
    values = []
    for column, row in scores:
        score = column.scores[row]
        assert score is not None  # a pair has two scores
        values.append(score.values[score.seeds.index(seed)])
    return sum(values) / len(values)


def _panel(axes: Axes, column: Column | None, groups: Sequence[Sequence[Line]]) -> None:
    """Draw the lines of a dataset, or, without one, the means over datasets."""
    own = [(y, line) for y, group in enumerate(groups) for line in group if line.column is column]
    axis = _axis_of([line for _, line in own])
    axes.axvline(0.0, color=GREY, linewidth=1.0, zorder=0.5)
    for y, line in own:
        _draw_line(axes, line, y, axis)
    axes.set_xlim(axis.low, axis.high)
    axes.set_title("mean over datasets" if column is None else column.title)
    axes.set_xlabel(f"difference in {METRIC_WORDS[own[0][1].metric]} (points)")


def _axis_of(own: Sequence[Line]) -> AxisRange:
    """Return an axis that holds zero and all differences, those of rows at the floor where they are near."""
    led = [line for line in own if not line.at_floor] or own
    points = [0.0, *(line.test.difference for line in led if line.test.difference is not None)]
    return axis_range(points, _ends(led), _ends(own))


def _ends(own: Sequence[Line]) -> list[float | None]:
    return [end for line in own for interval in line.intervals for end in interval]


def _draw_line(axes: Axes, line: Line, y: float, axis: AxisRange) -> None:
    over_seeds, over_both = line.intervals
    difference = line.test.difference
    assert difference is not None  # a line without a difference is not drawn
    beside(axes, y, f"{with_sign(difference, 2)}{line.mark}")
    drawn = [
        (over_both, _OVER_BOTH, "interval over seeds and dialogues"),
        (over_seeds, _OVER_SEEDS, "interval over seeds"),
    ]
    for (low, high), look, words in drawn:
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], **look, label=words)
            beyond(axes, y, low, high, axis)
    beyond(axes, y, difference, difference, axis)
    words = "difference" if line.pair else "mean over datasets"
    axes.plot(difference, y, **_DIFFERENCE, marker="o" if line.pair else "D", label=words)


def _caption(
    selection: SelectedRows, groups: Sequence[Sequence[Line]], refusals: Sequence[str], drawn_means: bool
) -> str:
    comparison = selection.comparison
    level = number(100 * (1 - comparison.alpha))
    every = [line for group in groups for line in group]
    seeds = seed_words({seed for line in every for seed in line.seeds})
    sentences = [
        f"Differences to {comparison.baseline} in points, paired by seed ({seeds}):"
        f" {level} % t intervals over seeds (thick, not corrected for their number)"
        " and over seeds and dialogues together (thin). Every dataset has an axis of its own; an arrow marks what goes"
        " on beyond it."
    ]
    sentences += [_NARROWER] if any(_is_narrower(line) for line in every) else []
    sentences += [f"{line.row} on {line.dataset}: {_told(line)}." for line in every if line.pair]
    means = [line for line in every if line.pair is None]
    if means:
        sentences.append(
            f"The mean over datasets{' (diamond)' if drawn_means else ''} averages seed by seed; it speaks of running"
            " again on these datasets and of no others."
        )
        sentences += [f"{line.row}, {line.dataset}: {_told(line)}." for line in means]
    if any(line.mark for line in every):
        sentences.append("Marks († ‡ ↓ ⇓) as in the table, after correction for their number.")
    sentences += [f"No mean over datasets for {refusal}." for refusal in refusals]
    return " ".join(sentences)


_NARROWER = (
    "A thin interval can be the narrower one although its variance is the larger: it has more degrees of freedom than"
    " the seeds' n - 1."
)


def _is_narrower(line: Line) -> bool:
    test, joint = line.test, line.pair.joint if line.pair else None
    if joint is None or joint.low is None or joint.high is None or test.low is None or test.high is None:
        return False
    return joint.high - joint.low < test.high - test.low


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
        joint = pair and (pair.joint.low, pair.joint.high, pair.adjusted_p, pair.joint_adjusted_p)
        names = (line.row, line.baseline, line.dataset, line.metric, len(line.seeds))
        rows.append((*names, test.difference, test.low, test.high, *(joint or (None,) * 4), test.reason))
    return Numbers(_COLUMNS, tuple(rows))

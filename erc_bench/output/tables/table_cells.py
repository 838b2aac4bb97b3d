"""The words and figures that the renderings share, without any markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from erc_bench.comparison.caption_claims import favoured
from erc_bench.comparison.comparison_data import Column, Comparison, Rank
from erc_bench.comparison.tested_differences import Pair
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.statistics.results import DiscreteTest, TTest

NOTHING = "-"
RANKS_NOTE = "Bold: best of a column; underlined: second."
FUTURE_MARK = "§"
_MARKS = {"better": ("†", "‡", "△"), "worse": ("↓", "⇓", "▽")}
_EQUAL = "≈"


@dataclass(frozen=True)
class CellText:
    """One score as it is shown: ``45.12`` and ``0.31``, its rank, its marks, and words such as n or degenerate.

    ``letters`` are those of the rows that it beats.
    """

    value: str
    spread: str = ""
    rank: Rank = ""
    marks: str = ""
    words: str = ""
    letters: str = ""

    def joined(self, separator: str = " ± ") -> str:
        """Return value and spread."""
        return f"{self.value}{separator}{self.spread}" if self.spread else self.value


@dataclass(frozen=True)
class TextTable:
    """A plain table as it is shown; its first two columns are words, the others figures."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Panel:
    """One table of scores: header cells as (name, metric), rows as (label, cells), reported rows likewise.

    There is one for all datasets, or, per class, one for each dataset, which is then its title.
    """

    title: str
    headers: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[CellText, ...]], ...]
    reported: tuple[tuple[str, tuple[CellText, ...]], ...]


@dataclass(frozen=True)
class Detail:
    """One comparison as it is shown; ``reason`` says why a test is missing."""

    dataset: str
    comparison: str
    seeds: str
    difference: str
    interval: str
    t: str
    p: str
    holm_p: str
    joint_p: str
    joint_holm_p: str
    sign_flip_p: str
    effect: str
    detectable: str
    correlation: str
    reason: str
    dialogue_p: str = NOTHING
    dialogue_adjusted_p: str = NOTHING
    equal_p: str = NOTHING
    equal_adjusted_p: str = NOTHING


def panels(comparison: Comparison) -> list[Panel]:
    """Return the tables of scores of a comparison."""
    if not comparison.per_class:
        return [_panel(comparison, "", range(len(comparison.columns)))]
    by_dataset: dict[str, list[int]] = {}
    for index, column in enumerate(comparison.columns):
        by_dataset.setdefault(column.title, []).append(index)
    return [_panel(comparison, title, indices) for title, indices in by_dataset.items()]


def _panel(comparison: Comparison, title: str, indices: Sequence[int]) -> Panel:
    columns = [comparison.columns[index] for index in indices]
    filled = [row for row in range(len(comparison.rows)) if any(column.scores[row] for column in columns)]
    rows = [
        (
            row_label(comparison, row),
            (*(_cell_text(comparison, column, row) for column in columns), *_average(comparison, row)),
        )
        for row in filled
    ]
    without_average = (CellText(NOTHING),) if comparison.averages else ()
    reported = [
        (row.label, (*(CellText(figure(row.values[index], ".2f")) for index in indices), *without_average))
        for row in comparison.reported
    ]
    average = (("average", ""),) if comparison.averages else ()
    return Panel(
        title,
        (*_headers(columns), *average),
        tuple(_words_first(*row) if title else row for row in rows),
        tuple((label, cells) for label, cells in reported if any(cell.value != NOTHING for cell in cells)),
    )


def _average(comparison: Comparison, row: int) -> tuple[CellText, ...]:
    """Return the cell of a row's average, where averages were asked for."""
    if not comparison.averages:
        return ()
    average = comparison.averages[row]
    if average is None:
        return (CellText(NOTHING),)
    return (CellText(f"{average.mean:.2f}", "" if average.sd is None else f"{average.sd:.2f}", average.rank),)


def _words_first(label: str, cells: tuple[CellText, ...]) -> tuple[str, tuple[CellText, ...]]:
    """Describe in the row's label a fact that all its cells would repeat."""
    words = cells[-1].words
    return f"{label} ({words})" if words else label, tuple(replace(cell, words="") for cell in cells)


def row_label(comparison: Comparison, row: int) -> str:
    """Return the label of a row with the mark of systems that see the future."""
    shown = comparison.rows[row]
    letter = f"({shown.letter}) " if shown.letter else ""
    return f"{letter}{shown.label}{FUTURE_MARK if shown.sees_future else ''}"


def _headers(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return (dataset, metric) of each column; the metric is empty where all columns share it."""
    # The caption says what micro F1 pools; a header has no room for it.
    words = [METRIC_WORDS.get(column.metric, "").partition(" over")[0] for column in columns]
    if any(column.class_name for column in columns):
        return [(column.class_name or metric, "") for column, metric in zip(columns, words, strict=True)]
    if any(column.slice_name for column in columns):
        words = [column.slice_name or "all" for column in columns]
    same = len(set(words)) == 1
    return [(column.header, "" if same else metric) for column, metric in zip(columns, words, strict=True)]


def _cell_text(comparison: Comparison, column: Column, row: int) -> CellText:
    score = column.scores[row]
    if score is None:
        return CellText(NOTHING)
    summary = score.summary
    spread = "" if summary.sd is None else f"{summary.sd:.2f}"
    words = [f"n={summary.n}"] if (len({score.seeds for score in column.scores if score is not None}) > 1) else []
    if score.degenerate:
        share = "" if len(score.degenerate) == summary.n else f" {len(score.degenerate)} of {summary.n}"
        words.append(f"degenerate{share}")
    letters = ",".join(letter for beaten in column.beaten_by(row) if (letter := comparison.rows[beaten].letter))
    return CellText(f"{summary.mean:.2f}", spread, score.rank, marks(column.pair_of(row)), ", ".join(words), letters)


def marks(pair: Pair | None) -> str:
    """Return †, ‡ and △ for better than the baseline, ↓, ⇓ and ▽ for worse, ≈ for equal."""
    if pair is None:
        return ""
    verdicts = (pair.verdict, pair.joint_verdict, pair.dialogue_verdict)
    found = "".join(_MARKS[verdict][place] for place, verdict in enumerate(verdicts) if verdict)
    return f"{found}{_EQUAL}" if pair.equivalent else found


def caption_with_ranks(comparison: Comparison) -> list[str]:
    """Return the caption, and where rows are ranked the meaning of the two ranks that are marked."""
    return [*comparison.caption, *([RANKS_NOTE] if len(comparison.rows) > 1 else [])]


def details(comparison: Comparison) -> list[Detail]:
    """Return all comparisons, column by column."""
    return [_detail(comparison, column, pair) for column in comparison.columns for pair in column.pairs]


def _detail(comparison: Comparison, column: Column, pair: Pair) -> Detail:
    over = pair.over_dialogues
    difference, low, high = _estimated(pair)
    return Detail(
        dataset=column.title,
        comparison=f"{comparison.rows[pair.row].label} - {comparison.rows[pair.baseline].label}",
        seeds=_seeds(pair),
        difference=figure(difference, "+.2f"),
        interval=bracketed(low, high),
        t=statistic(pair.seed_test),
        p=probability(pair.seed_test.p),
        holm_p=probability(pair.adjusted_p),
        joint_p=probability(pair.joint.p),
        joint_holm_p=probability(pair.joint_adjusted_p),
        sign_flip_p=probability(pair.sign_flip.p),
        effect=figure(pair.effect.value, ".2f"),
        detectable=figure(pair.detectable.value, ".2f"),
        correlation=figure(pair.seed_correlation.value, ".2f"),
        reason=reasons(comparison, pair),
        dialogue_p=probability(over.test.p if over else None),
        dialogue_adjusted_p=probability(pair.dialogue_adjusted_p),
        equal_p=probability(pair.equivalence.p if pair.equivalence else None),
        equal_adjusted_p=probability(pair.equivalence_adjusted_p),
    )


def _estimated(pair: Pair) -> tuple[float | None, float | None, float | None]:
    """Return the difference and the interval of the test that the table is about."""
    if pair.over_dialogues is not None:
        interval = pair.over_dialogues.interval
        return pair.test.difference, interval.low, interval.high
    test = pair.interval_test
    return test.difference, test.low, test.high


def _seeds(pair: Pair) -> str:
    """Return how many seeds the test over seeds reads; one that does not pair them reads those of either side."""
    test = pair.unpaired
    return str(len(pair.seeds)) if test is None else f"{test.n} and {test.n_second}"


def statistic(test: TTest | DiscreteTest) -> str:
    """Write the statistic of a test over seeds: ``t(4) = 2.78``, ``W = 15``, ``U = 25``."""
    if isinstance(test, TTest):
        if test.t is None or test.df is None:
            return NOTHING
        return f"t({test.df:.{0 if test.df.is_integer() else 1}f}) = {test.t:.2f}"
    found = {"W": getattr(test, "rank_sum", None), "U": getattr(test, "u", None)}
    return next((f"{name} = {value:g}" for name, value in found.items() if value is not None), NOTHING)


def reasons(comparison: Comparison, pair: Pair) -> str:
    """Say why a test is missing, cannot reach the level, or gives no mark; the same reason once."""
    over = pair.over_dialogues
    if over is not None:
        return "; ".join(filter(None, (over.test.reason or over.interval.reason, *_held_back(pair))))
    found = [pair.seed_test.reason]
    if comparison.tests.unit == "both" and pair.joint.reason != pair.seed_test.reason:
        both = (("seeds", pair.seed_test.reason), ("joint", pair.joint.reason))
        found = [f"{words} {text}" for words, text in both if text]
    found += _held_back(pair)
    found += [f"no mark: {favoured(comparison, pair)}"] if pair.contradiction else []
    return "; ".join(filter(None, found))


def _held_back(pair: Pair) -> list[str]:
    return [f"no mark: {' and '.join(pair.held_back)}"] if pair.held_back else []


def figure(value: float | None, form: str) -> str:
    """Format a number, or a dash where there is none."""
    return NOTHING if value is None else format(value, form)


def bracketed(low: float | None, high: float | None) -> str:
    """Format an interval, or a dash where there is none."""
    return NOTHING if low is None or high is None else f"[{low:.2f}, {high:.2f}]"


def probability(p: float | None) -> str:
    """Format a p-value with four decimals and no leading zero: ``.0125``, ``<.0001``, ``1``."""
    if p is None:
        return NOTHING
    if p < 0.0001:
        return "<.0001"
    return "1" if p >= 0.99995 else f"{p:.4f}".removeprefix("0")


def interval_title(comparison: Comparison) -> str:
    """Return ``95 % interval`` for the level of the comparison."""
    return f"{100 * (1 - comparison.alpha):g} % interval"


DETAIL_NOTE = (
    "Comparisons: difference in points with its t interval over seeds; p and Holm p of the paired t-test; joint p of"
    " the test over seeds and dialogues; exact sign-flip p; Hedges' g_z; detectable: the smallest true difference that"
    " the t-test would find with probability .8 at the uncorrected level; r: correlation of the two rows' scores over"
    " seeds."
)
"""The meaning of the comparisons' columns with the default tests of ``compare``."""

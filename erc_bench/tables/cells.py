"""The words and figures that the renderings share, without any markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from erc_bench.comparison.model import Column, Comparison, Pair, Rank
from erc_bench.metrics import METRIC_WORDS

NOTHING = "-"
FUTURE_MARK = "§"
_MARKS = {"better": ("†", "‡"), "worse": ("↓", "⇓")}


@dataclass(frozen=True)
class CellText:
    """One score as it is shown: ``45.12`` and ``0.31``, its rank, its marks, and words such as n or degenerate."""

    value: str
    spread: str = ""
    rank: Rank = ""
    marks: str = ""
    words: str = ""

    def joined(self, separator: str = " ± ") -> str:
        """Return value and spread."""
        return f"{self.value}{separator}{self.spread}" if self.spread else self.value


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
    rows = [(row_label(comparison, row), tuple(_cell_text(column, row) for column in columns)) for row in filled]
    reported = [(row.label, tuple(_printed(row.values[index]) for index in indices)) for row in comparison.reported]
    return Panel(
        title,
        tuple(_headers(columns)),
        tuple(_words_first(*row) if title else row for row in rows),
        tuple((label, cells) for label, cells in reported if any(cell.value != NOTHING for cell in cells)),
    )


def _words_first(label: str, cells: tuple[CellText, ...]) -> tuple[str, tuple[CellText, ...]]:
    """Say of the row what all its cells would repeat."""
    words = cells[-1].words
    return f"{label} ({words})" if words else label, tuple(replace(cell, words="") for cell in cells)


def row_label(comparison: Comparison, row: int) -> str:
    """Return the label of a row with the mark of systems that see the future."""
    shown = comparison.rows[row]
    return shown.label + (FUTURE_MARK if shown.sees_future else "")


def _headers(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return (dataset, metric) of each column; the metric is empty where all columns share it."""
    # The caption says what micro F1 pools; a header has no room for it.
    words = [METRIC_WORDS.get(column.metric, "").partition(" over")[0] for column in columns]
    if any(column.class_name for column in columns):
        return [(column.class_name or metric, "") for column, metric in zip(columns, words, strict=True)]
    same = len(set(words)) == 1
    return [(column.title, "" if same else metric) for column, metric in zip(columns, words, strict=True)]


def _cell_text(column: Column, row: int) -> CellText:
    score = column.scores[row]
    if score is None:
        return CellText(NOTHING)
    summary = score.summary
    spread = "" if summary.sd is None else f"{summary.sd:.2f}"
    words = [f"n={summary.n}"] if _n_differs(column) else []
    if score.degenerate:
        share = "" if len(score.degenerate) == summary.n else f" {len(score.degenerate)} of {summary.n}"
        words.append(f"degenerate{share}")
    return CellText(f"{summary.mean:.2f}", spread, score.rank, marks(column.pair_of(row)), ", ".join(words))


def _printed(value: float | None) -> CellText:
    return CellText(figure(value, ".2f"))


def _n_differs(column: Column) -> bool:
    return len({score.seeds for score in column.scores if score is not None}) > 1


def marks(pair: Pair | None) -> str:
    """Return † and ‡ for what is better than its baseline, ↓ and ⇓ for what is worse."""
    if pair is None:
        return ""
    seeds = _MARKS[pair.verdict][0] if pair.verdict else ""
    joint = _MARKS[pair.joint_verdict][1] if pair.joint_verdict else ""
    return seeds + joint


def details(comparison: Comparison) -> list[Detail]:
    """Return all comparisons, column by column."""
    return [_detail(comparison, column, pair) for column in comparison.columns for pair in column.pairs]


def _detail(comparison: Comparison, column: Column, pair: Pair) -> Detail:
    test, joint = pair.test, pair.joint
    interval = NOTHING if test.low is None or test.high is None else f"[{test.low:.2f}, {test.high:.2f}]"
    t = NOTHING if test.t is None or test.df is None else f"t({test.df:.0f}) = {test.t:.2f}"
    return Detail(
        dataset=column.title,
        comparison=f"{comparison.rows[pair.row].label} - {comparison.rows[pair.baseline].label}",
        seeds=str(len(pair.seeds)),
        difference=figure(test.difference, "+.2f"),
        interval=interval,
        t=t,
        p=probability(test.p),
        holm_p=probability(pair.holm_p),
        joint_p=probability(joint.p),
        joint_holm_p=probability(pair.joint_holm_p),
        sign_flip_p=probability(pair.sign_flip.p),
        effect=figure(pair.effect.value, ".2f"),
        detectable=figure(pair.detectable.value, ".2f"),
        correlation=figure(pair.seed_correlation.value, ".2f"),
        reason=reason([test.reason, joint.reason]),
    )


def reason(reasons: Sequence[str]) -> str:
    """Join the reasons of the test over seeds and of the joint test, saying the same one once."""
    seeds, joint = reasons
    if seeds == joint:
        return seeds
    named = [f"{words} {text}" for words, text in (("seeds", seeds), ("joint", joint)) if text]
    return "; ".join(named)


def figure(value: float | None, form: str) -> str:
    """Format a number, or a dash where there is none."""
    return NOTHING if value is None else format(value, form)


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
"""What the columns of the comparisons' table mean."""

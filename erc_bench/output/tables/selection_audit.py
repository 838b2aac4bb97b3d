"""The words and figures of the selection audit, without any markup."""

from __future__ import annotations

from dataclasses import dataclass

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.output.tables.table_cells import NOTHING, interval_title, row_label
from erc_bench.statistics.results import Summary


@dataclass(frozen=True)
class TextTable:
    """A plain table as it is shown; its first two columns are words, the others figures."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


AUDIT_NOTE = (
    "Selection audit: the test score of the epoch that was selected (as in the main table), of the last epoch, and of"
    " the epoch that is best on test, which no result may use; inflation: best on test less selected, mean over seeds"
    " with its t interval; all methods: the mean over methods in each seed. It takes no part in any test."
)
"""The meaning of the columns of the audit's table."""

SECOND_STAGE_NOTE = (
    "2: the epochs are those of the classifier fitted after training, whose epoch stays as dev chose it; with"
    " test selection in both stages the inflation would be larger."
)
"""The meaning of the mark of a method with two stages."""


def audit_table(comparison: Comparison) -> TextTable | None:
    """Return the selection audit of all datasets; ``None`` where the comparison has none."""
    rows = [row for column in comparison.columns if column.audit for row in _audit_rows(comparison, column)]
    titles = ("dataset", "method", "n", "selected", "last epoch", "best on test", "inflation")
    return TextTable((*titles, interval_title(comparison)), tuple(rows)) if rows else None


def audit_notes(comparison: Comparison) -> list[str]:
    """Return the notes below the audit's table."""
    marked = any(score.second_stage for column in comparison.columns if column.audit for score in column.audit.scores)
    return [AUDIT_NOTE, *([SECOND_STAGE_NOTE] if marked else [])]


def _audit_rows(comparison: Comparison, column: Column) -> list[tuple[str, ...]]:
    audit = column.audit
    assert audit is not None
    rows = []
    for score in audit.scores:
        label = row_label(comparison, score.row) + (" (2)" if score.second_stage else "")
        ways = (way.words() for way in (score.selected, score.last, score.best))
        rows.append((column.title, label, str(len(score.seeds)), *ways, *_estimated(score.inflation)))
    if audit.overall is not None and len(audit.scores) > 1:
        rows.append((column.title, "all methods", str(len(audit.seeds)), *("",) * 3, *_estimated(audit.overall)))
    return rows


def _estimated(summary: Summary) -> tuple[str, str]:
    """Return the mean and its interval."""
    known = summary.low is not None and summary.high is not None
    return f"{summary.mean:+.2f}", f"[{summary.low:.2f}, {summary.high:.2f}]" if known else NOTHING

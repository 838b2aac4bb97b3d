"""The words and figures of claims over several datasets, without any markup."""

from __future__ import annotations

from erc_bench.comparison.datasets import OverDatasets
from erc_bench.comparison.model import Comparison
from erc_bench.output.tables.audit import TextTable
from erc_bench.output.tables.cells import NOTHING, figure, probability, row_label
from erc_bench.output.tables.detail_table import adjusted_title


def over_datasets_table(comparison: Comparison) -> TextTable | None:
    """Return on how many datasets each row is better than its baseline; ``None`` where there is nothing to say."""
    found = comparison.over_datasets
    if not found:
        return None
    most = max(len(each.better) for each in found)
    counts = tuple(f"≥ {k}: p" for k in range(1, most + 1))
    titles = ("row", "better on at least", *counts, "Stouffer z", "p", adjusted_title(comparison))
    return TextTable(titles, tuple(_row(comparison, each, most) for each in found))


def _row(comparison: Comparison, each: OverDatasets, most: int) -> tuple[str, ...]:
    p_values = [probability(p) for p in each.adjusted]
    return (
        row_label(comparison, each.row),
        f"{each.at_least} of {len(each.columns)}",
        *p_values,
        *[NOTHING] * (most - len(p_values)),
        figure(each.combined.z, "+.2f"),
        probability(each.combined.p) if each.combined.p is not None else f"{NOTHING} ({each.combined.reason})",
        probability(each.combined_adjusted_p),
    )


def over_datasets_notes(comparison: Comparison) -> list[str]:
    """Return what must be said below the table of several datasets."""
    tests = comparison.tests
    test, scope = f"the {tests.seed_test.words} over seeds", "these test sets"
    if not tests.over_seeds:
        test, scope = f"the sign-flip test over {tests.cluster}s", "the systems as they are trained"
    rows = "1 row" if len(comparison.over_datasets) == 1 else f"{len(comparison.over_datasets)} rows"
    return [
        f"Over datasets, against {comparison.baseline}: better on at least k datasets, which need not be named"
        f" (partial conjunction, Bonferroni within, from one-sided p of {test}; a dataset that cannot be tested has"
        f" p = 1). ≥ k: p after Holm's correction for {rows} and all k, so that the column of claims holds as a whole"
        f" at {comparison.alpha:g}; it speaks of {scope}.",
        "Stouffer: all datasets together, as if independent, with equal weights; it rejects that the row is better on"
        " none, and one strong dataset is enough for that. Its p is one-sided, corrected after"
        f" {tests.correction_words} over the rows.",
    ]

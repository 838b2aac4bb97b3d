"""The sentence of a caption about rows that were tuned unequally."""

from __future__ import annotations

from erc_bench.comparison.comparison_data import Column, Comparison

TUNED = "tuned on dev"
"""How the origin of settings begins that ``erc-bench tune`` found."""


def unequal_budgets(comparison: Comparison) -> str:
    """Say which rows were tuned and which were not, or with another number of trials; nothing where all are alike."""
    found = {
        column.title: told
        for column in comparison.columns
        if not (column.class_name or column.slice_name) and (told := _unequal(comparison, column))
    }
    if not found:
        return ""
    alike = len(set(found.values())) == 1
    told = next(iter(found.values())) if alike else "; ".join(f"{title}: {words}" for title, words in found.items())
    return f"Unequal budgets, so that differences are of tuning as well as of methods: {told}."


def _unequal(comparison: Comparison, column: Column) -> str:
    budgets: dict[str, list[str]] = {}
    for score in column.scores:
        # A row that is nowhere above one answer has nothing to tune.
        if score is not None and len(score.degenerate) < len(score.seeds):
            tuned = score.settings_from.startswith(TUNED)
            budget = score.settings_from if tuned else "untuned baselines"
            budgets.setdefault(budget, []).append(comparison.rows[score.row].label)
    if len(budgets) < 2:
        return ""
    return ", ".join(f"{' and '.join(labels)} ({budget})" for budget, labels in budgets.items())

"""The sentence of a caption about the budgets with which rows were tuned: equal ones, or unequal ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from erc_bench.comparison.comparison_data import Column, Comparison

TUNED = "tuned on dev"
"""How the origin of settings begins that ``erc-bench tune`` found."""
_WHOLE_SPACE = re.compile(r"\d+ of (\d+ trials), its whole space")
"""How the origin says that a space had fewer points than there could have been trials."""

Budgets = Mapping[str, Mapping[str, str]]
"""Budget → the labels of the rows that had it, with the origin of their settings; an empty budget is none."""


def budgets(comparison: Comparison) -> str:
    """Say where rows had other budgets than others, else where all had the same; nothing where no row was tuned."""
    found = {
        column.title: told
        for column in comparison.columns
        if not (column.class_name or column.slice_name) and (told := _budgets(comparison, column))
    }
    unequal = {title: _told(each) for title, each in found.items() if len(each) > 1}
    if unequal:
        words = _by_title(unequal, len(unequal))
        return f"Unequal budgets, so that differences are of tuning as well as of methods: {words}."
    equal = {title: _shared(each) for title, each in found.items() if "" not in each and len(_rows(each)) > 1}
    return f"Equal budgets: {_by_title(equal, len(found))}." if equal else ""


def _budgets(comparison: Comparison, column: Column) -> Budgets:
    found: dict[str, dict[str, str]] = {}
    for score in column.scores:
        # A row that is nowhere above one answer has nothing to tune.
        if score is not None and len(score.degenerate) < len(score.seeds):
            origin = score.settings_from
            budget = _WHOLE_SPACE.sub(r"\1", origin) if origin.startswith(TUNED) else ""
            found.setdefault(budget, {})[comparison.rows[score.row].label] = origin
    return found


def _told(found: Budgets) -> str:
    return ", ".join(f"{' and '.join(rows)} ({budget or 'untuned baselines'})" for budget, rows in found.items())


def _rows(found: Budgets) -> Sequence[str]:
    return [label for rows in found.values() for label in rows]


def _shared(found: Budgets) -> str:
    ((budget, rows),) = found.items()
    ended = [label for label, origin in rows.items() if origin != budget]
    whole = f" (all points that there are: {', '.join(ended)})" if ended else ""
    return f"every row was {budget}{whole}"


def _by_title(told: Mapping[str, str], columns: int) -> str:
    """Say once what holds of all columns, else of each by its title."""
    if len(set(told.values())) == 1 and len(told) == columns:
        return next(iter(told.values()))
    return "; ".join(f"{title}: {words}" for title, words in told.items())

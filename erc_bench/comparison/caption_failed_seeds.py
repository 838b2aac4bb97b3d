"""Sentences of a caption about seeds whose training failed, and about those that still may."""

from __future__ import annotations

from erc_bench.comparison.comparison_data import Column, Comparison, Score
from erc_bench.statistics.results import counted
from erc_bench.statistics.wording import seed_words

_COLLAPSED = "degenerate, or with less than half of the median seed's lead over one answer everywhere"


def failed_seeds(comparison: Comparison) -> list[str]:
    """Say which rows have seeds that failed, and how many of further runs may, where none did."""
    known = [
        (column, score)
        for column in comparison.columns
        for row in sorted({row for pair in column.pairs for row in (pair.row, pair.baseline)})
        if (score := column.scores[row]) is not None and score.collapses is not None
    ]
    # A row that is nowhere above one answer says so itself.
    failed = [(column, score) for column, score in known if 0 < len(score.collapsed) < len(score.seeds)]
    bounds = {share.n: share.high for _, score in known if (share := score.collapses) and not share.hits}
    sentences = []
    if failed:
        named = "; ".join(_named(comparison, column, score) for column, score in failed)
        sentences.append(f"No mark for or against a row with a collapsed seed ({_COLLAPSED}): {named}.")
    if any(pair.held_back for column in comparison.columns for pair in column.pairs) and not failed:
        sentences.append("No mark for or against a degenerate row.")
    if bounds:
        told = ", ".join(f"{high:.0%} (none of {counted(n, 'seed')})" for n, high in sorted(bounds.items()))
        sentences.append(f"Where no seed collapsed, up to {told} of further runs still may.")
    return sentences


def _named(comparison: Comparison, column: Column, score: Score) -> str:
    assert score.collapses is not None  # as in failed_seeds
    share, label = score.collapses, comparison.rows[score.row].label
    where = f"{label} on {column.title} ({seed_words(score.collapsed)})"
    return f"{where} {share.hits} of {share.n}, a chance of {share.low:.0%} to {share.high:.0%}"

"""The tables that may stand below scores and comparisons, in their order, for every format, without any markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.tested_differences import OverDatasets, Ranking
from erc_bench.output.tables.against_reported import printed_notes, printed_table, readings_notes, readings_table
from erc_bench.output.tables.detail_table import adjusted_title
from erc_bench.output.tables.table_cells import (
    NOTHING,
    TextTable,
    bracketed,
    figure,
    interval_title,
    probability,
    row_label,
)
from erc_bench.statistics.results import Summary, counted


def ranks_table(comparison: Comparison) -> TextTable | None:
    """Return the rows by their average ranks; ``None`` where ranks were not asked for or nothing has one."""
    ranking = comparison.ranking
    if ranking is None or not ranking.rows:
        return None
    titles = [comparison.columns[position].title for position in ranking.columns]
    averages = ranking.test.average_ranks
    order = sorted(range(len(ranking.rows)), key=lambda place: averages[place])
    rows = [
        (
            row_label(comparison, ranking.rows[place]),
            _apart(comparison, ranking, ranking.rows[place], ranking.rows[order[0]]),
            f"{averages[place]:.2f}",
            *(f"{rank:g}" for rank in ranking.ranks[place]),
        )
        for place in order
    ]
    return TextTable(("row", "apart from", "average rank", *titles), tuple(rows))


def _apart(comparison: Comparison, ranking: Ranking, row: int, best: int) -> str:
    """Name the rows that the row differs from: the best row and its baseline."""
    pairs = (comparison.columns[position].pair_of(row) for position in ranking.columns)
    baselines = [pair.baseline for pair in pairs if pair is not None and pair.baseline in ranking.rows]
    others = [other for other in dict.fromkeys((best, *baselines[:1])) if other != row]
    named = [comparison.rows[other].label for other in others if ranking.apart(row, other, comparison.alpha)]
    return ", ".join(named) or NOTHING


def ranks_notes(comparison: Comparison) -> list[str]:
    """Return the notes below the table of ranks."""
    return list(_notes(comparison, comparison.ranking)) if comparison.ranking is not None else []


def _notes(comparison: Comparison, ranking: Ranking) -> Iterator[str]:
    test, datasets = ranking.test, len(ranking.columns)
    yield f"Ranks of the mean scores on {counted(datasets, 'dataset')}: 1 is best, ties share."
    if test.chi_squared is None or test.chi_squared_p is None:
        hint = "" if ranking.forced or not test.reason.startswith("not computed") else " --force-ranks computes it."
        yield f"Friedman's test is {test.reason}.{hint}"
    else:
        yield _friedman(ranking, test.chi_squared, test.chi_squared_p)
        yield from _nemenyi(comparison, ranking)
    if ranking.forced and datasets < 5:
        yield "Forced: with so few datasets these p-values are far off, and no claim rests on them."
    if ranking.left_out:
        labels = ", ".join(comparison.rows[row].label for row in ranking.left_out)
        yield f"Without a score on every dataset, and so without a rank: {labels}."


def _friedman(ranking: Ranking, chi_squared: float, p: float) -> str:
    test = ranking.test
    told = f"Do the rows differ at all? Friedman's chi² = {chi_squared:.2f}, p = {probability(p)}"
    if test.f is not None and test.df is not None:
        return f"{told}; Iman and Davenport's F({test.df[0]}, {test.df[1]}) = {test.f:.2f}, p = {probability(test.p)}."
    return f"{told}; {test.reason}" + (f" ({probability(test.p)})." if test.p is not None else ".")


def _nemenyi(comparison: Comparison, ranking: Ranking) -> Iterator[str]:
    distance, p = ranking.distance.value, ranking.test.p
    if distance is None:
        return
    if p is None or p > comparison.alpha:
        yield f"Not at {comparison.alpha:g}: no two rows are told apart."
        return
    yield (
        f"Two rows are apart where their average ranks differ by Nemenyi's distance, {distance:.2f}, or more (all pairs"
        f" of {len(ranking.rows)} rows at {comparison.alpha:g}); apart from names the best row and the baseline."
    )


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
    """Return the notes below the table of several datasets."""
    tests = comparison.tests
    test, scope = f"the {tests.seed_test.words} over seeds", "these test sets"
    if not tests.over_seeds:
        test, scope = f"the sign-flip test over {tests.cluster}s", "the systems as they are trained"
    rows = counted(max((each.family for each in comparison.over_datasets), default=0), "row")
    return [
        f"Over datasets, against {comparison.baseline}: better on at least k datasets, which need not be named"
        f" (partial conjunction, Bonferroni within, from one-sided p of {test}; a dataset that cannot be tested has"
        f" p = 1). ≥ k: p after Holm's correction for {rows} and all k, so that the column of claims holds as a whole"
        f" at {comparison.alpha:g}; it speaks of {scope}.",
        "Stouffer: all datasets together, as if independent, with equal weights; it rejects that the row is better on"
        " none, and one strong dataset is enough for that. Its p is one-sided, corrected after"
        f" {tests.correction_words} over the rows.",
    ]


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
    return f"{summary.mean:+.2f}", bracketed(summary.low, summary.high)


@dataclass(frozen=True)
class AdditionalTable:
    """One such table: its key in addresses, its title, and the sentences below it."""

    key: str
    title: str
    table: TextTable
    notes: tuple[str, ...]


_Kind = tuple[str, str, Callable[[Comparison], TextTable | None], Callable[[Comparison], list[str]]]
_KINDS: tuple[_Kind, ...] = (
    ("datasets", "Over several datasets", over_datasets_table, over_datasets_notes),
    ("ranks", "Ranks over datasets", ranks_table, ranks_notes),
    ("readings", "Against reported numbers", readings_table, readings_notes),
    ("printed", "Printed claims", printed_table, printed_notes),
    ("audit", "Selection audit", audit_table, audit_notes),
)


def additional_tables(comparison: Comparison) -> Iterator[AdditionalTable]:
    """Yield the further tables that a comparison has."""
    for key, title, table_of, notes_of in _KINDS:
        if (table := table_of(comparison)) is not None:
            yield AdditionalTable(key, title, table, tuple(notes_of(comparison)))

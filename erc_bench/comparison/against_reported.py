"""Published numbers: our rows against them in three readings, and the claims of printed tables about themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from erc_bench.comparison.comparison_data import (
    AgainstReported,
    Column,
    Comparison,
    PrintedClaim,
    ReportedRow,
    Score,
    TableRow,
)
from erc_bench.comparison.multiple_testing import adjusted
from erc_bench.comparison.reported_numbers import reported_numbers, rows_at
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.statistics.power import largest_sd
from erc_bench.statistics.results import Estimate, OneSampleT, PairedT, Summary
from erc_bench.statistics.seeds import one_sample_t, paired_t
from erc_bench.statistics.student_t import t_quantile


def readings(comparison: Comparison) -> tuple[AgainstReported, ...]:
    """Read each of our rows, but for the baseline's, against each reported number of its column.

    The one-sample tests are a family of their own, over the whole table, and so are the paired tests
    against our own runs of a reported system. Rows that only read another row's training are left
    out, and a comparison per class has no tests.
    """
    if comparison.per_class:
        return ()
    shown = [
        (index, column, score, position, value)
        for index, column in enumerate(comparison.columns)
        if not column.class_name and not column.slice_name
        for score in _ours(column, comparison)
        for position, row in enumerate(comparison.reported)
        if (value := row.values[index]) is not None
    ]
    found = [
        _reading(index, column, score, position, value, comparison) for index, column, score, position, value in shown
    ]
    constants = adjusted([reading.against_constant.p for reading in found], comparison.tests)
    # A system with several reported numbers has one run of ours: that test counts once.
    tested = {_rerun_of(reading): reading.against_rerun.p for reading in found if reading.against_rerun}
    reruns = dict(zip(tested, adjusted(list(tested.values()), comparison.tests), strict=True))
    return tuple(
        replace(reading, adjusted_p=p, rerun_adjusted_p=reruns.get(_rerun_of(reading)))
        for reading, p in zip(found, constants, strict=True)
    )


def _rerun_of(reading: AgainstReported) -> tuple[int, int, int | None]:
    return reading.column, reading.row, reading.rerun


def _ours(column: Column, comparison: Comparison) -> list[Score]:
    baseline = comparison.baseline.partition("/")[0]
    scores = [score for score in column.scores if score is not None and not comparison.rows[score.row].key.readout]
    others = [score for score in scores if comparison.rows[score.row].key.method != baseline]
    return others or scores


def _reading(
    index: int, column: Column, score: Score, position: int, value: float, comparison: Comparison
) -> AgainstReported:
    test = one_sample_t(score.values, value, comparison.alpha)
    rerun = _rerun(comparison.reported[position], column, score.row, comparison.rows)
    return AgainstReported(
        column=index,
        row=score.row,
        reported=position,
        against_constant=test,
        largest_sd=largest_printed_sd(test, score.summary, comparison.alpha),
        rerun=rerun.row if rerun else None,
        against_rerun=_paired(score, rerun, comparison.alpha) if rerun else None,
    )


def largest_printed_sd(test: OneSampleT, ours: Summary, alpha: float) -> Estimate:
    """Return the largest sd over seeds of a published mean at which the difference is significant.

    The published number is taken for the mean of as many seeds as ours. With our sd s the difference
    d is significant where |d| ≥ t·√(s²/n + S²/n), with the t of n - 1 degrees of freedom (the careful
    choice between n - 1 and 2n - 2): S = √(n·d²/t² - s²). Before any correction. Seeds without any
    variance, which no t-test can use, leave all of the room to the published number.
    """
    if test.difference is None or ours.sd is None:
        return Estimate(None, "not estimable: one seed" if test.n == 1 else "not estimable: no seed")
    square = test.n * (test.difference / t_quantile(test.n - 1, alpha)) ** 2 - ours.sd**2
    if square < 0 or not test.difference:
        return Estimate(None, "no claim: not significant even against a constant")
    return Estimate(math.sqrt(square))


def is_of(reported: ReportedRow, method: str) -> bool:
    """Whether a method of ours has the name of a reported system: ``spcl-cl`` that of SPCL+CL, the signs aside."""
    one, other = ("".join(filter(str.isalnum, name.lower())) for name in (reported.system, method))
    return one == other


def _rerun(reported: ReportedRow, column: Column, row: int, rows: Sequence[TableRow]) -> Score | None:
    """Return our own row of a reported system: the method of its name, with the backbone of the row that is read."""
    for score in column.scores:
        key = rows[score.row].key if score is not None else None
        if score is None or key is None or score.row == row:
            continue
        if is_of(reported, key.method) and key.backbone == rows[row].key.backbone and not key.readout:
            return score
    return None


def _paired(ours: Score, theirs: Score, alpha: float) -> PairedT:
    first, second = dict(zip(ours.seeds, ours.values, strict=True)), dict(zip(theirs.seeds, theirs.values, strict=True))
    shared = sorted(first.keys() & second.keys())
    return paired_t([first[seed] for seed in shared], [second[seed] for seed in shared], alpha)


@dataclass(frozen=True)
class PrintedTable:
    """The claims of reported numbers by themselves; ``columns`` are the titles that claims and rows refer to."""

    columns: tuple[str, ...]
    rows: tuple[ReportedRow, ...]
    claims: tuple[PrintedClaim, ...]
    alpha: float


def printed_table_of(names: Sequence[str], datasets: Sequence[str] = (), alpha: float = 0.05) -> PrintedTable:
    """Read the claims of published numbers (``eacl2024/table-2``) without any run.

    Raises :class:`ErcBenchError` for an unknown name, and where no claim is made.
    """
    numbers = [number for name in dict.fromkeys(names) for number in reported_numbers(name)]
    whole = [number for number in numbers if number.metric in METRIC_WORDS and number.dataset != "average"]
    known = dict.fromkeys(number.dataset for number in whole)
    for name in datasets:
        if name not in known:
            raise ErcBenchError(f"{', '.join(names)} reports nothing on {name!r}; {did_you_mean(name, known)}")
    found = dict.fromkeys(number.address for number in whole if number.dataset in (datasets or known))
    addresses = [address for address in found if not address[2]]
    rows = rows_at(numbers, addresses)
    claims = printed_claims(rows, alpha)
    if not claims:
        raise ErcBenchError(f"{', '.join(names)} sets no system of its own beside another one", "Try eacl2024/table-2.")
    several = len({metric for _, metric, _ in addresses}) > 1
    titles = tuple(f"{dataset} {METRIC_WORDS[metric]}" if several else dataset for dataset, metric, _ in addresses)
    return PrintedTable(titles, rows, claims, alpha)


def printed_claims(rows: Sequence[ReportedRow], alpha: float) -> tuple[PrintedClaim, ...]:
    """Read the best own row of each printed table against every other system of that table.

    A claim is that a row is better; one that is not better claims nothing, and its entry says so.
    """
    columns = range(len(rows[0].values)) if rows else ()
    return tuple(claim for column in columns for claim in _in_column(rows, column, alpha))


def _in_column(rows: Sequence[ReportedRow], column: int, alpha: float) -> Iterator[PrintedClaim]:
    printed = [(position, value) for position, row in enumerate(rows) if (value := row.values[column]) is not None]
    own = [(value, position) for position, value in printed if rows[position].origin == "own" and rows[position].seeds]
    for position, value in printed:
        if rows[position].origin == "own":
            continue
        # Those that stand in one printed table with it.
        tables = set(rows[position].printed_in)
        rivals = [each for each in own if not tables.isdisjoint(rows[each[1]].printed_in)]
        if rivals:
            best, claimed = max(rivals, key=lambda each: each[0])
            seeds, difference = rows[claimed].seeds or 0, best - value
            sd = largest_sd(difference, seeds, alpha)
            no_claim = Estimate(None, "no claim: printed as no better")
            yield PrintedClaim(column, claimed, position, difference, seeds, sd if difference > 0 else no_claim)

"""Claims of a printed table about itself: how small its own spread must have been. No run is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from erc_bench.comparison.comparison_data import PrintedClaim, ReportedRow
from erc_bench.comparison.reported_numbers import reported_numbers, rows_at
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.statistics.power import largest_sd
from erc_bench.statistics.results import Estimate


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
        rivals = [each for each in own if _together(rows[each[1]], rows[position])]
        if rivals:
            best, claimed = max(rivals, key=lambda each: each[0])
            seeds = rows[claimed].seeds or 0
            yield PrintedClaim(column, claimed, position, best - value, seeds, _largest_sd(best - value, seeds, alpha))


def _together(row: ReportedRow, other: ReportedRow) -> bool:
    """Whether both stand in one printed table."""
    return not set(row.printed_in).isdisjoint(other.printed_in)


def _largest_sd(difference: float, seeds: int, alpha: float) -> Estimate:
    if difference <= 0:
        return Estimate(None, "no claim: printed as no better")
    return largest_sd(difference, seeds, alpha)

"""Published numbers, carried as data with their citations: ``reported/<name>.csv``, one line per number.

Metrics and classes are named as in the records of runs; a class is empty for a metric over all
classes. Differences that a paper prints have metrics of their own and meet no column. The origin of a
number is ``own`` (of a system that its paper proposes), ``re-run`` (by that paper, of another one) or
``copied``; ``seeds`` is the number of seeds behind the mean, where that is known. ``dataset`` is the one whose turns
were scored, ``corpus`` what the print calls it: tables set scores on two versions of a corpus in one column, which are
those of two datasets here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from erc_bench.comparison.comparison_data import Column, Origin, ReportedRow
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

FOLDER = Path(__file__).with_name("reported")

Address = tuple[str, str, str]
"""Dataset, metric and class."""


@dataclass(frozen=True)
class ReportedNumber:
    """One printed number, in points."""

    system: str
    citation: str
    dataset: str
    corpus: str
    backbone: str
    metric: str
    class_name: str
    value: float
    printed_in: str
    origin: Origin
    seeds: int | None

    @property
    def address(self) -> Address:
        """Dataset, metric and classes of the number."""
        return self.dataset, self.metric, self.class_name


def reported_numbers(name: str) -> list[ReportedNumber]:
    """Return the numbers of a source (``eacl2024``), or of one of its tables (``eacl2024/table-4``).

    Raises :class:`ErcBenchError` with near matches for an unknown name.
    """
    source, slash, table = name.partition("/")
    files = {file.stem: file for file in FOLDER.glob("*.csv")}
    if source not in files:
        raise ErcBenchError(f"no reported numbers are named {source!r}; {did_you_mean(source, files)}")
    with files[source].open(encoding="utf-8", newline="") as stream:
        numbers = [_number(line) for line in csv.DictReader(stream)]
    tables = {_table(number.printed_in) for number in numbers} - {""}
    if slash and table not in tables:
        raise ErcBenchError(f"{source} has no reported table {table!r}; {did_you_mean(table, tables)}")
    return [number for number in numbers if not slash or _table(number.printed_in) == table]


def reported_rows(names: Iterable[str], columns: Sequence[Column]) -> tuple[tuple[ReportedRow, ...], list[str]]:
    """Return the rows that have a number for one of the columns, and notes on numbers without a column.

    Numbers were printed for whole test splits: partial columns and dev scores stay without.
    Raises :class:`ErcBenchError` with near matches for an unknown name.
    """
    addresses = [_address(column) for column in columns]
    numbers = []
    notes = []
    for name in dict.fromkeys(names):
        fitting = [number for number in reported_numbers(name) if number.address in addresses]
        numbers += fitting
        notes += _lacking(name, {number.address for number in fitting}, columns)
        notes += _on_another_version(name, addresses)
    return rows_at(numbers, addresses), notes


def rows_at(numbers: Iterable[ReportedNumber], addresses: Sequence[Address | None]) -> tuple[ReportedRow, ...]:
    """Return a row for each system and backbone, with its numbers at these addresses."""
    found: dict[tuple[str, str, str], list[ReportedNumber]] = {}
    for number in numbers:
        if number.address in addresses:
            found.setdefault((number.system, number.backbone, number.citation), []).append(number)
    return tuple(_row(each, addresses) for each in found.values())


def _number(line: dict[str, str]) -> ReportedNumber:
    class_name, value, origin, seeds = (line.pop(name) for name in ("class", "value", "origin", "seeds"))
    return ReportedNumber(
        **line,
        class_name=class_name,
        value=float(value),
        origin=cast(Origin, origin),
        seeds=int(seeds) if seeds else None,
    )


def _table(printed_in: str) -> str:
    """Return the address of a table: ``Yu et al. 2024, ..., Table 4`` is ``table-4``."""
    last = printed_in.rpartition(", ")[2]
    return last.lower().replace(" ", "-") if re.fullmatch(r"Table \w+", last) else ""


def _address(column: Column) -> Address | None:
    whole = column.split == "test" and column.limit is None and not column.slice_name
    return (column.dataset, column.metric, column.class_name) if whole else None


def _row(numbers: Sequence[ReportedNumber], addresses: Sequence[Address | None]) -> ReportedRow:
    # A number that is printed in several tables is taken from the first.
    by_address: dict[Address | None, ReportedNumber] = {number.address: number for number in reversed(numbers)}
    used = [by_address.get(address) for address in addresses]
    sources = dict.fromkeys(number.printed_in for number in used if number is not None)
    values = tuple(None if number is None else number.value for number in used)
    first = numbers[0]
    return ReportedRow(first.system, first.backbone, first.citation, tuple(sources), values, first.origin, first.seeds)


def _lacking(name: str, found: set[Address], columns: Sequence[Column]) -> list[str]:
    met = {column.title for column in columns if _address(column) in found}
    lacking = dict.fromkeys(column.title for column in columns if column.title not in met)
    return [f"{name} reports no number that may stand beside {', '.join(lacking)}"] if lacking else []


def _on_another_version(name: str, addresses: Sequence[Address | None]) -> list[str]:
    """Name the systems whose number was printed in one column with those shown, and is of another version's turns."""
    numbers = reported_numbers(name)
    shown = {number.corpus: number.dataset for number in numbers if number.address in addresses}
    elsewhere: dict[tuple[str, str], dict[str, None]] = {}
    for number in numbers:
        moved = (shown.get(number.corpus, number.dataset), *number.address[1:])
        if number.address not in addresses and number.dataset != moved[0] and moved in addresses:
            elsewhere.setdefault((moved[0], number.dataset), {})[number.system] = None
    return [
        f"{name} prints {', '.join(systems)} in one column with others, though scored on {other} and not on {ours}:"
        f" they stand beside runs on {other}"
        for (ours, other), systems in elsewhere.items()
    ]

"""Reading comma-separated files that nobody vouches for.

Nothing is dropped or repaired silently: damage is reported in one sentence with file, line and remedy.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from erc_bench.corpora.reading import FRESH_COPY, read_text, text_of
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a CSV file: the line on which it begins, and its values by column."""

    path: Path
    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    @property
    def place(self) -> str:
        """Where the record is, for messages."""
        return f"{self.path}, line {self.line}"

    def whole_number(self, column: str) -> int:
        """Return the value as a whole number; raise naming file, line and column for anything else."""
        value = self.values[column]
        if not re.fullmatch(r"\s*[0-9]{1,9}\s*", value, re.ASCII):
            raise ErcBenchError(f"{self.place}: {column} must be a whole number, found {value!r}", FRESH_COPY)
        return int(value)


def read_csv(path: Path, required: Sequence[str], content: bytes | None = None) -> list[Row]:
    """Return the records of a comma-separated file with a header.

    ``content`` stands for the bytes of the file where they were unpacked already. Quotes follow RFC
    4180: a field may hold line breaks and doubled quotes. Raises for a missing column, a record with too
    few or too many fields, and a quotation mark that is never closed.
    """
    records = csv_records(read_text(path) if content is None else text_of(path, content), path)
    _, header = next(records, (1, []))
    _check_header(path, header, required)
    return [Row(path, line, dict(zip(header, record, strict=True))) for line, record in records]


_SEPARATOR = {",": "comma", "\t": "tab", ";": "semicolon"}


def csv_records(text: str, place: str | Path, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield each record, the header among them, with the line on which it begins; empty lines are skipped.

    Raises for a record with too few or too many fields, and a quotation mark that is never closed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    line, header = 1, list[str]()
    try:
        for record in reader:
            header = header or record
            if record and len(record) != len(header):
                raise ErcBenchError(
                    f"{place}, line {line}: {len(record)} fields, but the header has {len(header)}",
                    f"A field with a {_SEPARATOR.get(separator, separator)} or a line break must be in double quotes.",
                )
            if record:
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise ErcBenchError(
            f"{place}: the record that begins on line {line} is damaged ({error})",
            "A quotation mark inside a quoted field must be doubled, and each one must be closed.",
        ) from error


def _check_header(path: Path, header: Sequence[str], required: Sequence[str]) -> None:
    repeated = sorted(column for column, count in Counter(header).items() if count > 1)
    if repeated:
        raise ErcBenchError(f"{path}, line 1: column {repeated[0]!r} occurs twice", FRESH_COPY)
    missing = [column for column in required if column not in header]
    if missing:
        _refuse_other_forms(path, header)
        others = [column for column in header if column not in required]
        raise ErcBenchError(
            f"{path}, line 1: column {missing[0]!r} is missing; {did_you_mean(missing[0], others or header)}",
            f"The header must have: {', '.join(required)}.",
        )


def _refuse_other_forms(path: Path, header: Sequence[str]) -> None:
    """Raise for a first line that shows another separator, or JSON."""
    line = ",".join(header)
    if line.lstrip().startswith(("{", "[")):
        raise ErcBenchError(f"{path}, line 1: this is JSON, and not a table with commas", FRESH_COPY)
    separator = next((sign for sign in (";", "\t") if line.count(sign) > line.count(",")), None)
    if separator is not None:
        raise ErcBenchError(
            f"{path}, line 1: its columns are separated by {_SEPARATOR[separator]}s, and must be by commas",
            f"Save it with commas, as the published file is. {FRESH_COPY}",
        )

"""The comparison as a workbook: scores, tests, and what must be said of them, on a sheet each; unrounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.output.tables.csv_table import pair_lines, reported_lines, score_lines
from erc_bench.output.workbook import workbook


def render(comparison: Comparison) -> bytes:
    """Return the workbook; the columns of its sheets are those of the CSV and of the frame of tests.

    Raises :class:`ErcBenchError` without openpyxl.
    """
    sheets = {"scores": _rows([*score_lines(comparison), *reported_lines(comparison)])}
    if pairs := pair_lines(comparison):
        sheets["tests"] = _rows(pairs)
    sheets["notes"] = iter([["said of these numbers"], *([each] for each in (*comparison.caption, *comparison.notes))])
    return workbook(sheets)


def _rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Any]]:
    columns = list(lines[0])
    yield columns
    for line in lines:
        yield [line.get(column) for column in columns]

"""Sheets of values as a file that spreadsheets open (.xlsx); no cell of it is a formula."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from erc_bench.errors import ErcBenchError

SUFFIX = ".xlsx"
LONGEST_TEXT = 32_767
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""What a sheet and its cells hold."""
_LARGEST_EXACT = 2**53
_NO_CELL_HOLDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\]")
_LONGEST_TITLE = 31
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet would compute if it were typed in."""

Rows = Iterable[Sequence[Any]]


def check_installed() -> None:
    """Raise :class:`ErcBenchError` where the library that writes such files is not installed."""
    if find_spec("openpyxl") is None:
        raise ErcBenchError(
            "writing .xlsx needs openpyxl, which is not installed",
            "pip install 'erc-bench[xlsx]', or name a .csv file.",
        )


def workbook(sheets: Mapping[str, Rows]) -> bytes:
    """Return the sheets, by title, as the bytes of an .xlsx file; the first row of each heads its columns.

    Numbers and truth values stay what they are, ``None`` is an empty cell, and everything else is text: what looks
    like a formula as well, also where somebody edits the cell. Control characters, which no cell holds, are U+FFFD.
    Raises :class:`ErcBenchError` for a text or a table that a sheet cannot hold, and without openpyxl.
    """
    check_installed()
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(_NOT_IN_A_TITLE.sub(" ", title)[:_LONGEST_TITLE])
        sheet.freeze_panes = "A2"
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS or len(row) > MOST_COLUMNS:
                raise ErcBenchError(
                    f"a sheet holds {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns, and {title} has more",
                    "Name a .csv file.",
                )
            sheet.append([_cell(sheet, value, f"{title}, row {number}") for value in row])
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _cell(sheet: Any, value: Any, place: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value) and abs(value) <= _LARGEST_EXACT:
        return value
    return _text(sheet, str(value), place)


def _text(sheet: Any, text: str, place: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if len(text) > LONGEST_TEXT:
        raise ErcBenchError(
            f"{place}: a cell holds {LONGEST_TEXT:,} characters, and this text has {len(text):,}", "Name a .csv file."
        )
    cell = WriteOnlyCell(sheet, value=_NO_CELL_HOLDS.sub("\ufffd", text))
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(_FORMULA)
    return cell

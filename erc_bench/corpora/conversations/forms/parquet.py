"""Conversations in parquet: a row for each turn, or for each conversation with lists in its columns."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from erc_bench.corpora.conversations.conversation import Document
from erc_bench.corpora.conversations.fields import Columns
from erc_bench.corpora.conversations.forms.json_values import of_items
from erc_bench.errors import ErcBenchError

MAGIC = b"PAR1"


def read_parquet(content: bytes, place: str, columns: Columns) -> Document:
    """Return the conversations of a parquet file; raises where it is damaged, and without pyarrow."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise ErcBenchError(
            f"{place}: reading parquet needs pyarrow, which is not installed",
            "Install it: pip install 'erc-bench[parquet]'",
        ) from None
    try:
        with ParquetFile(BytesIO(content)) as file:
            rows = [_plain(row) for row in file.read().to_pylist()]
    except (ArrowException, OSError, ValueError) as error:
        raise ErcBenchError(f"{place}: the parquet file cannot be read ({str(error).splitlines()[0]})") from error
    places = [f"{place}, row {number}" for number in range(1, len(rows) + 1)]
    return of_items(rows, places, "jsonl", columns)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose values JSON can hold: dates and the like are written out."""
    plain: dict[str, Any] = json.loads(json.dumps(row, default=str), parse_constant=lambda _: None)
    return plain

"""Unpack gzipped files that nobody vouches for: a damaged one is named, and none fills the memory."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import PACKED

MOST_UNPACKED = 64 * 2**20
"""Bytes: the answers of many runs on the largest corpus are a tenth of it."""


def unpack(file: Path, most: int = MOST_UNPACKED) -> bytes:
    """Return the content of a gzipped file, if that is at most so many bytes; more are never unpacked.

    Raises :class:`ErcBenchError` for a file that is damaged, cut off, no gzip file or too large, and
    ``OSError`` for one that cannot be opened.
    """
    try:
        with gzip.open(file, "rb") as stream:
            content = stream.read(most + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        told = " ".join(str(error).split()).rstrip(".")
        raise ErcBenchError(f"{file} cannot be unpacked: {told}", "Get a fresh copy of the file.") from None
    if len(content) > most:
        raise ErcBenchError(
            f"{file} unpacks to more than {most / 2**20:g} MiB, which no file of predictions needs",
            f"If it is right, unpack it yourself: gunzip --keep {file.name}",
        )
    return content


def as_stored(file: Path) -> Path:
    """Return the file, or its gzipped form where that alone is there."""
    packed = file.with_name(f"{file.name}{PACKED}")
    return packed if packed.is_file() and not file.is_file() else file

"""The file of an index: rows with a digest each, in SQLite. A mistake of it is not told: then the row is not there."""

from __future__ import annotations

import hashlib
import sqlite3
import weakref
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from erc_bench import __version__
from erc_bench.store.layout import RECORD_FORMAT
from erc_bench.store.regular_files import kind_of

FILE = "cells.sqlite"
_FORMAT = 1 + zlib.crc32(f"2 {RECORD_FORMAT} {__version__}".encode()) % (2**31 - 1)
"""Of the file, of the records in it, and of the rules by which these were checked."""
_SECONDS = 2.0
"""How long to wait for another process that writes."""
_AT_ONCE = 1024
"""Rows that are collected before they are written."""
_TABLE = (
    "CREATE TABLE IF NOT EXISTS rows"
    " (kind TEXT, key BLOB, content BLOB, digest BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
)
_BESIDE = {
    ".gitignore": "# An index can be made again at any time.\n*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is an index of the runs beside it.\n",
}


_Row = tuple[str, bytes, bytes, bytes]


def digest_of(content: bytes) -> bytes:
    """Return a digest of some content: 16 bytes."""
    return hashlib.blake2b(content, digest_size=16).digest()


def _row_digest(kind: str, key: bytes, content: bytes) -> bytes:
    return digest_of(b"\0".join((kind.encode(), digest_of(key), content)))


class IndexFile:
    """Rows by their kind and key. What is added is written in batches, and when nothing holds this any longer."""

    def __init__(self, folder: Path) -> None:
        self._connection = _connection(folder)
        self._added: list[_Row] = []
        self.close = weakref.finalize(self, _close, self._connection, self._added)

    def of_kind(self, kind: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and content of all rows of a kind."""
        yield from self._read("SELECT key, content, digest FROM rows WHERE kind = ?", (kind,))

    def find(self, kind: str, key: bytes) -> bytes | None:
        """Return the content of one row."""
        found = self._read("SELECT key, content, digest FROM rows WHERE kind = ? AND key = ?", (kind, key))
        return next((content for _, content in found), None)

    def add(self, kind: str, key: bytes, content: bytes) -> None:
        """Add a row, or replace it."""
        self._added.append((kind, key, content, _row_digest(kind, key, content)))
        if len(self._added) >= _AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write what was added so far."""
        _write(self._connection, self._added)

    def remove(self, kind: str, keys: Iterable[bytes]) -> None:
        """Remove rows."""
        _changed(self._connection, "DELETE FROM rows WHERE kind = ? AND key = ?", [(kind, key) for key in keys])

    def remove_below(self, kind: str, beginnings: Iterable[bytes]) -> None:
        """Remove the rows whose key is a beginning and ASCII text behind it."""
        ranges = [(kind, key, key + b"\xff") for key in beginnings]
        _changed(self._connection, "DELETE FROM rows WHERE kind = ? AND key BETWEEN ? AND ?", ranges)

    def _read(self, query: str, values: Sequence[Any]) -> Iterator[tuple[bytes, bytes]]:
        if self._connection is None:
            return
        try:
            for key, content, digest in self._connection.execute(query, values):
                row = isinstance(key, bytes) and isinstance(content, bytes)
                if row and _row_digest(values[0], key, content) == digest:
                    yield key, content
        except sqlite3.Error:
            # Another process holds it for long, or it is damaged: what is read on is read from files.
            self._connection = None


def _connection(folder: Path) -> sqlite3.Connection | None:
    """Open the file of an index, made anew where it is not there, is damaged, or is of another version."""
    _make(folder)
    if kind_of(folder) != "a folder":
        return None
    for _ in range(2):
        try:
            if kind_of(folder / FILE) not in ("", "a file"):
                return None
            connection = sqlite3.connect(folder / FILE, timeout=_SECONDS, check_same_thread=False)
            if _is_ours(connection):
                return connection
            connection.close()
        except (sqlite3.OperationalError, OSError):
            return None  # nobody may read or write here, or another process has been writing for long
        except sqlite3.DatabaseError:
            pass
        for name in (FILE, f"{FILE}-journal"):
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)
    return None


def _make(folder: Path) -> None:
    # A folder of runs that cannot be written to may have an index all the same.
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        for name, text in _BESIDE.items():
            if not (folder / name).exists():
                (folder / name).write_text(text, encoding="utf-8")


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file is an index of this version, which a new one becomes."""
    connection.execute("PRAGMA trusted_schema = OFF")
    ((found,),) = connection.execute("PRAGMA user_version")
    if found == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLE}; PRAGMA user_version = {_FORMAT}; COMMIT")
    return found in (0, _FORMAT)


def _changed(connection: sqlite3.Connection | None, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Do something for each row, for all or for none."""
    if connection is not None:
        with suppress(sqlite3.Error), connection:
            connection.executemany(statement, rows)


def _write(connection: sqlite3.Connection | None, added: list[_Row]) -> None:
    _changed(connection, "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", added)
    added.clear()


def _close(connection: sqlite3.Connection | None, added: list[_Row]) -> None:
    _write(connection, added)
    if connection is not None:
        with suppress(sqlite3.Error):
            connection.close()

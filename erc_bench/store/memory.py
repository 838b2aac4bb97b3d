"""What was computed once and need not be again: bytes by name, in one SQLite file that outlives its process."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import closing, suppress
from pathlib import Path

_log = logging.getLogger("erc_bench")
_SECONDS = 30
_TABLE = "CREATE TABLE IF NOT EXISTS remembered (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID"


class Memory(MutableMapping[str, bytes]):
    """A mapping that is stored in a file. Every entry is written at once, so that a killed process loses none.

    Names begin with ``scope``, which others do not see. Several processes may write. A file that cannot be used (a
    read-only disk, a damaged one) remembers nothing, which is said once.
    """

    def __init__(self, file: Path, scope: str = "") -> None:
        self._file, self._scope = file, scope
        self._is_usable = True

    def __getitem__(self, name: str) -> bytes:
        rows = self._ask("SELECT content FROM remembered WHERE name = ?", self._scope + name)
        if not rows or not isinstance(rows[0][0], bytes):
            raise KeyError(name)
        return rows[0][0]

    def __setitem__(self, name: str, content: bytes) -> None:
        self._ask("INSERT OR REPLACE INTO remembered VALUES (?, ?)", self._scope + name, content)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._ask("DELETE FROM remembered WHERE name = ?", self._scope + name)

    def __iter__(self) -> Iterator[str]:
        start = len(self._scope)
        rows = self._ask("SELECT name FROM remembered WHERE substr(name, 1, ?) = ?", start, self._scope)
        return iter([str(name)[start:] for (name,) in rows])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _ask(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        if not self._is_usable:
            return []
        try:
            with suppress(FileExistsError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, timeout=_SECONDS)) as connection, connection:
                connection.execute(_TABLE)
                return connection.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._is_usable = False
            _log.warning("%s is not used: %s", self._file, error)
            return []

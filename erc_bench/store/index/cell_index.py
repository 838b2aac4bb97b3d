"""The index of a folder of runs: records and answers of its cells in one file, each held against its folder first.

It is never the truth. A cell whose folder has changed since is read from its files, and so is everything where there is
no index or a damaged one; it can be deleted at any time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from erc_bench.errors import ErcBenchError
from erc_bench.store.file_contents import content_of
from erc_bench.store.index.index_file import IndexFile, digest_of
from erc_bench.store.index.indexed_answers import ANSWERS, IndexedAnswers
from erc_bench.store.index.indexed_record import IndexedRecord, PackedRecord, SharedValues, pack
from erc_bench.store.index.signature import signature_of
from erc_bench.store.layout import INDEX_FOLDER, RECORD_FILE
from erc_bench.store.reading import StoredCell, read_cell
from erc_bench.store.regular_files import read_regular

_SETTLED = 2 * 10**9
"""Nanoseconds: a file that changed less than this ago may change again within one tick of the file system's clock."""
_CELL, _SHARED = "cell", "shared"


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """One cell: the signature of its folder, and its record."""

    signature: bytes
    record: PackedRecord


class CellIndex:
    """Reads the cells below one folder of runs, from the index where their folders are as they were.

    What had to be read from files is added. ``close`` says that all cells were read: others are gone.
    """

    def __init__(self, runs: Path) -> None:
        self._file = IndexFile(runs / INDEX_FOLDER)
        self._shared = dict(self._file.of_kind(_SHARED))
        self._values = SharedValues(self._shared.__getitem__)
        self._known = self._entries()
        self._seen: set[str] = set()
        self._now = time.time_ns()

    def _entries(self) -> dict[str, _Entry]:
        entries = {}
        for name, content in self._file.of_kind(_CELL):
            with suppress(ValueError):
                entry = msgspec.msgpack.decode(content, type=_Entry)
                if all(digest in self._shared for digest in (entry.record.order, *entry.record.shared.values())):
                    entries[name.decode(errors="surrogateescape")] = entry
        return entries

    def read(self, folder: Path) -> StoredCell:
        """Read one cell as :func:`erc_bench.store.reading.read_cell` does."""
        name = "/".join(folder.parts[-5:])
        self._seen.add(name)
        try:
            signature, newest = signature_of(folder)
        except OSError:
            return read_cell(folder)
        entry = self._known.get(name)
        if entry is None or entry.signature != signature:
            cell = read_cell(folder)
            settled = cell.verified and self._now - newest > _SETTLED
            entry = self._packed(signature, cell) if settled else None
            if entry is None or _changed_since(folder, signature):
                return cell
            self._add(name, entry)
        record = IndexedRecord(entry.record, self._values, folder)
        answers = IndexedAnswers(self._file, signature, self._values, self._share)
        return StoredCell(folder, "done", record, verified=True, answers=answers)

    def close(self) -> None:
        """Write what was added so far, and drop the cells that were not read."""
        self._file.write()
        if gone := self._known.keys() - self._seen:
            self._file.remove(_CELL, (name.encode(errors="surrogateescape") for name in gone))
            self._forget_answers(gone)

    def _forget_answers(self, names: Iterable[str]) -> None:
        self._file.remove_below(ANSWERS, [self._known[name].signature for name in names])

    def _packed(self, signature: bytes, cell: StoredCell) -> _Entry | None:
        try:
            file = content_of(read_regular(cell.folder / RECORD_FILE))
            return _Entry(signature, pack(cell.record, file, self._share))
        # It is gone by now, or says what JSON can say and the index cannot, such as a number of a hundred digits.
        except (ErcBenchError, ValueError, OverflowError):
            return None

    def _add(self, name: str, entry: _Entry) -> None:
        if name in self._known:
            self._forget_answers([name])
        self._file.add(_CELL, name.encode(errors="surrogateescape"), msgspec.msgpack.encode(entry))

    def _share(self, content: bytes) -> bytes:
        digest = digest_of(content)
        if digest not in self._shared:
            self._shared[digest] = content
            self._file.add(_SHARED, digest, content)
        return digest


def _changed_since(folder: Path, signature: bytes) -> bool:
    try:
        return signature_of(folder)[0] != signature
    except OSError:
        return True

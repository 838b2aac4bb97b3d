"""Read stored cells: plain data, no torch, nothing unpickled, nothing half-written taken for done."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from msgspec import convert

from erc_bench.errors import ErcBenchError
from erc_bench.store.file_contents import check_content, check_files, content_of, listed, stated
from erc_bench.store.layout import RECORD_FILE, RECORD_FORMAT, STATUS_FILE, is_cell_file
from erc_bench.store.record import Record, check_record
from erc_bench.store.regular_files import inside_of, kind_of, read_regular
from erc_bench.validation import json_object

if TYPE_CHECKING:
    from erc_bench.store.plain_predictions import CodedAnswers

CellStatus = Literal["done", "failed", "interrupted", "half-written", "damaged"]
"""The stored statuses, and the states of a folder without one."""

REMEDY = "Run the cell again (erc-bench run repairs it), or remove it with erc-bench rm --state damaged."
"""The remedy for a damaged cell."""


class KeptAnswers(Protocol):
    """The answers of one cell as they were read before, by the further classifier that gave them ("": its own)."""

    def find(self, readout: str) -> CodedAnswers | None:
        """Return answers that were kept; ``None`` where none were."""

    def keep(self, readout: str, answers: CodedAnswers) -> None:
        """Keep answers for the next time."""


@runtime_checkable
class TypedFields(Protocol):
    """A record that knows the schema."""

    def typed(self) -> Record:
        """Return the record by its schema."""


@dataclass(frozen=True)
class StoredCell:
    """One cell folder: its status and, where it is done, its record.

    ``error`` is one line for every status but ``done``, ``remedy`` the way to repair a damaged cell. ``record`` is
    empty where it cannot be read. ``verified`` says that every file of a done cell was held against size and digest
    in its status (the digests of a saved model's files only where they were asked for), which older ones lack.
    ``answers`` are those that an index keeps.
    """

    folder: Path
    status: CellStatus
    record: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    remedy: str = ""
    verified: bool = False
    answers: KeptAnswers | None = field(default=None, repr=False, compare=False)

    @cached_property
    def typed(self) -> Record:
        """The record by its schema, of a cell that has one."""
        return self.record.typed() if isinstance(self.record, TypedFields) else convert(self.record, Record)

    @property
    def told(self) -> str:
        """The damage of the cell, and how to repair it: one line."""
        return ". ".join(filter(None, (self.error, self.remedy)))

    @cached_property
    def dataset(self) -> str:
        """The dataset's name, from the folder where there is no record."""
        return str(self.record.get("dataset", self.folder.parts[-5]))

    @cached_property
    def method(self) -> str:
        """The method's name, from the folder where there is no record."""
        return str(self.record.get("method", self.folder.parts[-4]))

    @property
    def name(self) -> str:
        """The cell as messages name it."""
        return "/".join(self.folder.parts[-5:])


def read_cell(folder: Path, with_model: bool = False) -> StoredCell:
    """Read one cell folder. Never raises, whatever the files hold: the status names the damage.

    ``with_model`` takes the digests of a saved model's files as well, which may be large.
    """
    if not kind_of(folder / STATUS_FILE):
        return StoredCell(
            folder, "half-written", error=f"it has no {STATUS_FILE}: stopped while running, or running now"
        )
    try:
        status = read_status(folder)
        if status.get("status") in ("failed", "interrupted"):
            return StoredCell(folder, status["status"], _readable_record(folder), one_line(status.get("error", "")))
        record = _read_done(folder, status, with_model)
    except ErcBenchError as error:
        return StoredCell(folder, "damaged", error=error.message, remedy=_in_the_way(folder) or REMEDY)
    return StoredCell(folder, "done", record, verified="contents" in status)


def read_status(folder: Path) -> dict[str, Any]:
    """Return the status of a cell; raise :class:`ErcBenchError` where it cannot be read."""
    return json_object(read_regular(folder / STATUS_FILE), STATUS_FILE)


def _in_the_way(folder: Path) -> str:
    """Give the remedy where a folder that nobody may empty stands in the place of a file."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if is_cell_file(entry.name))
        inside = {entry.name: held for entry in entries if (held := inside_of(entry))}
    except OSError:
        return ""
    return next((f"Move {name} away, which holds {held}, and run the cell again." for name, held in inside.items()), "")


def _read_done(folder: Path, status: dict[str, Any], with_model: bool) -> dict[str, Any]:
    if status.get("status") != "done":
        raise ErcBenchError(f"{STATUS_FILE} has the unknown status {status.get('status')!r}")
    files = listed(status)
    contents = stated(status, files)
    check_files(folder, files, contents, with_model)
    data = read_regular(folder / RECORD_FILE)
    if contents is not None:
        check_content(RECORD_FILE, content_of(data), contents[RECORD_FILE])
    return _record(data, folder)


def _readable_record(folder: Path) -> dict[str, Any]:
    # A cell that failed may have stopped before or while its record was written.
    try:
        return _record(read_regular(folder / RECORD_FILE), folder)
    except ErcBenchError:
        return {}


def _record(data: bytes, folder: Path) -> dict[str, Any]:
    record = json_object(data, RECORD_FILE)
    if record.get("format") != RECORD_FORMAT:
        found = record.get("format")
        raise ErcBenchError(f"{RECORD_FILE} has format {found!r}, this version reads format {RECORD_FORMAT}")
    check_record(record, folder)
    return record


def one_line(text: object) -> str:
    """Return a text without its line breaks."""
    return " ".join(str(text).split()) or "no reason was recorded"


@contextmanager
def without_collection() -> Iterator[None]:
    """Stop Python's search for unreachable objects within a block, or within the function that this decorates.

    Each search visits every value of every record that was read, a fifth of the time of reading them,
    and finds nothing: records have no cycles. An object without references is freed as ever.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()

"""Read stored cells: plain data, no torch, nothing unpickled, nothing half-written taken for done."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from erc_bench.errors import ErcBenchError
from erc_bench.store.checking import check_record
from erc_bench.store.collection import without_collection
from erc_bench.store.layout import (
    PACKED,
    RECORD_FILE,
    RECORD_FORMAT,
    STATUS_FILE,
)
from erc_bench.store.packed import as_stored

if TYPE_CHECKING:
    pass

CellStatus = Literal["done", "failed", "interrupted", "half-written", "damaged"]
"""The stored statuses, and what a folder that bears none may be."""

_SEED_FOLDER = re.compile(r"seed-(\d+)")


@dataclass(frozen=True)
class StoredCell:
    """One cell folder: what became of it and, where it is done, its record.

    ``error`` is one line for every status but ``done``. ``record`` is empty where it cannot be read.
    """

    folder: Path
    status: CellStatus
    record: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def dataset(self) -> str:
        """The dataset's name, from the folder where there is no record."""
        return str(self.record.get("dataset", self.folder.parts[-5]))

    @property
    def method(self) -> str:
        """The method's name, from the folder where there is no record."""
        return str(self.record.get("method", self.folder.parts[-4]))

    @property
    def name(self) -> str:
        """The cell as messages name it."""
        return "/".join(self.folder.parts[-5:])


def read_cells(runs: Path) -> list[StoredCell]:
    """Read every cell below a folder of runs, in the order of their names and seeds.

    Raises :class:`ErcBenchError` where there is no such folder.
    """
    if not runs.is_dir():
        raise ErcBenchError(
            f"there is no folder of runs {str(runs)!r}",
            "Train something first with `erc-bench run`, or name the folder with --runs.",
        )
    folders = [folder for folder in runs.glob("*/*/*/*/seed-*") if _is_cell(folder, runs)]
    with without_collection():
        return [read_cell(folder) for folder in sorted(folders, key=_order)]


def _is_cell(folder: Path, runs: Path) -> bool:
    hidden = any(part.startswith(".") for part in folder.relative_to(runs).parts)
    return not hidden and folder.is_dir() and _SEED_FOLDER.fullmatch(folder.name) is not None


def _order(folder: Path) -> tuple[tuple[str, ...], int]:
    return folder.parts[:-1], int(folder.name.removeprefix("seed-"))


def read_cell(folder: Path) -> StoredCell:
    """Read one cell folder. Never raises for what the files hold: the status names what is wrong."""
    if not (folder / STATUS_FILE).is_file():
        return StoredCell(
            folder, "half-written", error=f"it has no {STATUS_FILE}: stopped while running, or running now"
        )
    try:
        status = _read_object(folder / STATUS_FILE)
        if status.get("status") in ("failed", "interrupted"):
            return StoredCell(folder, status["status"], _readable_record(folder), one_line(status.get("error", "")))
        return StoredCell(folder, "done", _read_done(folder, status))
    except ErcBenchError as error:
        return StoredCell(folder, "damaged", error=error.message)


def _read_done(folder: Path, status: dict[str, Any]) -> dict[str, Any]:
    if status.get("status") != "done":
        raise ErcBenchError(f"{STATUS_FILE} has the unknown status {status.get('status')!r}")
    files = status.get("files")
    if not isinstance(files, list) or RECORD_FILE not in files:
        raise ErcBenchError(f"{STATUS_FILE} does not list {RECORD_FILE} among its files")
    present = _file_names(folder)
    unseen = [str(name) for name in files if not {str(name), f"{name}{PACKED}"} & present]
    missing = [name for name in unseen if not as_stored(folder / name).is_file()]
    if missing:
        raise ErcBenchError(f"it is marked done but lacks {', '.join(missing)}")
    return _read_record(folder)


def _file_names(folder: Path) -> set[str]:
    """Return the files of a folder in one look; none where it cannot be listed, and each is asked for by its name."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_file()}
    except OSError:
        return set()


def _readable_record(folder: Path) -> dict[str, Any]:
    # A cell that failed may have stopped before or while its record was written.
    try:
        return _read_record(folder)
    except ErcBenchError:
        return {}


def _read_record(folder: Path) -> dict[str, Any]:
    record = _read_object(folder / RECORD_FILE)
    if record.get("format") != RECORD_FORMAT:
        found = record.get("format")
        raise ErcBenchError(f"{RECORD_FILE} has format {found!r}, this version reads format {RECORD_FORMAT}")
    check_record(record, folder)
    return record


def _read_object(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ErcBenchError(f"{file.name} cannot be read: {one_line(error)}") from None
    if not isinstance(value, dict):
        raise ErcBenchError(f"{file.name} does not hold an object")
    return value


def one_line(text: object) -> str:
    """Return a text without its line breaks."""
    return " ".join(str(text).split()) or "no reason was recorded"

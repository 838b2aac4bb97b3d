"""Hold cells and remove them: a cell that runs is left alone, and the ledger keeps the names of what was removed.

Each cell is put aside as a whole before the first of its files goes. A cell that is put aside is nowhere a cell any
more, so that a removal that is killed leaves no cell that lacks some of its files; files that it leaves, the next one
removes.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from erc_bench.errors import ErcBenchError, naming
from erc_bench.store.housekeeping.found_cells import ASIDE, CellFolder, foreign_in, look_at
from erc_bench.store.layout import LEDGER_FILE, LOCK_FILE, STATUS_FILE
from erc_bench.store.ledger import LedgerEntry, append_missing, entry_of
from erc_bench.store.reading import read_cell
from erc_bench.store.regular_files import changed, remove_irregular

RUNNING = "another process is running it"


class HeldError(Exception):
    """Why a cell is left as it is, in one line."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of a cell's folder; raise :class:`HeldError` where another process does, or nobody may."""
    # Taking the lock of a folder that is gone would make it again.
    if not folder.is_dir():
        raise HeldError("it is gone already")
    file = folder / LOCK_FILE
    lock = FileLock(file)
    try:
        # A lock would be taken of what a link leads to.
        remove_irregular(file)
        # Locking makes the file, and a cell that was packed or published has none.
        existed = file.exists()
        lock.acquire(timeout=0)
    except ErcBenchError as error:
        raise HeldError(error.message) from None
    except Timeout:
        raise HeldError(RUNNING) from None
    except OSError as error:
        raise HeldError(f"it cannot be locked: {error.strerror or error}") from None
    made = _number(file)
    try:
        yield
    finally:
        # While it is held, and only this one: where the folder went, there may be a new run by now.
        if not existed and made is not None and _number(file) == made:
            with suppress(OSError):
                file.unlink()
        lock.release()


def _number(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None


REMOVED, INCOMING = ".removed", ".incoming"
"""Prefix of hidden folders: of a removal, and of cells that come to their places."""
Unchanged = Callable[[CellFolder], bool]
"""Whether a cell, which is held, is unchanged since it was found."""


def as_listed(cell: CellFolder) -> bool:
    """Whether a cell has the status, the files and the sizes that it had when it was listed."""
    return look_at(cell.path, cell.parts) == cell


def remove_cell(cell: CellFolder, runs: Path, unchanged: Unchanged = as_listed) -> str:
    """Remove a cell and the folders that are empty without it; return why it stays, or nothing where it is gone."""
    try:
        with held(cell.path):
            if not unchanged(cell):
                return "it changed in the meantime"
            foreign = foreign_in(cell.path)
            if foreign:
                return foreign
            # Held until nothing is left, so that nobody takes the lock of a folder that is elsewhere.
            aside = put_aside(cell.path)
            why = remove_aside(aside)
    except HeldError as reason:
        return str(reason)
    except OSError as error:
        return str(error.strerror or error)
    remove_empty_parents(cell.path, runs)
    return f"it is not a cell any more, but {aside} is left: {why}" if why else ""


def put_aside(folder: Path) -> Path:
    """Rename a cell's folder to a hidden one beside it, at once; return that."""
    aside = aside_of(folder.parent, REMOVED)
    folder.rename(aside)
    return aside


def aside_of(parent: Path, why: str) -> Path:
    """Return a new hidden name in a folder."""
    return parent / f"{why}-{secrets.token_hex(6)}"


def remove_aside(folder: Path) -> str:
    """Delete a folder that was put aside, its status first; return why something of it is left."""
    assert ASIDE.fullmatch(folder.name), folder
    try:
        (folder / STATUS_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except FileNotFoundError:
        # Another process removes the same.
        return ""
    except OSError as error:
        return str(error.strerror or error)
    return ""


def remove_empty_parents(path: Path, runs: Path) -> None:
    """Remove the folders above a path, below the runs, that hold nothing."""
    for parent in path.parents:
        if parent == runs or not parent.is_relative_to(runs):
            return
        with suppress(OSError):
            parent.rmdir()


def remove_leftovers(folders: Iterable[Path], runs: Path, before: float) -> int:
    """Remove the leftovers of killed removals, and of unpackings before a moment; return how many folders."""
    old = [folder for folder in folders if folder.name.startswith(REMOVED) or changed(folder) < before]
    gone = [folder for folder in old if not remove_aside(folder)]
    for folder in gone:
        remove_empty_parents(folder, runs)
    return len(gone)


def keep_in_ledger(cells: Iterable[CellFolder], runs: Path) -> None:
    """Add cells below ``runs`` that were scored on test to its ledger, as far as they are not in it.

    They came from elsewhere, or were scored before there were ledgers. Their time is when they ended.
    Raises :class:`ErcBenchError` where the ledger cannot be written.
    """
    with naming(f"{runs / LEDGER_FILE} cannot be written"):
        found = [_entry(cell, runs) for cell in cells if cell.status == "done"]
        entries = [entry for entry in found if entry is not None]
        if entries:
            append_missing(runs, entries, lambda entry: entry.result)


def _entry(cell: CellFolder, runs: Path) -> LedgerEntry | None:
    folder = runs.joinpath(*cell.parts)
    stored = read_cell(folder)
    return (
        entry_of(folder, stored.record, datetime.fromtimestamp(cell.moment, UTC)) if stored.status == "done" else None
    )

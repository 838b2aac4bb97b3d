"""The cells below a folder of runs as folders of files: our files there, and foreign ones.

Foreign files are never touched: links are not followed, and a cell that holds a file which no run wrote is
left as it is. A link, a pipe or an empty folder under the name of one of a cell's files is damage, and ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import reader_of
from erc_bench.store.layout import LOCK_FILE, MODEL_BACKBONE, MODEL_FOLDER, is_cell_file, whole_of
from erc_bench.store.reading import CellStatus, StoredCell, read_cell, read_status
from erc_bench.store.regular_files import inside_of, kind_of

LEVELS = ("dataset", "method", "backbone", "settings", "seed")
"""The levels of a cell's folders."""
SETTINGS, SEED = re.compile(r"[0-9a-f]{12}"), re.compile(r"seed-(0|[1-9]\d*)")
ASIDE = re.compile(r"\.(removed|incoming)-[0-9a-f]{12}")
"""Folders of a removal or an unpacking that goes on, or that was killed."""


@dataclass(frozen=True)
class CellFolder:
    """One cell as it lies on the disk.

    ``parts`` are the five names of its path below the runs, ``files`` its files by their paths within
    it, ``size`` their bytes, ``moment`` (seconds since 1970) when it ended, or when a file of it was last
    written. ``why`` is one line about a status other than done, ``remedy`` the way to repair damage; ``limit`` the
    number of dialogues that a partial run kept. ``names`` are dataset, method and backbone by the cell's record,
    which two folders' names may share (``x/y``, ``x--y``); empty where it has none.
    """

    path: Path
    parts: tuple[str, ...]
    status: CellStatus
    files: tuple[str, ...]
    size: int
    moment: float
    why: str = ""
    limit: int | None = None
    names: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def told(self) -> str:
        """The damage of the cell, and how to repair it: one line."""
        return ". ".join(filter(None, (self.why, self.remedy)))

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self.parts[-1].removeprefix("seed-"))

    @property
    def name(self) -> str:
        """The cell as messages name it."""
        return "/".join(self.parts)


@dataclass(frozen=True)
class ForeignEntry:
    """Something in the place of a cell that is left as it is, and why."""

    path: Path
    parts: tuple[str, ...]
    why: str


@dataclass
class FoundCells:
    """The content of a folder of runs; ``aside`` are folders of our own that something left behind."""

    cells: list[CellFolder] = field(default_factory=list)
    foreign_entries: list[ForeignEntry] = field(default_factory=list)
    aside: list[Path] = field(default_factory=list)


def find_cells(runs: Path) -> FoundCells:
    """Look through a folder of runs, in the order of names and seeds.

    Raises :class:`ErcBenchError` where there is no such folder, or one that cannot be read.
    """
    if not runs.is_dir():
        raise ErcBenchError(f"there is no folder of runs {str(runs)!r}", "Name the folder with --runs.")
    found = FoundCells()
    places: list[tuple[Path, tuple[str, ...]]] = []
    try:
        _look(runs, (), found, places)
        with reader_of(runs, len(places)) as read:
            found.cells += [look_at(folder, parts, read) for folder, parts in places]
    except OSError as error:
        raise ErcBenchError(f"the folder of runs cannot be read: {error}") from error
    found.cells.sort(key=lambda cell: (cell.parts[:-1], cell.seed))
    return found


def _look(folder: Path, parts: tuple[str, ...], found: FoundCells, places: list[tuple[Path, tuple[str, ...]]]) -> None:
    """Sort what lies in a folder: ``places`` are those of cells."""
    for entry in sorted(folder.iterdir()):
        here = (*parts, entry.name)
        if ASIDE.fullmatch(entry.name) and entry.is_dir() and not entry.is_symlink():
            found.aside.append(entry)
        elif entry.name.startswith(".") or not entry.is_dir():
            continue
        elif entry.is_symlink():
            found.foreign_entries.append(ForeignEntry(entry, here, "it is a link"))
        elif len(here) < len(LEVELS):
            _look(entry, here, found, places)
        elif SEED.fullmatch(entry.name):
            if why := _why_foreign(entry, here):
                found.foreign_entries.append(ForeignEntry(entry, here, why))
            else:
                places.append((entry, here))


def _why_foreign(folder: Path, parts: tuple[str, ...]) -> str:
    if not SETTINGS.fullmatch(parts[-2]):
        return f"{parts[-2]} is not a settings hash, which has 12 hexadecimal digits"
    return foreign_in(folder)


def look_at(folder: Path, parts: tuple[str, ...], read: Callable[[Path], StoredCell] = read_cell) -> CellFolder:
    """Return the files in a cell's folder, which ``read`` reads; its lock does not count as its own."""
    facts = {name: fact for name, fact in sorted(_files_in(str(folder))) if name != LOCK_FILE}
    last_written = max((fact.st_mtime for fact in facts.values()), default=folder.stat().st_mtime)
    cell = read(folder)
    return CellFolder(
        folder,
        parts,
        cell.status,
        tuple(facts),
        sum(fact.st_size for fact in facts.values()),
        _finished(folder, last_written),
        cell.error,
        cell.record.get("limit"),
        tuple(str(cell.record[level]) for level in LEVELS[:3]) if cell.record else (),
        cell.remedy,
    )


def _files_in(folder: str, within: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Yield path and facts of everything within a folder except folders; slashes in paths, links are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = within + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _files_in(entry.path, f"{name}/")
            else:
                yield name, entry.stat(follow_symlinks=False)


def foreign_in(folder: Path) -> str:
    """Name something in a cell's folder that no run wrote; empty where there is nothing."""
    for entry in sorted(folder.iterdir()):
        strange = _strange(entry, folder)
        if strange is not None:
            return f"it holds {strange.relative_to(folder).as_posix()}, which no run wrote"
    return ""


def irregular_in(folder: Path) -> str:
    """Name one of a cell's own paths that is not a file; empty where all are."""
    for name, _ in sorted(_files_in(str(folder))):
        if (kind := kind_of(folder / name)) != "a file":
            return f"{name} is {kind}, not a file"
    return ""


def _strange(entry: Path, folder: Path) -> Path | None:
    """Return the foreign paths at or below an entry of a cell's folder."""
    name = whole_of(entry.name)
    if name == MODEL_FOLDER:
        inside = sorted(entry.rglob("*")) if kind_of(entry) == "a folder" else []
        return next((path for path in inside if _is_foreign(path, folder)), None)
    if not is_cell_file(name):
        return entry
    return entry / held if (held := inside_of(entry)) else None


def _is_foreign(path: Path, folder: Path) -> bool:
    """Whether a file is one that models never hold; a model that is not whole may hold any file."""
    kind, name = kind_of(path), path.relative_to(folder).as_posix()
    if kind == "a file" and not name.startswith(f"{MODEL_FOLDER}/"):
        return False
    if name.partition("/")[2] == MODEL_BACKBONE:
        return kind == "a file"
    return kind != "a folder" and not is_cell_file(f"{MODEL_FOLDER}/{name.partition('/')[2]}")


def _finished(folder: Path, otherwise: float) -> float:
    """Return when a cell ended, by its status."""
    try:
        return datetime.fromisoformat(read_status(folder)["finished"]).timestamp()
    except (ErcBenchError, ValueError, KeyError, TypeError, OverflowError):
        return otherwise

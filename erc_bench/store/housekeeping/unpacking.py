"""Putting cells into a folder of runs: from an archive that nobody vouches for, or from other runs.

Everything is written to a hidden folder first and checked there; then each cell comes to its place at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from erc_bench.corpora.archive import extract_checked
from erc_bench.errors import ErcBenchError, naming
from erc_bench.store.housekeeping import removing
from erc_bench.store.housekeeping.found_cells import LEVELS, SEED, SETTINGS, CellFolder, foreign_in, look_at
from erc_bench.store.housekeeping.packing import Packed, digest_of
from erc_bench.store.layout import RECORD_FILE, STATUS_FILE, is_cell_file

_MOST_FILES = 2_000_000
_MOST_TIMES, _SMALL = 100, 64 * 2**20
"""How much larger cells are than their archive: text shrinks to a tenth at most, weights hardly."""
_DAMAGED = "Nothing was unpacked. Copy it again from where erc-bench archive wrote it, or pack the cells again."
_OURS = "erc-bench archive writes <dataset>/<method>/<backbone>/<settings>/seed-<n>/<file>, and nothing else."


@dataclass
class Placed:
    """Which cells came to their places, and which did not, with the reason."""

    placed: list[CellFolder] = field(default_factory=list)
    left: list[tuple[CellFolder, str]] = field(default_factory=list)


def restore(archive: Path, runs: Path, overwrite: bool) -> Placed:
    """Unpack an archive of cells into a folder of runs; cells that are there stay, unless ``overwrite``.

    Raises :class:`ErcBenchError`, before anything comes to its place, where the archive is damaged, holds
    no cell or a file that belongs to none, a cell without status or record, or unpacks to more than the disk has room
    for or than cells are packed into so few bytes.
    """
    if not archive.is_file():
        raise ErcBenchError(f"there is no archive {str(archive)!r}")
    with _incoming(runs) as incoming:
        room = min(shutil.disk_usage(incoming).free, _MOST_TIMES * archive.stat().st_size + _SMALL)
        written = extract_checked(archive, incoming, room, _MOST_FILES, _DAMAGED)
        if not written:
            raise ErcBenchError(f"{archive} is empty: there is no cell in it")
        done = _place(_cells(archive, incoming, written), runs, overwrite)
        removing.keep_in_ledger(done.placed, runs)
        return done


def copy(cells: Iterable[CellFolder], runs: Path, overwrite: bool) -> Packed:
    """Copy cells into another folder of runs, and compare the copies byte for byte before they come to their places.

    Raises :class:`ErcBenchError` where they cannot be written.
    """
    packed = Packed()
    with _incoming(runs) as incoming:
        for cell in cells:
            packed.take(cell, partial(_copy, cell, incoming))
        copies = [look_at(incoming.joinpath(*cell.parts), cell.parts) for cell in packed.digests]
        for copied, digests in zip(copies, packed.digests.values(), strict=True):
            if digests != {name: digest_of(copied.path / name) for name in copied.files}:
                raise ErcBenchError(
                    f"the copy of {copied.name} is not the same; nothing was removed", "Try another disk."
                )
        done = _place(copies, runs, overwrite)
        removing.keep_in_ledger(done.placed, runs)
    reasons = {cell.parts: why for cell, why in done.left}
    for cell in [cell for cell in packed.digests if cell.parts in reasons]:
        del packed.digests[cell]
        packed.left.append((cell, reasons[cell.parts]))
    return packed


def _copy(cell: CellFolder, folder: Path, name: str) -> str:
    """Copy one file; return the digest of the original."""
    target = folder.joinpath(*cell.parts, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(cell.path / name, target)
    return digest_of(cell.path / name)


@contextmanager
def _incoming(runs: Path) -> Iterator[Path]:
    """Give a hidden folder below the runs, so that a cell comes from it to its place by one renaming."""
    with naming(f"{runs} cannot be written"):
        runs.mkdir(parents=True, exist_ok=True)
        folder = removing.aside_of(runs, removing.INCOMING)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _cells(archive: Path, folder: Path, written: Iterable[Path]) -> list[CellFolder]:
    """Return the cells that were unpacked; raise :class:`ErcBenchError` for a file that belongs to none."""
    found: dict[tuple[str, ...], None] = {}
    for path in written:
        inside = path.relative_to(folder).parts
        parts, name = inside[: len(LEVELS)], "/".join(inside[len(LEVELS) :])
        if not _is_address(parts) or not is_cell_file(name):
            raise ErcBenchError(f"{archive}: {'/'.join(inside)} does not belong to a cell; nothing was unpacked", _OURS)
        found[parts] = None
    cells = [look_at(folder.joinpath(*parts), parts) for parts in found]
    for cell in cells:
        if lacking := [name for name in _needed(cell) if name not in cell.files]:
            raise ErcBenchError(
                f"{archive}: the cell {cell.name} has no {' and no '.join(lacking)}; nothing was unpacked", _DAMAGED
            )
    return cells


def _needed(cell: CellFolder) -> tuple[str, ...]:
    """Return the files without which a folder says nothing: a cell that failed or was stopped has no record."""
    return (STATUS_FILE,) if cell.status in ("failed", "interrupted") else (RECORD_FILE, STATUS_FILE)


def _is_address(parts: tuple[str, ...]) -> bool:
    if len(parts) < len(LEVELS) or any(part.startswith(".") for part in parts):
        return False
    return SETTINGS.fullmatch(parts[-2]) is not None and SEED.fullmatch(parts[-1]) is not None


def _place(cells: Iterable[CellFolder], runs: Path, overwrite: bool) -> Placed:
    done = Placed()
    for cell in cells:
        try:
            why = _place_one(cell, runs.joinpath(*cell.parts), overwrite)
        except removing.HeldError as reason:
            why = str(reason)
        except OSError as error:
            why = str(error.strerror or error)
        if why:
            done.left.append((cell, why))
        else:
            done.placed.append(cell)
    return done


def _place_one(cell: CellFolder, target: Path, overwrite: bool) -> str:
    """Move one cell to its place; return why it is not there."""
    if target.is_symlink():
        return "a link is in its place"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        cell.path.rename(target)
        return ""
    if not overwrite:
        return "it is there already; --overwrite replaces it"
    with removing.held(target):
        foreign = foreign_in(target)
        if foreign:
            return foreign
        earlier = removing.put_aside(target)
        try:
            cell.path.rename(target)
        except OSError:
            earlier.rename(target)
            raise
        removing.remove_aside(earlier)
    return ""

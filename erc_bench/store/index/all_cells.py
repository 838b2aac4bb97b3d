"""Read all cells below a folder of runs, through its index where there are enough of them to be worth one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.store.index.cell_index import CellIndex
from erc_bench.store.reading import StoredCell, read_cell, without_collection

LEAST_INDEXED = 200
"""Cells: a folder with fewer is read in less than half a second without an index, and gets none."""

_SEED_FOLDER = re.compile(r"seed-(\d+)")


def read_cells(runs: Path) -> list[StoredCell]:
    """Read every cell below a folder of runs, in the order of their names and seeds.

    Raises :class:`ErcBenchError` where there is no such folder.
    """
    if not runs.is_dir():
        raise ErcBenchError(
            f"there is no folder of runs {str(runs)!r}",
            f"Train something first with `erc-bench run`, or name the folder with {OptionName('runs')}.",
        )
    folders = sorted((folder for folder in runs.glob("*/*/*/*/seed-*") if _is_cell(folder, runs)), key=_order)
    with without_collection(), reader_of(runs, len(folders)) as read:
        return list(map(read, folders))


@contextmanager
def reader_of(runs: Path, cells: int) -> Iterator[Callable[[Path], StoredCell]]:
    """Hand over what reads one cell of a folder of runs that has so many: the index, where they are worth one.

    All of its cells are to be read: the index drops those that were not.
    """
    if cells < LEAST_INDEXED:
        yield read_cell
        return
    index = CellIndex(runs)
    yield index.read
    index.close()


def _is_cell(folder: Path, runs: Path) -> bool:
    hidden = any(part.startswith(".") for part in folder.relative_to(runs).parts)
    return not hidden and folder.is_dir() and _SEED_FOLDER.fullmatch(folder.name) is not None


def _order(folder: Path) -> tuple[tuple[str, ...], int]:
    return folder.parts[:-1], int(folder.name.removeprefix("seed-"))

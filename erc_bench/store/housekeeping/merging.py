"""Folders of runs of several machines made one: cells, ledgers, declarations and answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError, naming
from erc_bench.store import declarations, ledger
from erc_bench.store.housekeeping.found_cells import CellFolder, find_cells
from erc_bench.store.housekeeping.unpacking import copy
from erc_bench.store.layout import ANSWERS_FILE, PACKED, PREDICTIONS_FILE
from erc_bench.store.memory import Memory
from erc_bench.store.reading import read_cell
from erc_bench.store.regular_files import unpack

_MANY = 5


@dataclass
class Merged:
    """What became of the cells: ``copied``, there already with the same answers (``same``), or left with a reason."""

    copied: list[CellFolder] = field(default_factory=list)
    same: list[CellFolder] = field(default_factory=list)
    left: list[tuple[Path, str]] = field(default_factory=list)


def merge(sources: Sequence[Path], runs: Path) -> Merged:
    """Copy the finished cells of several folders of runs into one, with what their ledgers say.

    A cell that is in several of them must be the same: data, backbone, code and answers. Of equal ones the first
    stays, with its machine and its time on record; those below ``runs`` come first of all. Raises
    :class:`ErcBenchError`, before anything is copied, where two contradict each other.
    """
    sources = list(dict.fromkeys(sources))
    merged, kept = Merged(), _finished(runs, Merged()) if runs.is_dir() else {}
    wanted: dict[Path, list[CellFolder]] = {}
    contradictions = []
    for source in sources:
        for parts, cell in _finished(source, merged).items():
            if parts not in kept:
                kept[parts] = cell
                wanted.setdefault(source, []).append(cell)
            elif why := _contradiction(kept[parts], cell):
                contradictions.append(f"{cell.name}: {why} in {kept[parts].path} and {cell.path}")
            else:
                merged.same.append(cell)
    if contradictions:
        more = f" and {len(contradictions) - _MANY} more" if len(contradictions) > _MANY else ""
        raise ErcBenchError(
            f"the folders contradict each other: {'; '.join(contradictions[:_MANY])}{more}",
            "Nothing was copied. Remove the cells that are not to stay (erc-bench rm), or leave a folder out.",
        )
    for source in sources:
        _merge_records(source, runs)
        packed = copy(wanted.get(source, []), runs, overwrite=False)
        merged.copied += packed.digests
        merged.left += [(cell.path, why) for cell, why in packed.left]
    return merged


def _finished(runs: Path, merged: Merged) -> dict[tuple[str, ...], CellFolder]:
    """Return the finished cells of a folder by their address; damaged ones are left."""
    found = find_cells(runs)
    merged.left += [(cell.path, f"it is damaged: {cell.told}") for cell in found.cells if cell.status == "damaged"]
    return {cell.parts: cell for cell in found.cells if cell.status == "done"}


def _contradiction(first: CellFolder, second: CellFolder) -> str:
    """Return in what two cells of one address differ; empty where they give the same answers, made in the same way."""
    ours, theirs = (read_cell(cell.path).record.get("inputs", {}) for cell in (first, second))
    other = [name for name in ("data", "backbone", "code", "core") if ours.get(name) != theirs.get(name)]
    if other:
        return f"other {' and '.join(other)}"
    return "other answers" if list(_answers(first)) != list(_answers(second)) else ""


def _answers(cell: CellFolder) -> Iterator[Any]:
    names = [name for name in cell.files if name.startswith(Path(PREDICTIONS_FILE).stem)]
    yield len(names)
    for name in names:
        # Published ones are packed.
        content = unpack(cell.path / name) if name.endswith(PACKED) else (cell.path / name).read_bytes()
        yield name.removesuffix(PACKED), hashlib.sha256(content).hexdigest()
    yield json.dumps(read_cell(cell.path).record["metrics"], sort_keys=True)


def _merge_records(source: Path, runs: Path) -> None:
    """Take over what was ever scored, declared and answered in a folder, with its own times."""
    with naming(f"{runs} cannot be written"):
        runs.mkdir(parents=True, exist_ok=True)
        ledger.append_missing(runs, ledger.read_ledger(source), lambda entry: entry.result)
        declarations.append_missing(runs, declarations.read_declarations(source))
        if (source / ANSWERS_FILE).is_file():
            theirs, ours = Memory(source / ANSWERS_FILE), Memory(runs / ANSWERS_FILE)
            for name in theirs:
                if name not in ours:
                    ours[name] = theirs[name]

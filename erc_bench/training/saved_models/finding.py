"""Where the saved model is that a user means: a cell's folder, or one above that holds a single model."""

from __future__ import annotations

from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import MODEL_FILE, MODEL_FOLDER, STATUS_FILE
from erc_bench.store.reading import read_cell
from erc_bench.store.regular_files import kind_of

_DEPTH = 6
"""Folders from the one that holds several folders of runs down to a cell."""
_SHOWN = 10
_SAVE = "Save one with `erc-bench run ... --save-model`; a cell that is done without is trained again for it."


def find_model(run: Path) -> Path:
    """Return the folder of the one saved model that lies in or below a folder.

    Raises :class:`ErcBenchError` where there is none, or several to choose from.
    """
    if not run.is_dir():
        raise ErcBenchError(f"there is no folder {str(run)!r}", _SAVE)
    if (run / MODEL_FILE).is_file():
        return _finished(run) if run.name == MODEL_FOLDER else run
    found = _below(run)
    if len(found) > 1:
        shown = [f"  {folder.parent}" for folder in found[:_SHOWN]]
        more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        raise ErcBenchError(f"{run} holds {len(found)} saved models", "\n".join(["Name one of them:", *shown, *more]))
    if not found:
        raise ErcBenchError(f"there is no saved model in {run}", _SAVE)
    return _finished(found[0])


def _below(run: Path) -> list[Path]:
    patterns = ("*/" * depth + f"{MODEL_FOLDER}/{MODEL_FILE}" for depth in range(_DEPTH + 1))
    found = {file.parent for pattern in patterns for file in run.glob(pattern)}
    return sorted(folder for folder in found if not _is_hidden(folder, run))


def _is_hidden(folder: Path, run: Path) -> bool:
    return any(part.startswith(".") for part in folder.relative_to(run).parts)


def _finished(folder: Path) -> Path:
    """Refuse the model of a cell that did not come to its end, or is damaged; one that lies alone was taken out."""
    cell = folder.absolute().parent
    if kind_of(cell / STATUS_FILE) or any(cell.glob("*.csv")):
        read = read_cell(cell, with_model=True)
        if read.status != "done":
            raise ErcBenchError(f"the cell {cell} is {read.status}: {read.error}", "Run it again with --save-model.")
    return folder

"""The files that may lie in the folder of a saved model, and whether they are unchanged.

Nothing that could hold a pickle is ever opened: a saved model is JSON, safetensors and a tokenizer's text files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path

from safetensors import SafetensorError, safe_open

from erc_bench.contracts.language_models import MAIN
from erc_bench.errors import ErcBenchError
from erc_bench.store.file_contents import Content, check_content, content_in
from erc_bench.store.layout import MODEL_BACKBONE, MODEL_FILE, MODEL_FOLDER, STATUS_FILE, is_model_file, visible_below
from erc_bench.store.reading import read_cell
from erc_bench.store.regular_files import kind_of

WEIGHTS_FILE = "weights.safetensors"
BACKBONE_FOLDER = MODEL_BACKBONE
"""The folder of the backbone, in which those of further language models lie by role."""
BACKBONE_WEIGHTS = "model.safetensors"
SYSTEM_FOLDER = "system"
OPTION_FILES = "option_files"
"""The folder of copies of the files that options name."""
AGAIN = "Train it again with `erc-bench run --save-model --overwrite always`."


def backbone_folder(folder: Path, role: str) -> Path:
    """Return the folder of a language model within that of a saved model."""
    return folder / BACKBONE_FOLDER if role == MAIN else folder / BACKBONE_FOLDER / role


def option_file(folder: Path, address: str) -> Path:
    """Return where the copy of a file lies that the option at an address names."""
    return folder / OPTION_FILES / f"{address}.txt"


def digests(folder: Path) -> dict[str, Content]:
    """Return size and sha256 of every file of a model but its description, by path.

    Raises :class:`ErcBenchError` for a file of another kind than a saved model may hold.
    """
    return {name: _digest(folder / name) for name in _names(folder)}


def check(folder: Path, written: Mapping[str, Content]) -> None:
    """Raise :class:`ErcBenchError` where a folder does not hold exactly the files that were written there."""
    names = list(_names(folder))
    missing = [name for name in written if name not in names]
    if missing:
        raise ErcBenchError(f"the saved model {folder} lacks {' and '.join(missing[:3])}", AGAIN)
    foreign = [name for name in names if name not in written]
    if foreign:
        raise ErcBenchError(
            f"{folder / foreign[0]} is not part of the saved model it lies in", "Take it out of the folder."
        )
    for name, was in written.items():
        check_content(str(folder / name), _digest(folder / name), was, AGAIN)


def refuse_other_types(weights: Path) -> None:
    """Raise :class:`ErcBenchError` for weights of another type than models are saved in, before any is read.

    They would be taken for float32 without a word: another model than the one that was tested.
    """
    try:
        with safe_open(weights, "np") as tensors:
            types = {name: str(tensors.get_slice(name).get_dtype()) for name in tensors.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return  # told when they are read
    for name, kind in types.items():
        is_weight = name.endswith((".weight", ".bias")) or kind.startswith(("F", "BF"))
        if is_weight and kind not in _SAVED_TYPES:
            raise ErcBenchError(f"{weights}: {name} is {kind}, and models are saved in float32", AGAIN)


_SAVED_TYPES = ("F32", "F64")


def size_of(folder: Path) -> int:
    """Return how many bytes a saved model takes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def in_words(size: int) -> str:
    """Write a size roughly: ``91 MB``, ``1.4 GB``, ``2 kB``."""
    unit, name = next((unit, name) for unit, name in _UNITS if size >= unit or name == "kB")
    return f"{size / unit:.1f} {name}" if name == "GB" else f"{max(1, round(size / unit))} {name}"


_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        # Names with a leading dot are the system's own (.DS_Store); nothing reads them.
        if path.is_dir() or name == MODEL_FILE or path.name.startswith("."):
            continue
        if not is_model_file(name):
            raise ErcBenchError(
                f"{path} does not belong into a saved model: it holds JSON, safetensors and text alone",
                "It was not opened. A pickle can run code: take it out of the folder.",
            )
        yield name


def _digest(file: Path) -> Content:
    with FileIO(file) as stream:
        return content_in(stream)


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
    found = sorted({file.parent for file in visible_below(run, f"{MODEL_FOLDER}/{MODEL_FILE}")})
    if len(found) > 1:
        shown = [f"  {folder.parent}" for folder in found[:_SHOWN]]
        more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        raise ErcBenchError(f"{run} holds {len(found)} saved models", "\n".join(["Name one of them:", *shown, *more]))
    if not found:
        raise ErcBenchError(f"there is no saved model in {run}", _SAVE)
    return _finished(found[0])


def _finished(folder: Path) -> Path:
    """Refuse the model of a cell that did not come to its end, or is damaged; one that lies alone was taken out."""
    cell = folder.absolute().parent
    if kind_of(cell / STATUS_FILE) or any(cell.glob("*.csv")):
        read = read_cell(cell, with_model=True)
        if read.status != "done":
            raise ErcBenchError(f"the cell {cell} is {read.status}: {read.error}", "Run it again with --save-model.")
    return folder

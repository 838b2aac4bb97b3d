"""Names of files and folders of a run (fixed: outside tools rely on them)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

Status = Literal["done", "failed", "interrupted"]
STATUS_FILE = "status.json"
RECORD_FILE = "record.json"
PREDICTIONS_FILE = "predictions.csv"
ARRAYS_FILE = "arrays.safetensors"
TRACEBACK_FILE = "traceback.txt"
LOCK_FILE = ".lock"
LEDGER_FILE = "ledger.jsonl"
"""Beside the folders of datasets: names every cell that was ever scored on test."""
DECLARATIONS_FILE = "declarations.jsonl"
"""Beside it: the comparisons that suites declared, and when."""
ANSWERS_FILE = "answers.sqlite"
"""What other machines answered to systems that ask them, in the folder of runs."""
ANSWERS_LOCK_FILE = ".answers.lock"
INDEX_FOLDER = ".index"
"""What was read of the cells before, in the folder of runs."""
SUBMISSIONS_FOLDER = ".submissions"
"""What was handed to a cluster, in the folder of runs."""
LEDGER_LOCK_FILE = ".ledger.lock"
MODEL_FOLDER = "model"
"""Holds the trained model where it was asked for; its files are named ``model/...`` among the cell's."""
MODEL_FILE = "model.json"
"""Describes the trained model; a folder that has it is one."""
PACKED = ".gz"
"""Suffix of a file of predictions that was packed to be published."""
MODEL_BACKBONE = "backbone"
"""The folder within a model that holds its language model and tokenizer."""
_MODEL_DATA = (".json", ".safetensors", ".txt")
_TOKENIZER_DATA = (".model", ".jinja")
"""A SentencePiece vocabulary (protocol buffers) and a template of text, beside a backbone alone."""
RECORD_FORMAT = 1
_FILES = frozenset({STATUS_FILE, RECORD_FILE, ARRAYS_FILE, TRACEBACK_FILE, LOCK_FILE, PREDICTIONS_FILE})
_READOUT = re.compile(r"predictions\.[A-Za-z0-9._-]+\.csv")
_PART = re.compile(r"\.(.+)\.part")
KEY_COLUMNS = ("dialogue_id", "utterance", "gold", "predicted")
"""The columns that a file of predictions begins with."""


@dataclass(frozen=True)
class CellAddress:
    """The address of one cell: one training of one method on one dataset with one seed."""

    dataset: str
    method: str
    backbone: str
    settings_hash: str
    seed: int

    def folder(self, runs: Path) -> Path:
        """Return ``runs/<dataset>/<method>/<backbone>/<settings hash>/seed-<n>``."""
        parts = (self.dataset, self.method, self.backbone)
        return runs.joinpath(*map(folder_name, parts), self.settings_hash, f"seed-{self.seed}")


def visible_below(folder: Path, name: str) -> Iterator[Path]:
    """Yield the files of a name (``model/model.json``) in a folder and up to six below, none of them hidden."""
    for depth in range(7):  # from the folder that holds several folders of runs down to a cell
        for file in sorted(folder.glob("*/" * depth + name)):
            if not any(part.startswith(".") for part in file.relative_to(folder).parts):
                yield file


def folder_name(name: str) -> str:
    """Return a name that is safe as one folder: ``org/model`` becomes ``org--model``."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name.strip("/").replace("/", "--"))
    return safe.lstrip(".") or "_"


def is_cell_file(name: str) -> bool:
    """Whether a file of this path within a cell's folder is one that a run writes, and whole."""
    top, slash, _ = name.partition("/")
    if slash:
        return top == MODEL_FOLDER and is_model_file(name.removeprefix(f"{MODEL_FOLDER}/"))
    plain = top.removesuffix(PACKED) if top.endswith(f".csv{PACKED}") else top
    return plain in _FILES or _READOUT.fullmatch(plain) is not None


def part_of(name: str) -> str:
    """Name the part that is not whole yet."""
    return f".{name}.part"


def whole_of(name: str) -> str:
    """Return the name of a file or folder that is not whole yet once it is; any other name as it is."""
    part = _PART.fullmatch(name)
    return part[1] if part else name


def is_model_file(name: str) -> bool:
    """Whether a file of this path within a model's folder is of a kind that can run no code.

    Files that begin with a dot are the system's own (.DS_Store); nothing reads them.
    """
    path = PurePosixPath(name)
    allowed = (*_MODEL_DATA, *(_TOKENIZER_DATA if path.parts[:1] == (MODEL_BACKBONE,) else ()))
    return path.name.startswith(".") or path.suffix in allowed


def readout_file(readout: str) -> str:
    """Return the file of a further classifier's predictions."""
    return f"predictions.{folder_name(readout)}.csv"

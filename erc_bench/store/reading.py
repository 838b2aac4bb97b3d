"""Read stored cells: plain data, no torch, nothing unpickled, nothing half-written taken for done."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from erc_bench.errors import ErcBenchError
from erc_bench.store.checking import check_record
from erc_bench.store.layout import PACKED, PREDICTIONS_FILE, RECORD_FILE, RECORD_FORMAT, STATUS_FILE, readout_file

if TYPE_CHECKING:
    import pandas as pd

CellStatus = Literal["done", "failed", "interrupted", "half-written", "damaged"]
"""The stored statuses, and what a folder that bears none may be."""

KEY_COLUMNS = ("dialogue_id", "utterance", "gold", "predicted")
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


@dataclass(frozen=True)
class Predictions:
    """What one classifier answered on the test split; all lists have n entries.

    ``scores`` is empty unless it was asked for; its columns are ``score_labels``.
    """

    dialogue_ids: list[str]
    utterances: list[int]
    gold: list[str]
    predicted: list[str]
    score_labels: tuple[str, ...] = ()
    scores: list[list[float]] = field(default_factory=list)


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
            return StoredCell(folder, status["status"], _readable_record(folder), _one_line(status.get("error", "")))
        return StoredCell(folder, "done", _read_done(folder, status))
    except ErcBenchError as error:
        return StoredCell(folder, "damaged", error=error.message)


def _read_done(folder: Path, status: dict[str, Any]) -> dict[str, Any]:
    if status.get("status") != "done":
        raise ErcBenchError(f"{STATUS_FILE} has the unknown status {status.get('status')!r}")
    files = status.get("files")
    if not isinstance(files, list) or RECORD_FILE not in files:
        raise ErcBenchError(f"{STATUS_FILE} does not list {RECORD_FILE} among its files")
    missing = [str(name) for name in files if not _as_stored(folder / str(name)).is_file()]
    if missing:
        raise ErcBenchError(f"it is marked done but lacks {', '.join(missing)}")
    return _read_record(folder)


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
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ErcBenchError(f"{file.name} cannot be read: {_one_line(error)}") from None
    if not isinstance(value, dict):
        raise ErcBenchError(f"{file.name} does not hold an object")
    return value


def _one_line(text: object) -> str:
    return " ".join(str(text).split()) or "no reason was recorded"


def predictions_file(cell: StoredCell, readout: str | None = None) -> Path:
    """Return the file with the answers of the method's own classifier, or of a further one."""
    return _as_stored(cell.folder / (readout_file(readout) if readout else PREDICTIONS_FILE))


def _as_stored(file: Path) -> Path:
    """Return the file, or its gzipped form where that alone is there."""
    packed = file.with_name(f"{file.name}{PACKED}")
    return packed if packed.is_file() and not file.is_file() else file


def open_text(file: Path) -> IO[str]:
    """Open a file of predictions for reading, gzipped or not."""
    if file.suffix == PACKED:
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")


def read_answers(cell: StoredCell, readout: str | None = None, with_scores: bool = False) -> Predictions:
    """Read the test answers of a cell, as text, checked row by row.

    Raises :class:`ErcBenchError` naming file and line for anything that does not fit.
    """
    file = predictions_file(cell, readout)
    labels = frozenset(cell.record["labels"])
    try:
        with open_text(file) as stream:
            text = stream.read()
        quick = None if with_scores else _plain(text, labels)
        return quick or _parse(csv.reader(io.StringIO(text, newline=""), strict=True), file, labels, with_scores)
    except FileNotFoundError:
        raise ErcBenchError(f"there is no file {file}", "The cell was not read out with that classifier.") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ErcBenchError(f"{file} cannot be read: {_one_line(error)}") from None


def _plain(text: str, labels: frozenset[str]) -> Predictions | None:
    """Read answers without quotes and without a mistake; for all others the whole parser is asked."""
    text = text.replace("\r\n", "\n").removesuffix("\n")
    header, *lines = text.split("\n")
    uneven = {line.count(",") for line in lines} != {header.count(",")}
    if uneven or '"' in text or "\r" in text or tuple(header.split(",")[:4]) != KEY_COLUMNS:
        return None
    # One split of all lines together takes a third of the time of one split for each line.
    fields, width = ",".join(lines).split(","), header.count(",") + 1
    dialogue_ids, positions, gold, predicted = (fields[column::width] for column in range(4))
    utterances = _positions(tuple(dialogue_ids), tuple(positions))
    if utterances is None or {*gold, *predicted} - labels:
        return None
    return Predictions(dialogue_ids, list(utterances), gold, predicted, tuple(header.split(",")[4:]))


@lru_cache(maxsize=8)
def _positions(dialogue_ids: tuple[str, ...], positions: tuple[str, ...]) -> tuple[int, ...] | None:
    """Return the positions as numbers; nothing where one is none, or an utterance is there twice."""
    try:
        numbers = tuple(map(int, positions))
    except ValueError:
        return None
    return numbers if len(set(zip(dialogue_ids, positions, strict=True))) == len(numbers) else None


def _parse(lines: Iterator[list[str]], file: Path, labels: frozenset[str], with_scores: bool) -> Predictions:
    header, rows = next(lines, []), list(lines)
    if tuple(header[:4]) != KEY_COLUMNS:
        raise ErcBenchError(f"{file}, line 1: the columns must begin with {','.join(KEY_COLUMNS)}")
    # Whole columns are checked at once; a loop over rows only looks for the line of what was found.
    if set(map(len, rows)) - {len(header)}:
        raise _at(file, rows, lambda row: len(row) != len(header), f"it does not have {len(header)} fields")
    dialogue_ids, positions, gold, predicted = ([row[column] for row in rows] for column in range(4))
    if unknown := sorted({*gold, *predicted} - labels):
        raise _at(file, rows, lambda row: unknown[0] in row[2:4], f"{unknown[0]!r} is not a label of the dataset")
    try:
        utterances = list(map(int, positions))
        scores = [list(map(float, row[4:])) for row in rows] if with_scores else []
    except ValueError:
        raise _at(file, rows, _not_numeric, "the position or a score is not a number") from None
    keys = Counter(zip(dialogue_ids, positions, strict=True))
    if len(keys) < len(rows):
        dialogue, turn = keys.most_common(1)[0][0]
        twice = f"utterance {turn} of dialogue {dialogue!r} appears {keys[dialogue, turn]} times"
        raise _at(file, rows, lambda row: row[:2] == [dialogue, turn], twice)
    return Predictions(dialogue_ids, utterances, gold, predicted, tuple(header[4:]), scores)


def _at(file: Path, rows: list[list[str]], wrong: Callable[[list[str]], bool], sentence: str) -> ErcBenchError:
    line = next(number for number, row in enumerate(rows, start=2) if wrong(row))
    return ErcBenchError(f"{file}, line {line}: {sentence}")


def _not_numeric(row: list[str]) -> bool:
    try:
        int(row[1])
        list(map(float, row[4:]))
    except ValueError:
        return True
    return False


def read_predictions(cell: StoredCell, readout: str | None = None) -> pd.DataFrame:
    """Return the test answers of a cell as a frame: keys, gold, predicted, one score per label.

    Dialogue ids and labels are text whatever they look like ("0", "None", "NA").
    Raises :class:`ErcBenchError` naming file and line for anything that does not fit.
    """
    import pandas as pd

    answers = read_answers(cell, readout, with_scores=True)
    columns: dict[str, Any] = {
        "dialogue_id": pd.Series(answers.dialogue_ids, dtype=object),
        "utterance": pd.Series(answers.utterances, dtype="int64"),
        "gold": pd.Series(answers.gold, dtype=object),
        "predicted": pd.Series(answers.predicted, dtype=object),
    }
    for position, label in enumerate(answers.score_labels):
        columns[label] = pd.Series([scores[position] for scores in answers.scores], dtype="float64")
    return pd.DataFrame(columns)

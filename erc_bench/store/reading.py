"""Read stored cells: plain data, no torch, nothing unpickled, nothing half-written taken for done."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from erc_bench.errors import ErcBenchError
from erc_bench.store.checking import check_record
from erc_bench.store.collection import without_collection
from erc_bench.store.layout import (
    KEY_COLUMNS,
    PACKED,
    PREDICTIONS_FILE,
    RECORD_FILE,
    RECORD_FORMAT,
    STATUS_FILE,
    readout_file,
)
from erc_bench.store.packed import unpack

if TYPE_CHECKING:
    import pandas as pd

    from erc_bench.store.plain_answers import CodedAnswers

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
    present = _file_names(folder)
    unseen = [str(name) for name in files if not {str(name), f"{name}{PACKED}"} & present]
    missing = [name for name in unseen if not _as_stored(folder / name).is_file()]
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
    """Open a file of predictions for reading, gzipped or not.

    Raises :class:`ErcBenchError` for a gzipped file that cannot be unpacked or is beyond all measure.
    """
    if file.suffix == PACKED:
        return io.StringIO(unpack(file).decode("utf-8"), newline="")
    return file.open(encoding="utf-8", newline="")


def read_answers(cell: StoredCell, readout: str | None = None, with_scores: bool = False) -> Predictions:
    """Read the test answers of a cell, as text, checked row by row.

    Raises :class:`ErcBenchError` naming file and line for anything that does not fit.
    """
    file, labels = predictions_file(cell, readout), cell.record["labels"]
    content = _content(file)
    plain = None if with_scores else _plain(content, file, labels)
    if plain is None:
        return _parsed(content, file, labels, with_scores)
    asked, predicted = plain.asked, [labels[place] for place in plain.predicted.tolist()]
    return Predictions(
        list(asked.dialogue_ids), list(asked.utterances), list(asked.gold), predicted, plain.score_labels
    )


def read_coded(cell: StoredCell, readout: str | None = None) -> CodedAnswers:
    """Read the test answers of a cell as :func:`read_answers` does, as positions in the record's labels.

    Raises :class:`ErcBenchError` naming file and line for anything that does not fit.
    """
    from erc_bench.metrics import label_indices
    from erc_bench.store.plain_answers import CodedAnswers, shared_utterances

    file, labels = predictions_file(cell, readout), cell.record["labels"]
    content = _content(file)
    if plain := _plain(content, file, labels):
        return plain
    found = _parsed(content, file, labels, with_scores=False)
    asked = shared_utterances(tuple(found.dialogue_ids), tuple(found.utterances), tuple(found.gold))
    return CodedAnswers(asked, label_indices(found.predicted, labels), found.score_labels)


def _content(file: Path) -> bytes:
    try:
        return unpack(file) if file.suffix == PACKED else file.read_bytes()
    except FileNotFoundError:
        raise ErcBenchError(f"there is no file {file}", "The cell was not read out with that classifier.") from None
    except OSError as error:
        raise _unreadable(file, error) from None


def _plain(content: bytes, file: Path, labels: list[str]) -> CodedAnswers | None:
    from erc_bench.store.plain_answers import plain_answers

    try:
        return plain_answers(content, labels)
    except UnicodeDecodeError as error:
        raise _unreadable(file, error) from None


def _parsed(content: bytes, file: Path, labels: list[str], with_scores: bool) -> Predictions:
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        return _parse(lines, file, frozenset(labels), with_scores)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: Exception) -> ErcBenchError:
    return ErcBenchError(f"{file} cannot be read: {_one_line(error)}")


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

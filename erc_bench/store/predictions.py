"""Read the answers of stored cells: text, checked row by row, gzipped or not."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import KEY_COLUMNS, PACKED, PREDICTIONS_FILE, readout_file
from erc_bench.store.plain_predictions import CodedAnswers
from erc_bench.store.reading import StoredCell, one_line
from erc_bench.store.regular_files import as_stored, unpack

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Predictions:
    """The answers of one classifier on the test split; all lists have n entries.

    An empty text in ``predicted`` is an utterance to which there was no answer.
    ``scores`` is empty unless it was asked for; its columns are ``score_labels``.
    """

    dialogue_ids: list[str]
    utterances: list[int]
    gold: list[str]
    predicted: list[str]
    score_labels: tuple[str, ...] = ()
    scores: list[list[float]] = field(default_factory=list)


def predictions_file(cell: StoredCell, readout: str | None = None) -> Path:
    """Return the file with the answers of the method's own classifier, or of a further one."""
    return as_stored(cell.folder / (readout_file(readout) if readout else PREDICTIONS_FILE))


def read_answers(cell: StoredCell, readout: str | None = None, with_scores: bool = False) -> Predictions:
    """Read the test answers of a cell, as text, checked row by row.

    Raises :class:`ErcBenchError` naming file and line for anything that does not fit.
    """
    file, labels = predictions_file(cell, readout), cell.record["labels"]
    return _parsed(read_file(file), file, labels, with_scores)


def read_coded(cell: StoredCell, readout: str | None = None) -> CodedAnswers:
    """Read the test answers of a cell as :func:`read_answers` does, as positions in the record's labels.

    Raises :class:`ErcBenchError` naming file and line for anything that does not fit.
    """
    kept = cell.answers and cell.answers.find(readout or "")
    if kept:
        return kept
    answers = _coded(cell, readout)
    if cell.answers:
        cell.answers.keep(readout or "", answers)
    return answers


def _coded(cell: StoredCell, readout: str | None) -> CodedAnswers:
    from erc_bench.statistics.metrics import answer_indices
    from erc_bench.store.plain_predictions import CodedAnswers, as_codes, shared_utterances

    file, labels = predictions_file(cell, readout), cell.record["labels"]
    content = read_file(file)
    if plain := _plain(content, file, labels):
        return plain
    found = _parsed(content, file, labels, with_scores=False)
    asked = shared_utterances(tuple(found.dialogue_ids), tuple(found.utterances), tuple(found.gold))
    return CodedAnswers(asked, as_codes(answer_indices(found.predicted, labels), labels), found.score_labels)


def read_file(file: Path) -> bytes:
    """Return the text of a file of predictions, unpacked; raise :class:`ErcBenchError` where it cannot be read."""
    try:
        return unpack(file) if file.suffix == PACKED else file.read_bytes()
    except FileNotFoundError:
        raise ErcBenchError(f"there is no file {file}", "The cell was not read out with that classifier.") from None
    except OSError as error:
        raise _unreadable(file, error) from None


def _plain(content: bytes, file: Path, labels: list[str]) -> CodedAnswers | None:
    from erc_bench.store.plain_predictions import plain_answers

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
    return ErcBenchError(f"{file} cannot be read: {one_line(error)}")


def _parse(lines: Iterator[list[str]], file: Path, labels: frozenset[str], with_scores: bool) -> Predictions:
    header, rows = next(lines, []), list(lines)
    if tuple(header[:4]) != KEY_COLUMNS:
        raise ErcBenchError(f"{file}, line 1: the columns must begin with {','.join(KEY_COLUMNS)}")
    # Whole columns are checked at once; a loop over rows only looks for the line of what was found.
    if set(map(len, rows)) - {len(header)}:
        raise _at(file, rows, lambda row: len(row) != len(header), f"it does not have {len(header)} fields")
    dialogue_ids, positions, gold, predicted = ([row[column] for row in rows] for column in range(4))
    if unknown := sorted({*gold, *filter(None, predicted)} - labels):
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


@dataclass(frozen=True, eq=False)
class ScoredAnswers:
    """The answers of one classifier, and its scores: (n, classes), a column for each of ``answers.score_labels``."""

    answers: CodedAnswers
    scores: npt.NDArray[np.float64]


def read_scored(cell: StoredCell, readout: str | None = None) -> ScoredAnswers:
    """Read the test answers of a cell with their scores.

    Raises :class:`ErcBenchError` naming file and line for anything that does not fit.
    """
    answers = read_coded(cell, readout)
    shape = len(answers.predicted), len(answers.score_labels)
    values = _plain_scores(cell, readout) if answers.score_labels else []
    if values is None or len(values) != shape[0] * shape[1]:
        # The parser of CSV reads what is not plain, and names the line of a mistake.
        values = [score for row in read_answers(cell, readout, with_scores=True).scores for score in row]
    return ScoredAnswers(answers, np.array(values, dtype=np.float64).reshape(shape))


def _plain_scores(cell: StoredCell, readout: str | None) -> list[float] | None:
    """Return all scores in the order of the file; ``None`` where it is not plain, or a score is not a number."""
    content = read_file(predictions_file(cell, readout))
    if b'"' in content:
        return None
    keys = len(KEY_COLUMNS)
    rows = [line.split(b",", keys) for line in content.splitlines()[1:]]
    try:
        return list(map(float, b",".join([row[keys] for row in rows]).split(b","))) if rows else []
    except (IndexError, ValueError):
        return None

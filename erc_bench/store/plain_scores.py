"""Read the scores of answers as one array, without a loop over fields where the file is plain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import KEY_COLUMNS, PACKED
from erc_bench.store.packed import unpack
from erc_bench.store.plain_answers import CodedAnswers
from erc_bench.store.predictions import predictions_file, read_answers, read_coded
from erc_bench.store.reading import StoredCell


@dataclass(frozen=True, eq=False)
class ScoredAnswers:
    """What one classifier answered, and its scores: (n, classes), a column for each of ``answers.score_labels``."""

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
    """Return all scores in the order of the file; ``None`` where it is not plain, or holds what is no number."""
    file = predictions_file(cell, readout)
    try:
        content = unpack(file) if file.suffix == PACKED else file.read_bytes()
    except OSError as error:
        raise ErcBenchError(f"{file} cannot be read: {error.strerror or error}") from None
    if b'"' in content:
        return None
    keys = len(KEY_COLUMNS)
    rows = [line.split(b",", keys) for line in content.splitlines()[1:]]
    try:
        return list(map(float, b",".join([row[keys] for row in rows]).split(b","))) if rows else []
    except (IndexError, ValueError):
        return None

"""The columns of a file of answers, under our names or under those of published corpora."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from erc_bench.comparison.scoring.scored_split import Split
from erc_bench.corpora.csv_table import Row, read_csv
from erc_bench.errors import ErcBenchError

KEY_COLUMNS = ("dialogue_id", "utterance", "predicted")
SEED, GOLD = "seed", "gold"
COLUMNS_HINT = (
    "The columns are dialogue_id, utterance (its position in the dialogue, from 0) and predicted; gold, seed and one"
    " column of scores for each label may stand beside them: erc-bench score --help."
)
_OTHER_NAMES = {"dialogue_id": ("Dialogue_ID",), "utterance": ("Utterance_ID", "utterance_id")}
"""The names that the files of corpora have for a column; the first of a file counts where ours is not there."""


@dataclass(frozen=True)
class Columns:
    """How a file names its columns; ``by_id`` says that utterances go by the corpus's ids, not by their positions."""

    dialogue: str
    utterance: str

    @property
    def by_id(self) -> bool:
        """Whether an utterance is named by its id in the corpus."""
        return self.utterance != "utterance"

    @property
    def known(self) -> tuple[str, ...]:
        """The columns that are read of every file."""
        return (self.dialogue, self.utterance, "predicted", SEED, GOLD)


@dataclass(frozen=True)
class Answer:
    """One line of a file: which run, which utterance, what was answered.

    ``position`` is that of the utterance in its dialogue; below 0 where the dialogue has no utterance of this id.
    """

    row: Row
    seed: int | None
    dialogue: str
    position: int
    utterance: str
    predicted: str

    @property
    def key(self) -> tuple[str, int]:
        """The utterance."""
        return self.dialogue, self.position


def read_columns(file: Path, content: bytes | None, split: Split) -> tuple[Columns, list[Answer]]:
    """Read the answers of a CSV file; ``content`` stands for its bytes where they were unpacked.

    Raises :class:`ErcBenchError` for a column that is missing, and a position or a seed that is no number.
    """
    try:
        rows = read_csv(file, (), content)
        columns = _columns(rows[0].values if rows else ())
        if not rows or not {*columns.known[:3]} <= {*rows[0].values}:
            read_csv(file, (columns.dialogue, columns.utterance, "predicted"), content)
            raise ErcBenchError(f"{file} holds no predictions")
        return columns, list(_answers(rows, columns, split))
    except ErcBenchError as error:
        raise ErcBenchError(error.message, COLUMNS_HINT) from None


def _columns(names: Iterable[str]) -> Columns:
    there = set(names)
    found = {
        ours: next((name for name in (ours, *others) if name in there), ours) for ours, others in _OTHER_NAMES.items()
    }
    return Columns(found["dialogue_id"], found["utterance"])


def _answers(rows: Sequence[Row], columns: Columns, split: Split) -> Iterator[Answer]:
    places = _places(split) if columns.by_id else {}
    for row in rows:
        seed = row.whole_number(SEED) if SEED in row.values else None
        dialogue, utterance = row[columns.dialogue], row[columns.utterance].strip()
        position = places.get((dialogue, utterance), -1) if columns.by_id else row.whole_number(columns.utterance)
        yield Answer(row, seed, dialogue, position, utterance, row["predicted"])


def _places(split: Split) -> dict[tuple[str, str], int]:
    """Return the position of each utterance by dialogue and id.

    Raises :class:`ErcBenchError` where the corpus gives its utterances no ids.
    """
    places = {
        (dialogue.id, turn.id): position
        for dialogue in split.dialogues
        for position, turn in enumerate(dialogue.utterances)
        if turn.id
    }
    if not places:
        raise ErcBenchError(f"{split.dataset} has no ids of utterances: give their positions, in the column utterance")
    return places

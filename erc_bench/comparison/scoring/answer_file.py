"""Read answers that another program wrote, and hold them against the corpus: nothing is dropped silently."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from erc_bench.contracts.types import Dialogue, UtteranceKey
from erc_bench.corpora.csv_table import Row, read_csv
from erc_bench.errors import ErcBenchError, naming
from erc_bench.names import did_you_mean
from erc_bench.store.layout import PACKED
from erc_bench.store.regular_files import unpack

KEY_COLUMNS = ("dialogue_id", "utterance", "predicted")
FURTHER_COLUMNS = ("gold", "seed")
COLUMNS_HINT = (
    "The columns are dialogue_id, utterance (its position in the dialogue, from 0) and predicted; gold, seed and one"
    " column of scores for each label may stand beside them: erc-bench score --help."
)
_MOST_TOLD = 20


@dataclass(frozen=True)
class Split:
    """The split that is scored. ``gold`` maps its labelled utterances, in the order of the corpus, to their labels.

    ``layout`` names the files that were read where the corpus comes in several layouts, ``other_layouts``
    those that were not.
    """

    dataset: str
    name: str
    labels: tuple[str, ...]
    dialogues: tuple[Dialogue, ...]
    layout: str = ""
    other_layouts: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How messages name it."""
        return f"the {self.name} split of {self.dataset}"

    def gold(self) -> dict[UtteranceKey, str]:
        """Return the label of each utterance that the task scores."""
        return {
            (dialogue.id, position): dialogue.utterances[position].label or ""
            for dialogue in self.dialogues
            for position in dialogue.targets()
        }


@dataclass(frozen=True)
class _Problem:
    """One kind of mistake, and the lines of the file that have it; an utterance without a prediction has no line."""

    sentence: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class AnswerFile:
    """The answers of one file: by seed (``None`` where the file has no seeds) a label for each scored utterance.

    The labels follow the order of :meth:`Split.gold`. ``notes`` name everything else in the file.
    """

    file: Path
    runs: Mapping[int | None, tuple[str, ...]]
    notes: tuple[str, ...]


def read_answers(file: Path, split: Split) -> AnswerFile:
    """Read a CSV file of predictions for a split; one whose name ends in .gz is unpacked.

    Raises :class:`ErcBenchError` for a file that cannot be unpacked, and one that lists, with their
    lines, ids that the split does not have, answers given twice, labels that are none, gold labels that
    are not those of the corpus, and utterances without an answer.
    """
    unpacked = _unpacked(file)
    try:
        rows = read_csv(file, KEY_COLUMNS, unpacked)
        keyed = [
            (
                row.whole_number("seed") if "seed" in row.values else None,
                (row["dialogue_id"], row.whole_number("utterance")),
                row,
            )
            for row in rows
        ]
    except ErcBenchError as error:
        raise ErcBenchError(error.message, COLUMNS_HINT) from None
    if not rows:
        raise ErcBenchError(f"{file} holds no predictions", COLUMNS_HINT)
    gold = split.gold()
    runs: dict[int | None, dict[UtteranceKey, Row]] = {}
    problems = _placed(keyed, split, runs)
    problems += _labels(rows, split, gold, keyed)
    problems += [
        _Problem(f"{_named(key, seed)} has no prediction")
        for seed, answered in runs.items()
        for key in gold
        if key not in answered
    ]
    _raise(file, split, problems)
    answers = {seed: tuple(answered[key]["predicted"] for key in gold) for seed, answered in runs.items()}
    return AnswerFile(file, dict(sorted(answers.items(), key=str)), tuple(_notes(rows, split, keyed, gold)))


def _unpacked(file: Path) -> bytes | None:
    if file.suffix != PACKED:
        return None
    with naming(f"{file} cannot be read", COLUMNS_HINT):
        return unpack(file)


_Keyed = Sequence[tuple[int | None, UtteranceKey, Row]]


def _placed(keyed: _Keyed, split: Split, runs: dict[int | None, dict[UtteranceKey, Row]]) -> list[_Problem]:
    """Fill ``runs`` with the rows whose ids the split has; return the mistakes of the others."""
    lengths = {dialogue.id: len(dialogue.utterances) for dialogue in split.dialogues}
    problems = []

    def wrong(row: Row, sentence: str) -> None:
        problems.append(_Problem(f"line {row.line}: {sentence}", (row.line,)))

    for seed, key, row in keyed:
        dialogue, position = key
        answered = runs.setdefault(seed, {})
        if dialogue not in lengths:
            wrong(row, f"{split.words} has no dialogue {dialogue!r}")
        elif position >= lengths[dialogue]:
            last = lengths[dialogue] - 1
            wrong(row, f"dialogue {dialogue!r} has the utterances 0 to {last}, found {position}")
        elif key in answered:
            wrong(row, f"{_named(key, seed)} is answered before, on line {answered[key].line}")
        else:
            answered[key] = row
    return problems


def _named(key: UtteranceKey, seed: int | None) -> str:
    return f"utterance {key[1]} of dialogue {key[0]!r}" + ("" if seed is None else f" with seed {seed}")


def _labels(rows: Sequence[Row], split: Split, gold: Mapping[UtteranceKey, str], keyed: _Keyed) -> list[_Problem]:
    unknown: dict[str, list[int]] = {}
    for row in rows:
        if row["predicted"] not in split.labels:
            unknown.setdefault(row["predicted"], []).append(row.line)
    problems = [
        _Problem(
            f"line {lines[0]}{f' and {len(lines) - 1} more' if lines[1:] else ''}: predicted {label!r} is not a label"
            f" of {split.dataset};"
            f" {did_you_mean(label, split.labels)}",
            tuple(lines),
        )
        for label, lines in unknown.items()
    ]
    if "gold" not in rows[0].values:
        return problems
    for _, key, row in keyed:
        # An utterance without a label in the corpus cannot disagree with it.
        if key in gold and row["gold"] != gold[key]:
            sentence = f"line {row.line}: gold is {row['gold']!r}, where {split.words} says {gold[key]!r}"
            problems.append(_Problem(sentence, (row.line,)))
    return problems


def _raise(file: Path, split: Split, problems: Sequence[_Problem]) -> None:
    if not problems:
        return
    further = len(problems) - _MOST_TOLD
    told = [problem.sentence for problem in problems[:_MOST_TOLD]]
    told += [f"and {further} more"] if further > 0 else []
    raise ErcBenchError(f"{file}: {_counted(split, problems)}", "\n".join([*told, COLUMNS_HINT]))


def _counted(split: Split, problems: Sequence[_Problem]) -> str:
    """Say how many predictions do not fit and how many are missing, however many problems a line has."""
    odd = len({line for problem in problems for line in problem.lines})
    missing = sum(not problem.lines for problem in problems)
    unfit = "one prediction does" if odd == 1 else f"{odd} predictions do"
    bare = "one utterance has" if missing == 1 else f"{missing} utterances have"
    if not odd:
        return f"{bare} no prediction in {split.words}"
    return f"{unfit} not fit {split.words}" + (f", and {bare} none" if missing else "")


def _notes(rows: Sequence[Row], split: Split, keyed: _Keyed, gold: Mapping[UtteranceKey, str]) -> Iterable[str]:
    unscored = sum(key not in gold for _, key, _ in keyed)
    if unscored:
        yield f"{unscored} predictions are of utterances that the task does not label: they are not scored"
    known = (*KEY_COLUMNS, *FURTHER_COLUMNS, *split.labels)
    odd = [column for column in rows[0].values if column not in known]
    if odd:
        yield f"columns that are not read: {', '.join(odd)}"
    scores = [label for label in split.labels if label in rows[0].values]
    if scores and len(scores) < len(split.labels):
        lacking = [label for label in split.labels if label not in scores]
        yield f"scores are not looked at: there are none for {', '.join(lacking)}"
    elif scores:
        yield from _score_notes(rows, split)


def _score_notes(rows: Sequence[Row], split: Split) -> Iterable[str]:
    """Yield a note where the scores contradict the answers; a score that is not a number is an error."""
    against: Counter[str] = Counter()
    for row in rows:
        scores = {label: _number(row, label) for label in split.labels}
        against["rows"] += scores[row["predicted"]] < max(scores.values())
    if against["rows"]:
        yield f"{against['rows']} predictions are not the label with the highest score; the column predicted counts"


def _number(row: Row, column: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ErcBenchError(f"{row.place}: the score of {column} must be a number, found {row[column]!r}", COLUMNS_HINT)
    return value

"""Read answers that another program wrote, and hold them against the corpus: nothing is dropped silently."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from erc_bench.comparison.scoring.answer_columns import COLUMNS_HINT, GOLD, Answer, Columns, read_columns
from erc_bench.comparison.scoring.scored_split import Split
from erc_bench.contracts.types import UtteranceKey
from erc_bench.corpora.csv_table import Row
from erc_bench.errors import ErcBenchError, OptionName, naming
from erc_bench.names import did_you_mean
from erc_bench.store.layout import PACKED
from erc_bench.store.regular_files import unpack

_MOST_TOLD = 20


@dataclass(frozen=True)
class _Problem:
    """One kind of mistake, and the lines of the file that have it; an utterance without a prediction has no line."""

    sentence: str
    lines: tuple[int, ...] = ()
    remedy: str = ""


@dataclass(frozen=True)
class AnswerFile:
    """The answers of one file: by seed (``None`` where the file has no seeds) a label for each scored utterance.

    The labels follow the order of :meth:`Split.gold`. ``unknown`` counts, by their text, the answers to scored
    utterances that are no label, of all runs. ``notes`` name everything else in the file.
    """

    file: Path
    runs: Mapping[int | None, tuple[str, ...]]
    notes: tuple[str, ...]
    unknown: Mapping[str, int] = field(default_factory=dict)


def read_answers(file: Path, split: Split, unknown_as_wrong: bool = False) -> AnswerFile:
    """Read a CSV file of predictions for a split; one whose name ends in .gz is unpacked.

    With ``unknown_as_wrong`` an answer that is no label stays as it is, and is wrong.

    Raises :class:`ErcBenchError` for a file that cannot be unpacked, and one that lists, with their
    lines, ids that the split does not have, answers given twice, labels that are none, gold labels that
    are not those of the corpus, and utterances without an answer.
    """
    columns, given = read_columns(file, _unpacked(file), split)
    gold = split.gold()
    runs: dict[int | None, dict[UtteranceKey, Answer]] = {}
    problems = _placed(given, columns, split, runs)
    problems += [] if unknown_as_wrong else _labels(given, split)
    problems += _gold(given, split, gold)
    problems += [
        _Problem(f"{_named(key, seed)} has no prediction")
        for seed, answered in runs.items()
        for key in gold
        if key not in answered
    ]
    _raise(file, split, problems)
    answers = {seed: tuple(answered[key].predicted for key in gold) for seed, answered in runs.items()}
    unknown = Counter(label for run in answers.values() for label in run if label not in split.labels)
    notes = tuple(_notes(given, columns, split, gold))
    return AnswerFile(file, dict(sorted(answers.items(), key=str)), notes, dict(unknown.most_common()))


def _unpacked(file: Path) -> bytes | None:
    if file.suffix != PACKED:
        return None
    with naming(f"{file} cannot be read", COLUMNS_HINT):
        return unpack(file)


def _placed(
    given: Sequence[Answer], columns: Columns, split: Split, runs: dict[int | None, dict[UtteranceKey, Answer]]
) -> list[_Problem]:
    """Fill ``runs`` with the answers whose ids the split has; return the mistakes of the others."""
    lengths = {dialogue.id: len(dialogue.utterances) for dialogue in split.dialogues}
    problems = []

    def wrong(answer: Answer, sentence: str) -> None:
        problems.append(_Problem(f"line {answer.row.line}: {sentence}", (answer.row.line,)))

    for answer in given:
        answered = runs.setdefault(answer.seed, {})
        dialogue, position = answer.key
        if dialogue not in lengths:
            wrong(answer, f"{split.words} has no dialogue {dialogue!r}")
        elif position < 0:
            wrong(answer, f"dialogue {dialogue!r} has no utterance with the {columns.utterance} {answer.utterance!r}")
        elif position >= lengths[dialogue]:
            last = lengths[dialogue] - 1
            wrong(answer, f"dialogue {dialogue!r} has the utterances 0 to {last}, found {position}")
        elif answer.key in answered:
            before = answered[answer.key].row.line
            wrong(answer, f"{_named(answer.key, answer.seed)} is answered before, on line {before}")
        else:
            answered[answer.key] = answer
    return problems


def _named(key: UtteranceKey, seed: int | None) -> str:
    return f"utterance {key[1]} of dialogue {key[0]!r}" + ("" if seed is None else f" with seed {seed}")


def _labels(given: Sequence[Answer], split: Split) -> list[_Problem]:
    unknown: dict[str, list[int]] = {}
    for answer in given:
        if answer.predicted not in split.labels:
            unknown.setdefault(answer.predicted, []).append(answer.row.line)
    return [
        _Problem(
            f"line {lines[0]}{f' and {len(lines) - 1} more' if lines[1:] else ''}: predicted {label!r} is not a label"
            f" of {split.dataset};"
            f" {did_you_mean(label, split.labels)}",
            tuple(lines),
            f"Answers that are no label, as language models give them, count as wrong with"
            f" {OptionName('unknown_as_wrong')}.",
        )
        for label, lines in unknown.items()
    ]


def _gold(given: Sequence[Answer], split: Split, gold: Mapping[UtteranceKey, str]) -> list[_Problem]:
    if GOLD not in given[0].row.values:
        return []
    # An utterance without a label in the corpus cannot disagree with it.
    against = [answer for answer in given if answer.key in gold and answer.row[GOLD] != gold[answer.key]]
    return [
        _Problem(
            f"line {answer.row.line}: gold is {answer.row[GOLD]!r}, where {split.words} says {gold[answer.key]!r}",
            (answer.row.line,),
        )
        for answer in against
    ]


def _raise(file: Path, split: Split, problems: Sequence[_Problem]) -> None:
    if not problems:
        return
    further = len(problems) - _MOST_TOLD
    told = [problem.sentence for problem in problems[:_MOST_TOLD]]
    told += [f"and {further} more"] if further > 0 else []
    remedies = dict.fromkeys(problem.remedy for problem in problems if problem.remedy)
    raise ErcBenchError(f"{file}: {_counted(split, problems)}", "\n".join([*told, *remedies, COLUMNS_HINT]))


def _counted(split: Split, problems: Sequence[_Problem]) -> str:
    """Say how many predictions do not fit and how many are missing, however many problems a line has."""
    odd = len({line for problem in problems for line in problem.lines})
    missing = sum(not problem.lines for problem in problems)
    unfit = "one prediction does" if odd == 1 else f"{odd} predictions do"
    bare = "one utterance has" if missing == 1 else f"{missing} utterances have"
    if not odd:
        return f"{bare} no prediction in {split.words}"
    return f"{unfit} not fit {split.words}" + (f", and {bare} none" if missing else "")


def _notes(given: Sequence[Answer], columns: Columns, split: Split, gold: Mapping[UtteranceKey, str]) -> Iterable[str]:
    unscored = sum(answer.key not in gold for answer in given)
    if unscored:
        yield f"{unscored} predictions are of utterances that the task does not label: they are not scored"
    there = given[0].row.values
    odd = [column for column in there if column not in (*columns.known, *split.labels)]
    if odd:
        yield f"columns that are not read: {', '.join(odd)}"
    scores = [label for label in split.labels if label in there]
    if scores and len(scores) < len(split.labels):
        lacking = [label for label in split.labels if label not in scores]
        yield f"scores are not looked at: there are none for {', '.join(lacking)}"
    elif scores:
        yield from _score_notes(given, split)


def _score_notes(given: Sequence[Answer], split: Split) -> Iterable[str]:
    """Yield a note where the scores contradict the answers; a score that is not a number is an error."""
    against = 0
    for answer in given:
        scores = {label: _number(answer.row, label) for label in split.labels}
        # An answer that is no label is told as such.
        against += scores.get(answer.predicted, math.inf) < max(scores.values())
    if against:
        yield f"{against} predictions are not the label with the highest score; the column predicted counts"


def _number(row: Row, column: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ErcBenchError(f"{row.place}: the score of {column} must be a number, found {row[column]!r}", COLUMNS_HINT)
    return value

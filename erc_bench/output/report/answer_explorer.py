"""The data of the confusion explorer: every method's answer to every test utterance, compactly encoded.

One character stands for one answer: the class index behind U+0030. A few hundred cells over the
test splits of the field's corpora are about a megabyte in this form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.output.report.report_data import ReportRow, Text
from erc_bench.statistics.metrics import label_indices
from erc_bench.store.plain_predictions import AskedUtterances, CodedAnswers, Codes
from erc_bench.store.predictions import read_coded

FORMAT = 1
MOST_ANSWERS = 4_000_000
"""Answers (utterances times cells) that one page holds."""
MOST_TEXT = 4_000_000
"""Characters of text that one page holds."""
_FIRST = ord("0")
_NO_ANSWER = "(no answer)"


def explorer(shown: Sequence[ReportRow], texts: Mapping[str, Text]) -> tuple[dict[str, Any], list[str]]:
    """Return the explorer's data, plain JSON values, and notes on everything left out.

    ``texts`` are by the title of the column. Where there are more answers than a page can hold, the
    first seeds of each row stay; where there is too much text, datasets lose theirs, the last first.
    """
    by_column: dict[str, list[ReportRow]] = {}
    for each in shown:
        if each.column.split == "test":
            by_column.setdefault(each.column.title, []).append(each)
    notes: list[str] = []
    most = _seeds_that_fit(shown, notes)
    columns = [_column(title, members, most, notes) for title, members in by_column.items()] if most else []
    columns = [column for column in columns if column["rows"]]
    _add_text(columns, texts, notes)
    return {"format": FORMAT, "columns": columns}, notes


def _seeds_that_fit(shown: Sequence[ReportRow], notes: list[str]) -> int:
    """Return how many seeds of each row may be there."""
    sizes = [(len(each.cells), each.column.utterances or 0) for each in shown]
    wanted = max(seeds for seeds, _ in sizes)
    fitting = wanted
    while fitting and sum(min(fitting, seeds) * utterances for seeds, utterances in sizes) > MOST_ANSWERS:
        fitting -= 1
    if fitting < wanted:
        kept = f"only the first {fitting} of up to {wanted} seeds are" if fitting else "nothing is"
        notes.append(
            f"the confusion explorer would make this page too large: {kept} in it;"
            " name fewer rows with --dataset and --method"
        )
    return fitting


@dataclass(frozen=True)
class _Asked:
    """The utterances of a test split as the first file has them, and the order in which the page does."""

    first: AskedUtterances
    order: npt.NDArray[np.intp]

    def answers(self, found: CodedAnswers) -> Codes:
        """Return the answers in the order of the page.

        Raises :class:`ErcBenchError` where other utterances were answered, or with other gold labels.
        """
        if found.asked is self.first:  # files that ask the same share one object
            return found.predicted[self.order]
        keys, own = _keys(self.first), _keys(found.asked)
        if sorted(own) != sorted(keys):
            raise ErcBenchError("it answered other utterances than the rest, or to other gold labels")
        by_key = dict(zip(own, found.predicted.tolist(), strict=True))
        return np.array([by_key[keys[place]] for place in self.order], dtype=found.predicted.dtype)


def _asked(first: AskedUtterances) -> _Asked:
    dialogues = {dialogue: place for place, dialogue in enumerate(dict.fromkeys(first.dialogue_ids))}
    places = range(len(first.gold))
    order = sorted(places, key=lambda i: (dialogues[first.dialogue_ids[i]], first.utterances[i]))
    return _Asked(first, np.array(order, dtype=np.intp))


def _keys(asked: AskedUtterances) -> list[tuple[str, int, str]]:
    return list(zip(asked.dialogue_ids, asked.utterances, asked.gold, strict=True))


def _column(title: str, members: Sequence[ReportRow], most: int, notes: list[str]) -> dict[str, Any]:
    labels = [str(label) for label in members[0].record["labels"]]
    unanswered = chr(_FIRST + len(labels))
    asked: _Asked | None = None
    rows: list[dict[str, Any]] = []
    kept = []
    for each in members:
        seeds, answers = [], []
        for seed in each.score.seeds[:most]:
            try:
                found = read_coded(each.cells[seed], each.row.key.readout or None)
                asked = asked or _asked(found.asked)
                answers.append(_written(asked.answers(found)))
                seeds.append(seed)
            except ErcBenchError as error:
                notes.append(f"{each.cells[seed].name} is not in the confusion explorer: {error.message}")
        if seeds:
            rows.append({"label": each.row.label, "seeds": seeds, "answers": answers})
            kept.append(each)
    gold = _utterances(asked, labels) if asked else {}
    if any(unanswered in answers for row in rows for answers in row["answers"]):
        labels = [*labels, _NO_ANSWER]
    beside = {"opens": _opens(kept)} if kept else {}
    return {"title": title, "labels": labels, "rows": rows, **beside, **gold}


def _opens(kept: Sequence[ReportRow]) -> list[int]:
    """Return the places of the rows that the explorer opens with: the best row, and beside it its baseline."""
    column = kept[0].column
    baselines = {pair.row: pair.baseline for pair in column.pairs if pair.against_baseline}
    compared = [each for each in kept if each.score.row in baselines] or kept
    best = max(compared, key=lambda each: each.score.summary.mean)
    beside = baselines.get(best.score.row)
    return [kept.index(best), *(place for place, each in enumerate(kept) if each.score.row == beside)]


def _written(places: npt.NDArray[np.integer[Any]]) -> str:
    return (places.astype("<u4") + _FIRST).tobytes().decode("utf-32-le")


def _utterances(asked: _Asked, labels: Sequence[str]) -> dict[str, Any]:
    """Return the dialogues, how many of the utterances each has, and of each utterance position and gold label."""
    first = asked.first
    sizes: dict[str, int] = {}
    for place in asked.order:
        sizes[first.dialogue_ids[place]] = sizes.get(first.dialogue_ids[place], 0) + 1
    return {
        "dialogues": list(sizes),
        "sizes": list(sizes.values()),
        "positions": [first.utterances[place] for place in asked.order],
        "gold": _written(label_indices(first.gold, labels)[asked.order]),
    }


def _add_text(columns: Sequence[dict[str, Any]], texts: Mapping[str, Text], notes: list[str]) -> None:
    used = 0
    for column in columns:
        turns = _turns(column, texts.get(column["title"], Text("")))
        used += sum(len(said) for dialogue in turns for _, said in dialogue)
        if used > MOST_TEXT:
            turns = []
            notes.append(
                f"the text of {column['title']} would make this page too large: it is left out;"
                " name fewer datasets with --dataset"
            )
        column["speakers"], column["turns"] = _interned(turns)


def _turns(column: Mapping[str, Any], text: Text) -> list[Sequence[tuple[str, str]]]:
    """Return the turns of each dialogue up to its last scored one; empty where the text does not reach it."""
    last, start = [], 0
    for size in column["sizes"]:
        last.append(column["positions"][start + size - 1])
        start += size
    ends = list(zip(column["dialogues"], last, strict=True))
    found = [text.dialogues.get(dialogue, ())[: end + 1] for dialogue, end in ends]
    whole = [turns if len(turns) == end + 1 else () for turns, (_, end) in zip(found, ends, strict=True)]
    return whole if any(whole) else []


def _interned(turns: Sequence[Sequence[tuple[str, str]]]) -> tuple[list[str], list[list[Any]]]:
    """Return the names of speakers, and each dialogue as a list: index of the speaker, text, index, text, ..."""
    speakers: dict[str, int] = {}
    flat = [
        [part for speaker, said in dialogue for part in (speakers.setdefault(speaker, len(speakers)), said)]
        for dialogue in turns
    ]
    return list(speakers), flat

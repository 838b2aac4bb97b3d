"""The parts that a file of labelled conversations is split into, each as a table of its own."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from erc_bench.corpora.conversations.conversation import Document
from erc_bench.corpora.conversations.fields import folded, named
from erc_bench.corpora.conversations.writing import rows_of
from erc_bench.corpora.splitting import Unit, assign, units_of_dialogues, units_of_speakers
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean

Disjoint = Literal["dialogue", "speaker"]
Row = Mapping[str, str]
_LABEL = ("emotion", "emotions", "label", "labels", "gold")
_SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Part:
    """A part of a file: its rows as they stood there, how many dialogues they are, and how often each label comes."""

    rows: Sequence[Row]
    dialogues: int
    labels: Counter[str]

    def text(self, columns: Sequence[str]) -> str:
        """Return the part as CSV."""
        stream = io.StringIO()
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return stream.getvalue()


class Splitter:
    """Splits a document: dialogues, or all dialogues that share speakers, stay together."""

    def __init__(self, document: Document, label_column: str | None, disjoint: Disjoint, seed: int) -> None:
        self._rows = rows_of(document)
        self.columns = list(dict.fromkeys(name for _, row in self._rows for name in row))
        self.label_column = _label_column(self.columns, label_column)
        self._labels: list[list[str]] = [[] for _ in document.conversations]
        for number, row in self._rows:
            self._labels[number].append(row.get(self.label_column, "") if self.label_column else "")
        self._units = self._together(document, disjoint)
        self._seed = seed

    def splits(self, dev: float, test: float) -> dict[str, Part]:
        """Return train, dev and test."""
        return self._parts(assign(self._units, {"train": 1 - dev - test, "dev": dev, "test": test}, self._seed))

    def folds(self, count: int) -> list[dict[str, Part]]:
        """Return the splits of each fold: every dialogue is in test once, in dev once, and in train otherwise."""
        parts = list(assign(self._units, {f"fold {n + 1}": 1 / count for n in range(count)}, self._seed).values())
        found = []
        for place in range(count):
            held = {"dev": parts[(place + 1) % count], "test": parts[place]}
            left = {*range(len(self._labels))} - {dialogue for own in held.values() for dialogue in own}
            found.append(self._parts({"train": sorted(left), **held}))
        return found

    def _together(self, document: Document, disjoint: Disjoint) -> list[Unit]:
        if disjoint == "dialogue":
            return units_of_dialogues(self._labels)
        speakers = [{turn.speaker.strip() for turn in own.turns} for own in document.conversations]
        nameless = sum(1 for own in document.conversations for turn in own.turns if not turn.speaker.strip())
        if nameless:
            raise ErcBenchError(
                f"{nameless:,} turns name no speaker, who may be in another part",
                f"Name the column of speakers ({OptionName('speaker_column')}), or split by dialogues.",
            )
        return units_of_speakers(self._labels, speakers)

    def _parts(self, dialogues: Mapping[str, Sequence[int]]) -> dict[str, Part]:
        part_of = {dialogue: name for name, own in dialogues.items() for dialogue in own}
        rows: dict[str, list[Row]] = {name: [] for name in _SPLITS}
        for number, row in self._rows:
            rows[part_of[number]].append(row)
        return {
            name: Part(own, len(dialogues[name]), Counter(row.get(self.label_column or "", "") for row in own))
            for name, own in rows.items()
        }


def is_read_otherwise(document: Document) -> bool:
    """Whether turns are read in another order than they stand in, or with other texts than their fields have."""
    moved = any(positions != sorted(positions) for positions in document.positions())
    return moved or any(turn.text not in turn.fields.values() for _, turn, _ in document.in_order() if turn.text)


def _label_column(columns: Sequence[str], asked: str | None) -> str | None:
    if asked is None:
        return named(columns, _LABEL)
    found = named(columns, (folded(asked),))
    if found is None:
        raise ErcBenchError(f"there is no column {asked!r}; {did_you_mean(asked, columns)}")
    return found


def table_of(splits: Mapping[str, Part]) -> list[tuple[Any, ...]]:
    """Return a row for each split: its name, dialogues, utterances, and each label with its share."""
    found: list[tuple[Any, ...]] = []
    for name, part in splits.items():
        total = max(1, sum(part.labels.values()))
        shares = (f"{label or 'no label'} {count / total:.1%}" for label, count in part.labels.most_common())
        found.append((name, part.dialogues, len(part.rows), ", ".join(shares)))
    return found

"""A small corpus in MELD's files, easy enough that whatever learns learns it in seconds.

It is made in memory, changed there, and written where a method could look for it behind our back.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from erc_bench.contracts.dataset import DataFile, Dataset, Layout
from erc_bench.contracts.types import Dialogue, Splits, Utterance, UtteranceKey, gold_labels
from erc_bench.corpora.csv_table import Row, read_csv
from erc_bench.corpora.reading import known_label

_WORDS = {
    "anger": ("angry", "frustrated", "leave"),
    "joy": ("joyful", "happy", "excited"),
    "neutral": ("phone", "rang", "twice"),
    "sadness": ("sad", "alone", "nobody"),
}
_SHARES = {"anger": 3, "joy": 5, "neutral": 8, "sadness": 4}
"""Unequal, and unequal in each split alike: whoever counts labels must not get away with it."""
_FILLERS = ("you", "and", "the", "me", "that", "see", "today", "again", "came", "so")
"""All of these words are single tokens of the tiny backbone, which makes short rows and quick checks."""
_SPEAKERS = ("Ann", "Bob", "Cleo")
_COLUMNS = ("Sr No.", "Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")
_FILES = {split: f"{split}_sent_emo.csv" for split in ("train", "dev", "test")}
_DIALOGUES = {"train": 32, "dev": 10, "test": 14}
_TURNS = 6
_MOOD = 0.6
"""Share of the turns that are in the mood of their dialogue."""
_MIXED = 0.4
"""Share of the turns of dev and test that say a word of another label, too: no epoch is right everywhere."""


class SmallCorpus(Dataset):
    """Invented dialogues in the format of MELD's files, which a check writes and changes."""

    name = "small-corpus"
    source = "invented for the checks of erc-bench"
    labels = tuple(_WORDS)
    folder = "meld"
    layouts = (Layout("csv", tuple(DataFile(name) for name in _FILES.values())),)
    licence = "Apache-2.0"
    redistributable = True
    obtain = "Nothing to get: a check writes it."

    def load(self, folder: Path) -> Splits:
        """Read the three CSV files."""
        return Splits(*(self._split(folder / name) for name in _FILES.values()))

    def _split(self, path: Path) -> tuple[Dialogue, ...]:
        turns: dict[str, list[Utterance]] = {}
        for row in read_csv(path, _COLUMNS):
            turns.setdefault(row["Dialogue_ID"], []).append(self._utterance(row))
        return tuple(Dialogue(name, tuple(said)) for name, said in turns.items())

    def _utterance(self, row: Row) -> Utterance:
        label = known_label(row["Emotion"], self.labels, row.place)
        return Utterance(row["Speaker"], row["Utterance"], label, True, row["Utterance_ID"])


def small_corpus(seed: int = 0) -> Splits:
    """Return the corpus: 32, 10 and 14 dialogues of six turns, four labels of unequal frequency."""
    rng = Random(seed)
    made = {}
    for split, size in _DIALOGUES.items():
        mixed = 0.0 if split == "train" else _MIXED
        made[split] = tuple(_dialogue(number, mixed, rng) for number in range(size))
    return Splits(made["train"], made["dev"], made["test"])


def write_corpus(data_dir: Path, splits: Splits) -> None:
    """Write the three files below a data directory, over those that are there."""
    folder = data_dir / SmallCorpus.folder_name()
    folder.mkdir(parents=True, exist_ok=True)
    for split, dialogues in splits.items():
        with (folder / _FILES[split]).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(_COLUMNS)
            writer.writerows(_rows(dialogues))


def other_test_labels(splits: Splits) -> Splits:
    """Return the corpus with every label of test replaced by the next one.

    No label is right any more and every class has another size, so that whatever is read of the labels
    of test (the labels, their counts, which epoch scores best on them) is another thing.
    """
    labels = SmallCorpus.labels
    following = dict(zip(labels, labels[1:] + labels[:1], strict=True))
    return with_test_labels(splits, {key: following[label] for key, label in gold_labels(splits.test).items()})


def with_test_labels(splits: Splits, labels: Mapping[UtteranceKey, str]) -> Splits:
    """Return the corpus with these labels of test."""
    return replace(splits, test=_relabelled(splits.test, labels))


def with_dev_labels(splits: Splits, labels: Mapping[UtteranceKey, str]) -> Splits:
    """Return the corpus with these labels of dev."""
    return replace(splits, dev=_relabelled(splits.dev, labels))


def dev_as_test(splits: Splits) -> Splits:
    """Return the corpus with the dialogues of dev in place of those of test."""
    return replace(splits, test=splits.dev)


def second_half_backwards(splits: Splits) -> Splits:
    """Return the corpus with the second half of the test dialogues alone, the last one first.

    None of them has a dialogue before or behind it that it had, nor its place in the split.
    """
    return replace(splits, test=splits.test[: len(splits.test) // 2 - 1 : -1])


def future_changed(splits: Splits) -> Splits:
    """Return the corpus in which each test dialogue goes on otherwise, or ends, after :func:`kept_turns`."""
    return replace(splits, test=tuple(_continued(number, each) for number, each in enumerate(splits.test)))


def kept_turns(splits: Splits) -> dict[str, int]:
    """Return how many turns of each test dialogue :func:`future_changed` leaves as they are."""
    return {each.id: 1 + number % (_TURNS - 1) for number, each in enumerate(splits.test)}


def train_reversed(splits: Splits) -> Splits:
    """Return the corpus with the training dialogues in the opposite order."""
    return replace(splits, train=splits.train[::-1])


def _dialogue(number: int, mixed: float, rng: Random) -> Dialogue:
    mood = _draw(rng)
    turns = []
    for position in range(_TURNS):
        label = mood if rng.random() < _MOOD else _draw(rng)
        other = _draw(rng) if rng.random() < mixed else label
        turns.append(Utterance(rng.choice(_SPEAKERS), _say(label, other, rng), label, True, str(position)))
    return Dialogue(str(number), tuple(turns))


def _draw(rng: Random) -> str:
    return rng.choices(list(_SHARES), list(_SHARES.values()))[0]


def _say(label: str, other: str, rng: Random) -> str:
    words = [rng.choice(_WORDS[label]), rng.choice(_WORDS[other]), *rng.sample(_FILLERS, rng.randint(1, 3))]
    rng.shuffle(words)
    return " ".join(words)


def _rows(dialogues: Sequence[Dialogue]) -> Iterable[tuple[object, ...]]:
    for dialogue in dialogues:
        for turn in dialogue.utterances:
            yield 0, turn.text, turn.speaker, turn.label, dialogue.id, turn.id


def _relabelled(dialogues: Sequence[Dialogue], labels: Mapping[UtteranceKey, str]) -> tuple[Dialogue, ...]:
    def turns(dialogue: Dialogue) -> tuple[Utterance, ...]:
        return tuple(replace(turn, label=labels[dialogue.id, i]) for i, turn in enumerate(dialogue.utterances))

    return tuple(replace(dialogue, utterances=turns(dialogue)) for dialogue in dialogues)


def _continued(number: int, dialogue: Dialogue) -> Dialogue:
    kept = 1 + number % (_TURNS - 1)
    if number % 2 == 0:
        return replace(dialogue, utterances=dialogue.utterances[:kept])
    # Other words, other speakers, other labels, and more turns than there were.
    rng = Random(number)
    others = [label for label in _WORDS if label != dialogue.utterances[-1].label]
    said = [
        Utterance("Zoe", _say(label, label, rng), label, True, str(position))
        for position, label in enumerate(rng.choices(others, k=_TURNS - kept + 2), start=kept)
    ]
    return replace(dialogue, utterances=(*dialogue.utterances[:kept], *said))

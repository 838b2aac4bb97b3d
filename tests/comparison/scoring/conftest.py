"""A small corpus, and files of answers to it."""

import csv

import numpy as np
import pytest

from erc_bench.comparison.scoring.scored_split import Split
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.types import Dialogue, Splits, Utterance
from erc_bench.corpora.corpus import Corpus, count, fingerprint


class Series(Dataset):
    """Twelve dialogues of four episodes; the third turn of each has no label."""

    name = "series"
    labels = ("anger", "joy", "neutral")
    source = "invented"


def _dialogue(number):
    rng = np.random.default_rng(number)
    turns = [str(rng.choice(Series.labels)) for _ in range(6)]
    utterances = (
        Utterance("Ada", f"{number}/{i}", None if i == 2 else label, i != 2, str(i)) for i, label in enumerate(turns)
    )
    return Dialogue(f"d{number}", tuple(utterances), episode=f"e{number // 3}")


@pytest.fixture
def corpus():
    dialogues = tuple(_dialogue(number) for number in range(12))
    splits = Splits(dialogues[:1], dialogues[:1], dialogues)
    return Corpus(splits, fingerprint(splits), None, "", {name: count(part) for name, part in splits.items()})


@pytest.fixture
def series():
    return Series()


@pytest.fixture
def split(corpus):
    return Split("series", "test", Series.labels, corpus.splits.test)


@pytest.fixture
def write(tmp_path, split):
    """Return a function that writes answers: right with this probability, in these runs."""

    def write(name="answers.csv", accuracy=0.6, seeds=(None,), change=lambda rows: rows, **further):
        rows = []
        for seed in seeds:
            rng = np.random.default_rng([seed or 0, int(100 * accuracy)])
            for (dialogue, turn), gold in split.gold().items():
                predicted = gold if rng.random() < accuracy else str(rng.choice(Series.labels))
                row = {"dialogue_id": dialogue, "utterance": turn, "predicted": predicted, **further}
                rows.append(row if seed is None else row | {"seed": seed})
        rows = change(rows)
        file = tmp_path / name
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return file

    return write

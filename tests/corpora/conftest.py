import pytest

import erc_bench.api as erc
from erc_bench.contracts.types import Dialogue, Splits, Utterance


class Chatter(erc.Dataset):
    """A corpus of three text files, one dialogue on each line, utterances as speaker:label:text, cut at |."""

    name = "chatter"
    source = "invented"
    labels = ("calm", "loud")
    licence = "none needed"
    obtain = "Write it yourself."
    layouts = (
        erc.Layout("tidy", tuple(erc.DataFile(f"{name}.txt") for name in ("train", "dev", "test")), folder="tidy"),
        erc.Layout("old", (erc.DataFile("all.txt"),), folder="old"),
    )
    counts = {name: erc.SplitCounts(1, 2, 2) for name in ("train", "dev", "test")}

    def load(self, folder):
        return Splits(*(self._split(folder / f"{name}.txt") for name in ("train", "dev", "test")))

    def _split(self, path):
        return tuple(
            Dialogue(str(number), tuple(self._turn(turn) for turn in line.split("|")), slice=path.stem[:1])
            for number, line in enumerate(erc.read_lines(path))
        )

    def _turn(self, turn):
        speaker, label, text = turn.split(":")
        return Utterance(speaker, text, label or None, bool(label))


@pytest.fixture
def chatter():
    return Chatter


@pytest.fixture
def write_chatter(tmp_path):
    """Give a function that writes the corpus below a data directory and returns the latter."""

    def write(folder="chatter/tidy", **splits):
        lines = {"train": "A:calm:hello|B:loud:hey", "dev": "A:calm:yes|B:loud:no", "test": "A:calm:so|B:loud:well"}
        place = tmp_path / "root" / folder
        place.mkdir(parents=True)
        for name, text in (lines | splits).items():
            (place / f"{name}.txt").write_text(text, encoding="utf-8")
        return tmp_path / "root"

    return write

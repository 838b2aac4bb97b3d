"""Gold labels come from the corpus that a record names, read once, or from nowhere."""

import json

import pytest

import erc_bench.api as erc
from erc_bench.corpora.corpus import fingerprint
from erc_bench.corpora.gold import CorpusGold
from erc_bench.errors import ErcBenchError

TURNS = ("calm", "loud", None)


def splits(labels=TURNS, dialogues=3):
    turns = tuple(erc.Utterance("Ann", str(place), label, label is not None) for place, label in enumerate(labels))
    part = tuple(erc.Dialogue(str(number), turns) for number in range(dialogues))
    return erc.Splits(part, part, part)


class Talk(erc.Dataset):
    """Invented, and counts how often it is read."""

    name = "talk"
    source = "invented"
    labels = ("calm", "loud")
    licence = "none needed"
    obtain = "Nothing to get."
    reads = []

    def load(self, folder):
        self.reads.append(folder)
        return splits()


@pytest.fixture
def record():
    """Return the record of a run on the corpus."""
    Talk.reads.clear()
    return {"dataset": "talk", "settings": {}, "limit": None, "data": {"fingerprint": fingerprint(splits())}}


def talk(name):
    if name != "talk":
        raise ErcBenchError(f"there is no dataset {name!r}")
    return Talk


def test_scored_utterances_have_their_labels(record, tmp_path):
    found = CorpusGold(talk, tmp_path)(record)
    assert found == {(str(number), place): TURNS[place] for number in range(3) for place in (0, 1)}


def test_a_corpus_is_read_once(record, tmp_path):
    gold_of = CorpusGold(talk, tmp_path)
    assert [len(gold_of(record | {"limit": limit})) for limit in (None, 2, 1)] == [6, 4, 2]
    assert Talk.reads == [tmp_path / "talk"]


def test_a_corpus_that_is_another_knows_nothing(record, tmp_path):
    assert CorpusGold(talk, tmp_path)(record | {"data": {"fingerprint": fingerprint(splits(("loud",)))}}) is None
    assert CorpusGold(talk, tmp_path)(record | {"data": {}}) is None


@pytest.mark.parametrize("error", [ErcBenchError("files are missing"), ValueError("a stranger's mistake")])
def test_a_corpus_that_cannot_be_read_knows_nothing(record, tmp_path, monkeypatch, error):
    def load(self, folder):
        self.reads.append(folder)
        raise error

    monkeypatch.setattr(Talk, "load", load)
    gold_of = CorpusGold(talk, tmp_path)
    assert (gold_of(record), gold_of(record)) == (None, None)
    assert len(Talk.reads) == 1
    assert gold_of(record | {"dataset": "unknown"}) is None


def test_the_corpus_is_read_with_the_options_of_the_run(tmp_path):
    from erc_bench_plugins.datasets.demo import Demo

    def recorded(size):
        found = fingerprint(Demo(Demo.Options(size=size)).load(tmp_path))
        return {"dataset": "demo", "settings": {"dataset.size": size}, "data": {"fingerprint": found}}

    gold_of = CorpusGold(lambda name: Demo, tmp_path)
    sizes = [len(gold_of(json.loads(json.dumps(recorded(size))))) for size in (8, 16)]
    assert 0 < sizes[0] < sizes[1]

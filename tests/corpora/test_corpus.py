import hashlib
import json
import re

import pytest

import erc_bench.api as erc
from erc_bench.contracts.dataset import SplitCounts
from erc_bench.contracts.types import Dialogue, Splits, Utterance
from erc_bench.corpora.corpus import CorpusGold, check_splits, fingerprint, load_corpus
from erc_bench.errors import ErcBenchError


def one(**changes):
    """Return splits of one dialogue of one utterance each, with changes to the utterance."""
    turn = Utterance(**({"speaker": "A", "text": "hello", "label": "calm", "scored": True, "id": "0"} | changes))
    return Splits(*((Dialogue("0", (turn,)),) for _ in range(3)))


def test_a_corpus_is_loaded_counted_and_named(chatter, write_chatter):
    root = write_chatter(train="A:calm:hello|B::hey\nA:loud:so")
    corpus = load_corpus(chatter(), root)
    assert corpus.folder == root / "chatter/tidy"
    assert corpus.layout_name == "tidy"
    assert corpus.counts["train"] == SplitCounts(dialogues=2, utterances=3, labelled=2)
    assert corpus.counts["dev"] == SplitCounts(dialogues=1, utterances=2, labelled=2)
    assert corpus.fingerprint == load_corpus(chatter(), root).fingerprint


def test_the_fingerprint_is_a_sha256_over_what_was_parsed():
    digest = hashlib.sha256()
    for split in ("train", "dev", "test"):
        digest.update(json.dumps([split, "0", [["0", "A", "hello", "calm", True]]]).encode())
    assert fingerprint(one()) == digest.hexdigest()


@pytest.mark.parametrize(
    "change", [{"speaker": "B"}, {"text": "hello "}, {"label": "loud"}, {"scored": False}, {"id": "1"}, {"label": None}]
)
def test_every_part_of_an_utterance_is_in_the_fingerprint(change):
    assert fingerprint(one(**change)) != fingerprint(one())


def test_dialogue_ids_splits_and_borders_are_in_the_fingerprint():
    turn = Utterance("A", "hello", "calm", True)
    splits = [
        Splits((Dialogue("0", (turn, turn)),), (), ()),
        Splits((Dialogue("1", (turn, turn)),), (), ()),
        Splits((Dialogue("0", (turn,)), Dialogue("0", (turn,))), (), ()),
        Splits((), (Dialogue("0", (turn, turn)),), ()),
    ]
    assert len({fingerprint(split) for split in splits}) == len(splits)


def test_a_text_that_utf8_cannot_hold_has_a_fingerprint():
    assert len(fingerprint(one(text="\ud800"))) == 64


def test_an_unknown_label_is_named_with_its_place(chatter, write_chatter):
    root = write_chatter(dev="A:calm:yes|B:laud:no")
    with pytest.raises(
        ErcBenchError, match="dev split, dialogue 0, utterance 1: unknown label 'laud'; did you mean loud"
    ):
        load_corpus(chatter(), root)


def test_an_empty_utterance_is_kept(chatter, write_chatter):
    corpus = load_corpus(chatter(), write_chatter(dev="A:calm:|B:loud:no"))
    assert corpus.splits.dev[0].utterances[0] == Utterance("A", "", "calm", True)


def test_a_split_without_labels_is_an_error(chatter, write_chatter):
    with pytest.raises(ErcBenchError, match="the test split has no labelled utterance"):
        load_corpus(chatter(), write_chatter(test="A::so|B::well"))


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_an_empty_split_is_an_error(chatter, split):
    splits = dict(one().items()) | {split: ()}
    with pytest.raises(ErcBenchError, match=f"the {split} split has no dialogues"):
        check_splits(chatter(), Splits(**splits))


def test_where_a_split_is_empty_the_files_are_named(chatter, write_chatter):
    root = write_chatter(dev="\n")
    with pytest.raises(ErcBenchError, match=r"chatter in .*tidy: the dev split has no dialogues") as error:
        load_corpus(chatter(), root)
    assert re.search(r"The smallest of its files is \S*dev\S* \(\d+ bytes\)", error.value.hint)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_turn_without_a_speaker_is_an_error_where_others_name_one(chatter, blank):
    nobody = one(speaker=blank, text="who says so?")
    mixed = Splits(one().train, nobody.dev, one().test)
    with pytest.raises(ErcBenchError, match=r"dev split, dialogue 0, utterance 0 \('who says so\?'\): it names no"):
        check_splits(chatter(), mixed)
    check_splits(chatter(), nobody)


def test_a_dialogue_without_utterances_is_an_error(chatter):
    splits = Splits((Dialogue("7", ()),), one().dev, one().test)
    with pytest.raises(ErcBenchError, match="train split, dialogue 7: it has no utterances"):
        check_splits(chatter(), splits)


def test_a_dialogue_id_that_occurs_twice_in_a_split_is_an_error(chatter):
    splits = Splits(one().train * 2, one().dev, one().test)
    with pytest.raises(ErcBenchError, match="occur twice in the train split, the first is '0'"):
        check_splits(chatter(), splits)


def test_a_target_without_label_is_an_error(chatter):
    with pytest.raises(ErcBenchError, match="utterance 0: it is a target but has no label"):
        check_splits(chatter(), one(label=None))


def test_a_corpus_without_files_has_no_folder(tmp_path):
    from erc_bench.contracts.dataset import Dataset

    class Generated(Dataset):
        """Made up."""

        name = "generated"
        labels = ("calm",)

        def load(self, folder):
            return one()

    corpus = load_corpus(Generated(), tmp_path)
    assert corpus.folder is None
    assert corpus.layout_name == ""


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

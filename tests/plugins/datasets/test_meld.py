import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.verify import verify
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets import meld
from erc_bench_plugins.datasets.meld import Meld

HEADER = ["Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode"]
TRAIN, DEV, TEST = "meld/train_sent_emo.csv", "meld/dev_sent_emo.csv", "meld/test_sent_emo.csv"


def row(text, speaker="Ada", emotion="joy", dialogue="0", utterance="0"):
    return ["1", text, speaker, emotion, "positive", dialogue, utterance, "1", "1"]


@pytest.fixture
def write(files):
    def write_corpus(train=None, **form):
        files.csv(TRAIN, HEADER, train or [row("Hello")], **form)
        files.csv(DEV, HEADER, [row("Yes", emotion="neutral")], **form)
        files.csv(TEST, HEADER, [row("No", emotion="anger")], **form)
        return files.folder

    return write_corpus


def test_the_hook_brings_the_corpus():
    assert meld.erc_datasets() == [Meld]
    assert Meld.labels == ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
    assert Meld.words() == Meld.labels


def test_dialogues_are_grouped_by_id_in_the_order_of_the_file(write):
    rows = [
        row("a", dialogue="3", utterance="2"),
        row("b", dialogue="10", utterance="0"),
        row("c", dialogue="3", utterance="5", speaker="Ben", emotion="fear"),
    ]
    corpus = load_corpus(Meld(), write(rows))
    assert [dialogue.id for dialogue in corpus.splits.train] == ["3", "10"]
    first, last = corpus.splits.train[0].utterances
    assert (first.id, last.id) == ("2", "5")
    assert (last.speaker, last.text, last.label, last.scored) == ("Ben", "c", "fear", True)


def test_an_id_may_occur_in_every_split(write):
    corpus = load_corpus(Meld(), write())
    assert [dialogues[0].id for _, dialogues in corpus.splits.items()] == ["0", "0", "0"]


def test_apostrophes_are_plain_and_quotes_are_gone_and_the_rest_stays(write):
    corpus = load_corpus(
        Meld(), write([row('It\u2019s  the \u201cone\u201d, "really"\u2026', speaker="Ada\u2019s Friend")])
    )
    (turn,) = corpus.splits.train[0].utterances
    assert turn.text == "It's  the \u201cone\u201d, really\u2026"
    assert turn.speaker == "Ada's Friend"


def test_an_older_copy_with_control_characters_gives_the_same_corpus(write, tmp_path):
    newer = [row("I can\u2019t\u2026 \u2018no\u2019 \u2014 a b", utterance="0"), row("\u201cso\u201d", utterance="1")]
    older = [row("I can\x92t\x85 \x91no\x92 \x97 a\xa0b", utterance="0"), row("\x93so\x94", utterance="1")]
    first = load_corpus(Meld(), write(newer))
    second = load_corpus(Meld(), write(older, line_end="\n"))
    assert first.splits == second.splits
    assert first.fingerprint == second.fingerprint


def test_an_utterance_with_line_breaks_and_words_like_none_is_kept(write):
    corpus = load_corpus(Meld(), write([row("one\ntwo"), row("None", utterance="1"), row("", utterance="2")]))
    assert [turn.text for turn in corpus.splits.train[0].utterances] == ["one\ntwo", "None", ""]


def test_an_unknown_label_is_named_with_file_and_line(write):
    root = write([row("fine"), row("bad", emotion="disgusted", utterance="1")])
    with pytest.raises(
        ErcBenchError, match=r"train_sent_emo\.csv, line 3: unknown label 'disgusted'; did you mean disgust"
    ):
        load_corpus(Meld(), root)


def test_an_utterance_that_is_there_twice_is_named_with_file_and_line(write):
    root = write([row("a"), row("b", utterance="1"), row("c", utterance="1")])
    with pytest.raises(ErcBenchError, match=r"train_sent_emo\.csv, line 4: utterance 1 of dialogue 0 is there twice"):
        load_corpus(Meld(), root)


def test_a_missing_column_is_named(write, files):
    root = write()
    files.csv(DEV, [name.replace("Emotion", "Emotions") for name in HEADER], [row("Yes")])
    with pytest.raises(
        ErcBenchError, match=r"dev_sent_emo\.csv, line 1: column 'Emotion' is missing; did you mean Emotions"
    ):
        load_corpus(Meld(), root)


def test_an_id_that_is_no_number_is_named(write):
    with pytest.raises(ErcBenchError, match="line 2: Dialogue_ID must be a whole number, found 'x'"):
        load_corpus(Meld(), write([row("a", dialogue="x")]))


def test_a_file_that_is_not_there_is_named_with_the_way_to_get_it(write):
    root = write()
    (root / TEST).unlink()
    with pytest.raises(ErcBenchError, match=r"1 of 3 files are missing.*test_sent_emo\.csv") as error:
        load_corpus(Meld(), root)
    assert "erc-bench data fetch meld" in error.value.hint


@pytest.mark.real_data
def test_the_real_corpus(corpora, class_counts):
    corpus = load_corpus(Meld(), corpora)
    assert corpus.counts == Meld.counts
    assert class_counts(Meld, corpus.splits.train) == [1109, 271, 268, 1743, 683, 1205, 4710]
    assert class_counts(Meld, corpus.splits.dev) == [153, 22, 40, 163, 111, 150, 470]
    assert class_counts(Meld, corpus.splits.test) == [345, 68, 50, 402, 208, 281, 1256]
    train = corpus.splits.train
    assert [dialogue.id for dialogue in train] == [str(number) for number in range(1039) if number != 60]
    assert sum(dialogue.utterances[0].id != "0" for dialogue in train) == 10
    spans = [int(dialogue.utterances[-1].id) - int(dialogue.utterances[0].id) + 1 for dialogue in train]
    assert sum(span != len(dialogue.utterances) for span, dialogue in zip(spans, train, strict=True)) == 65
    texts = [
        turn.text for _, dialogues in corpus.splits.items() for dialogue in dialogues for turn in dialogue.utterances
    ]
    assert not any("\u2019" in text or '"' in text for text in texts)
    assert all(texts)
    assert [max(len(dialogue.utterances) for dialogue in dialogues) for _, dialogues in corpus.splits.items()] == [
        24,
        23,
        33,
    ]


@pytest.mark.real_data
def test_the_real_corpus_in_the_form_of_older_copies(corpora, tmp_path):
    (tmp_path / "meld").mkdir()
    older = {"\u2019": "\x92", "\u2018": "\x91", "\u2026": "\x85", "\u2014": "\x97", "\u201c": "\x93", "\u201d": "\x94"}
    for path in (corpora / "meld").glob("*.csv"):
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n").translate(str.maketrans(older))
        (tmp_path / "meld" / path.name).write_bytes(text.encode("utf-8"))
    assert load_corpus(Meld(), tmp_path).fingerprint == load_corpus(Meld(), corpora).fingerprint


@pytest.mark.real_data
def test_the_real_corpus_is_verified(corpora):
    verification = verify(Meld, corpora)
    assert verification.passed
    assert [file.state for file in verification.files] == ["ok"] * 3
    test_in_train = verification.overlaps[1]
    assert (test_in_train.earlier, test_in_train.later, test_in_train.dialogues) == ("train", "test", 1)

import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.fetch import fetch
from erc_bench.corpora.verify import verify
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets import dailydialog
from erc_bench_plugins.datasets.dailydialog import DailyDialog

TEXT = "Good morning , sir . __eou__ Hello ! __eou__\n"
EMOTIONS = "0 4 \n"


@pytest.fixture
def write(files):
    def write_corpus(text=TEXT, emotions=EMOTIONS, folder="dailydialog/official"):
        for split in ("train", "validation", "test"):
            first = split == "train"
            files.text(f"{folder}/{split}/dialogues_{split}.txt", text if first else TEXT)
            files.text(f"{folder}/{split}/dialogues_emotion_{split}.txt", emotions if first else EMOTIONS)
        return files.folder

    return write_corpus


def test_the_hook_brings_the_corpus():
    assert dailydialog.erc_datasets() == [DailyDialog]
    assert DailyDialog.labels == ("no emotion", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
    assert DailyDialog.words()[0] == "neutral"
    assert DailyDialog.scored_labels == DailyDialog.labels[1:]
    assert DailyDialog.headline_metric == "micro_f1"


@pytest.mark.parametrize(
    ("folder", "layout"),
    [("dailydialog/official", "official"), ("dailydialog/detokenized", "detokenized"), ("dailydialog", "official")],
)
def test_two_speakers_alternate(write, folder, layout):
    root = write("One . __eou__ Two ? __eou__ Three ! __eou__\nHm . __eou__\n", "0 6 1 \n2 \n", folder)
    corpus = load_corpus(DailyDialog(), root)
    assert corpus.layout_name == layout
    first, second = corpus.splits.train
    assert (first.id, second.id) == ("0", "1")
    assert [(turn.speaker, turn.text, turn.label) for turn in first.utterances] == [
        ("A", "One .", "no emotion"),
        ("B", "Two ?", "surprise"),
        ("A", "Three !", "anger"),
    ]
    assert [turn.id for turn in first.utterances] == ["0", "1", "2"]
    assert all(turn.scored for turn in first.utterances)
    assert second.utterances[0].label == "disgust"


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\n", "\r\n"),
        TEXT.removesuffix("\n"),
        "\ufeff" + TEXT,
        "Good morning , sir . __eou__ Hello !\n",
        "Good morning , sir .__eou__Hello !__eou__\n",
    ],
)
def test_other_ways_of_writing_the_same_lines(write, text):
    assert load_corpus(DailyDialog(), write(text)).fingerprint == load_corpus(DailyDialog(), write()).fingerprint


def test_only_a_line_feed_ends_a_line(write):
    corpus = load_corpus(DailyDialog(), write("Well\x85 __eou__ so\u2028yes __eou__\n"))
    assert [turn.text for turn in corpus.splits.train[0].utterances] == ["Well\u2026", "so\u2028yes"]


def test_an_empty_utterance_is_kept(write):
    corpus = load_corpus(DailyDialog(), write("One __eou__ __eou__ Three __eou__\n", "0 0 0 \n"))
    assert [turn.text for turn in corpus.splits.train[0].utterances] == ["One", "", "Three"]


@pytest.mark.parametrize(
    ("text", "emotions", "message"),
    [
        (
            TEXT * 2,
            EMOTIONS + "0 0 0 \n",
            r"dialogues_train\.txt, line 2: 2 utterances, but 3 in dialogues_emotion_train",
        ),
        (TEXT * 2, EMOTIONS, r"dialogues_train\.txt has 2 lines, but .*dialogues_emotion_train\.txt has 1"),
        (TEXT * 2, EMOTIONS + "0 7 \n", r"dialogues_emotion_train\.txt, line 2: unknown label '7'; known: 0, 1, 2"),
        (TEXT, "joy 0 \n", r"dialogues_emotion_train\.txt, line 1: unknown label 'joy'"),
        (TEXT + "\n" + TEXT, EMOTIONS + "\n" + EMOTIONS, "train split, dialogue 1: it has no utterances"),
        ("", EMOTIONS, r"dialogues_train\.txt is empty"),
    ],
)
def test_files_that_do_not_agree_are_named_with_the_line(write, text, emotions, message):
    with pytest.raises(ErcBenchError, match=message):
        load_corpus(DailyDialog(), write(text, emotions))


def test_the_message_without_data_names_both_layouts(tmp_path):
    with pytest.raises(ErcBenchError, match="6 of 6 files are missing") as error:
        load_corpus(DailyDialog(), tmp_path)
    assert "yanran.li/dailydialog" in error.value.hint
    assert "detokenized" in error.value.hint
    with pytest.raises(ErcBenchError, match="dailydialog is not downloaded"):
        fetch(DailyDialog, tmp_path)


@pytest.mark.real_data
def test_the_real_corpus(corpora, class_counts):
    corpus = load_corpus(DailyDialog(), corpora)
    assert corpus.layout_name == "detokenized"  # the training text of the official layout is not there
    assert corpus.counts == DailyDialog.counts
    assert class_counts(DailyDialog, corpus.splits.train) == [72143, 827, 303, 146, 11182, 969, 1600]
    assert class_counts(DailyDialog, corpus.splits.dev) == [7108, 77, 3, 11, 684, 79, 107]
    assert class_counts(DailyDialog, corpus.splits.test) == [6321, 118, 47, 17, 1019, 102, 116]


@pytest.mark.real_data
def test_the_real_corpus_is_verified(corpora):
    verification = verify(DailyDialog, corpora)
    assert verification.passed
    assert [split.repeats.dialogues for split in verification.splits[1:]] == [7, 4]
    assert [found.dialogues for found in verification.overlaps[:2]] == [122, 149]


@pytest.mark.real_data
@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_real_official_files_agree_with_the_detokenized_ones(corpora, split):
    official, detokenized = (
        tuple(DailyDialog()._split(corpora / "dailydialog" / layout, split)) for layout in ("official", "detokenized")
    )
    assert [letters(dialogue) for dialogue in official] == [letters(dialogue) for dialogue in detokenized]


def letters(dialogue):
    return [("".join(filter(str.isalnum, turn.text)), turn.label) for turn in dialogue.utterances]

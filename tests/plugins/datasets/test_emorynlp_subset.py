import warnings

import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.verify import verify
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets import emorynlp_subset
from erc_bench_plugins.datasets.emorynlp import EmoryNLP
from erc_bench_plugins.datasets.emorynlp_subset import EmoryNLPSubset

HEADER = ["Utterance", "Speaker", "Emotion", "Scene_ID", "Utterance_ID", "Season", "Episode", "Start_Time", "End_Time"]


def row(
    text="Hello.", speaker="['Ada Lovelace']", emotion="Joyful", scene="1", utterance="1", season="1", episode="15"
):
    return [text, speaker, emotion, scene, utterance, season, episode, "0", "1"]


@pytest.fixture
def write(files):
    def write_corpus(*train, folder="emorynlp/table1_subset"):
        for split in ("train", "dev", "test"):
            rows = train if train and split == "train" else [row()]
            files.csv(f"{folder}/emorynlp_{split}_final.csv", HEADER, rows, line_end="\n")
        return files.folder

    return write_corpus


def test_the_hook_brings_the_corpus():
    assert emorynlp_subset.erc_datasets() == [EmoryNLPSubset]
    assert EmoryNLPSubset.labels == EmoryNLP.labels
    assert EmoryNLPSubset.folder_name() == EmoryNLP.folder_name() == "emorynlp"


@pytest.mark.parametrize("folder", ["emorynlp/table1_subset", "emorynlp"])
def test_a_dialogue_is_season_episode_and_scene(write, folder):
    root = write(row(), row(episode="16"), row(season="2"), row("And?", utterance="3", emotion="Sad"), folder=folder)
    corpus = load_corpus(EmoryNLPSubset(), root)
    assert [dialogue.id for dialogue in corpus.splits.train] == ["s01_e15_c01", "s01_e16_c01", "s02_e15_c01"]
    first, second = corpus.splits.train[0].utterances
    assert (first.id, first.speaker, first.label) == ("s01_e15_c01_u001", "Ada", "joyful")
    assert (second.id, second.text, second.label) == ("s01_e15_c01_u003", "And?", "sad")


@pytest.mark.parametrize(
    ("written", "speaker"),
    [("['Ben Nevis', 'Ada']", "Ben"), ('["Ann O\'Hara"]', "Ann"), ("['#ALL#']", "#ALL#"), (" ['Ada'] ", "Ada")],
)
def test_the_speaker_is_the_first_word_of_the_first_name(write, written, speaker):
    corpus = load_corpus(EmoryNLPSubset(), write(row(speaker=written)))
    assert corpus.splits.train[0].utterances[0].speaker == speaker


@pytest.mark.parametrize(
    "written",
    ["Ada", "[]", "['Ada'", "[1]", "{'Ada': 1}", "__import__('os').abort()", "[x for x in 'Ada']", "", "(" * 500],
)
def test_a_speaker_that_is_no_list_of_names_is_named_with_its_line(write, written):
    root = write(row(), row(speaker=written, utterance="2"))
    with pytest.raises(ErcBenchError, match=r"emorynlp_train_final\.csv, line 3: Speaker must be a list of names"):
        load_corpus(EmoryNLPSubset(), root)


def test_a_strange_escape_in_a_name_is_no_warning(write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corpus = load_corpus(EmoryNLPSubset(), write(row(speaker=r"['A\da']")))
    assert corpus.splits.train[0].utterances[0].speaker == r"A\da"


def test_an_unknown_label_is_named_with_its_line(write):
    with pytest.raises(ErcBenchError, match="line 2: unknown label 'happy'"):
        load_corpus(EmoryNLPSubset(), write(row(emotion="Happy")))


def test_an_utterance_that_is_there_twice_is_named_with_its_line(write):
    with pytest.raises(ErcBenchError, match="line 4: utterance s01_e15_c01_u001 is there twice"):
        load_corpus(EmoryNLPSubset(), write(row(), row(episode="16"), row("again")))


@pytest.mark.real_data
def test_the_real_corpus(corpora, class_counts):
    corpus = load_corpus(EmoryNLPSubset(), corpora)
    assert corpus.counts == EmoryNLPSubset.counts
    assert class_counts(EmoryNLPSubset, corpus.splits.train) == [1677, 2485, 551, 785, 941, 638, 474]
    assert class_counts(EmoryNLPSubset, corpus.splits.dev) == [205, 322, 70, 97, 127, 82, 51]
    assert class_counts(EmoryNLPSubset, corpus.splits.test) == [217, 288, 96, 86, 116, 111, 70]
    assert verify(EmoryNLPSubset, corpora).passed


@pytest.mark.real_data
@pytest.mark.parametrize(("split", "ending"), [("dev", "dev"), ("test", "tst")])
def test_every_real_row_is_in_the_full_release_under_its_official_id(corpora, split, ending):
    scenes = EmoryNLP()._scenes(corpora / f"emorynlp/official/emotion-detection-{ending}.json")
    official = {turn.id: turn for scene in scenes for turn in scene.utterances}
    subset = dict(load_corpus(EmoryNLPSubset(), corpora).splits.items())[split]
    assert all(official[turn.id] == turn for scene in subset for turn in scene.utterances)

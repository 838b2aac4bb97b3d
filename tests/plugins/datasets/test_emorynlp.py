import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.folder import fetchable_layout
from erc_bench.corpora.verify import verify
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets import emorynlp
from erc_bench_plugins.datasets.emorynlp import EmoryNLP

OFFICIAL = {"train": "trn", "dev": "dev", "test": "tst"}


def turn(name="s01_e01_c01_u001", speakers=("Ada Lovelace",), text="Hello.", emotion="Joyful"):
    return {"utterance_id": name, "speakers": list(speakers), "transcript": text, "tokens": [], "emotion": emotion}


def season(*turns, scene="s01_e01_c01"):
    scenes = [{"scene_id": scene, "utterances": list(turns)}]
    return {"season_id": "x", "episodes": [{"episode_id": "s01_e01", "scenes": scenes}]}


def flat(speaker="Ada Lovelace", text="Hello.", label="Joyful"):
    return {"text": text, "speaker": speaker, "label": label}


@pytest.fixture
def official(files):
    def write(folder="emorynlp/official", **splits):
        for split, ending in OFFICIAL.items():
            files.json(f"{folder}/emotion-detection-{ending}.json", splits.get(split, season(turn())))
        return files.folder

    return write


@pytest.fixture
def flat_json(files):
    def write(folder="emorynlp/full_flat_json", **splits):
        for split in OFFICIAL:
            files.json(f"{folder}/{split}_data.json", splits.get(split, [[flat()]]))
        return files.folder

    return write


def test_the_hook_brings_the_corpus():
    assert emorynlp.erc_datasets() == [EmoryNLP]
    assert EmoryNLP.labels == ("joyful", "neutral", "powerful", "mad", "scared", "peaceful", "sad")


@pytest.mark.parametrize("folder", ["emorynlp/official", "emorynlp"])
def test_official_json(official, folder):
    scene = season(turn(), turn("s01_e01_c01_u004", ("Ben Nevis", "Ada Lovelace"), "No!", "Mad"))
    corpus = load_corpus(EmoryNLP(), official(folder, dev=scene))
    (dialogue,) = corpus.splits.dev
    assert corpus.layout_name == "official"
    assert dialogue.id == "s01_e01_c01"
    first, second = dialogue.utterances
    assert (first.speaker, first.text, first.label, first.id) == ("Ada", "Hello.", "joyful", "s01_e01_c01_u001")
    assert (second.speaker, second.text, second.label, second.id) == ("Ben", "No!", "mad", "s01_e01_c01_u004")


@pytest.mark.parametrize("folder", ["emorynlp/full_flat_json", "emorynlp"])
def test_flat_json(flat_json, folder):
    scenes = [[flat()], [flat("Carol Willick Susan Bunch", "Hm.", "Peaceful"), flat("#ALL#", "Hey!", "Joyful")]]
    corpus = load_corpus(EmoryNLP(), flat_json(folder, train=scenes))
    assert corpus.layout_name == "flat"
    assert [dialogue.id for dialogue in corpus.splits.train] == ["0", "1"]
    assert [turn.speaker for turn in corpus.splits.train[1].utterances] == ["Carol", "#ALL#"]


def test_both_layouts_give_the_same_dialogues(official, flat_json):
    first = load_corpus(EmoryNLP(), official("a/emorynlp/official") / "a")
    second = load_corpus(EmoryNLP(), flat_json("b/emorynlp/full_flat_json") / "b")
    assert content(first.splits.test) == content(second.splits.test)


def content(dialogues):
    return [[(turn.speaker, turn.text, turn.label) for turn in dialogue.utterances] for dialogue in dialogues]


def test_layouts_are_never_mixed(official, flat_json):
    root = official()
    flat_json(train=[[flat(text="Only here.")]])
    (root / "emorynlp/official/emotion-detection-trn.json").unlink()
    corpus = load_corpus(EmoryNLP(), root)
    assert corpus.layout_name == "flat"
    assert corpus.splits.dev[0].id == "0"


def test_where_both_lie_in_one_folder_the_official_one_is_read(official, flat_json):
    official("emorynlp")
    corpus = load_corpus(EmoryNLP(), flat_json("emorynlp", dev=[[flat(text="Only here.")]]))
    assert corpus.layout_name == "official"
    assert corpus.splits.dev[0].utterances[0].text == "Hello."


def test_the_official_layout_needs_its_training_file(official):
    root = official()
    (root / "emorynlp/official/emotion-detection-trn.json").unlink()
    with pytest.raises(
        ErcBenchError, match=r"1 of 3 files are missing in .*official: emotion-detection-trn\.json"
    ) as error:
        load_corpus(EmoryNLP(), root)
    assert "full_flat_json" in error.value.hint
    assert "erc-bench data fetch emorynlp" in error.value.hint


def test_only_the_flat_layout_is_fetched():
    assert fetchable_layout(EmoryNLP).name == "flat"


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (
            turn(emotion="Joyfull"),
            "scene s01_e01_c01, utterance s01_e01_c01_u001: unknown label 'joyfull'; did you mean joy",
        ),
        (turn(speakers=()), "utterance s01_e01_c01_u001, first speaker: expected a text, found null"),
        ({"utterance_id": "u1"}, "utterance u1: 'speakers' is missing"),
        ([], "scene s01_e01_c01: expected an object, found a list"),
    ],
)
def test_a_damaged_official_turn_is_named_with_its_place(official, damaged, message):
    with pytest.raises(ErcBenchError, match=r"emotion-detection-dev\.json.*" + message):
        load_corpus(EmoryNLP(), official(dev=season(damaged)))


def test_an_utterance_that_is_there_twice_is_named(official):
    with pytest.raises(ErcBenchError, match="scene s01_e01_c01: utterance s01_e01_c01_u001 is there twice"):
        load_corpus(EmoryNLP(), official(dev=season(turn(), turn())))


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        ([[flat(), flat(label="Sadd")]], "dialogue 0, turn 1: unknown label 'sadd'; did you mean sad"),
        ([[flat()], [{"text": "Hello.", "speaker": "Ada"}]], "dialogue 1, turn 0: 'label' is missing"),
        ([[flat(text=None)]], "dialogue 0, turn 0, 'text': expected a text, found null"),
        ([flat()], "dialogue 0: expected a list, found an object"),
        ({}, "expected a list, found an object"),
    ],
)
def test_a_damaged_flat_turn_is_named_with_its_place(flat_json, damaged, message):
    with pytest.raises(ErcBenchError, match=r"test_data\.json.*" + message):
        load_corpus(EmoryNLP(), flat_json(test=damaged))


def test_a_file_that_is_cut_off_is_named_with_line_and_column(flat_json):
    root = flat_json()
    path = root / "emorynlp/full_flat_json/train_data.json"
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(ErcBenchError, match=r"train_data\.json, line 1, column \d+: the JSON is cut off"):
        load_corpus(EmoryNLP(), root)


@pytest.mark.real_data
def test_the_real_corpus(corpora, class_counts):
    corpus = load_corpus(EmoryNLP(), corpora)
    assert corpus.counts == EmoryNLP.counts
    assert class_counts(EmoryNLP, corpus.splits.train) == [2184, 3034, 784, 1076, 1285, 900, 671]
    assert class_counts(EmoryNLP, corpus.splits.dev) == [289, 393, 134, 143, 178, 132, 75]
    assert class_counts(EmoryNLP, corpus.splits.test) == [282, 349, 145, 113, 182, 159, 98]
    lengths = [len(dialogue.utterances) for _, dialogues in corpus.splits.items() for dialogue in dialogues]
    assert (min(lengths), max(lengths)) == (5, 25)
    assert verify(EmoryNLP, corpora).passed


@pytest.mark.real_data
def test_the_real_dev_and_test_are_the_same_in_both_layouts(corpora):
    official, whole = corpora / "emorynlp/official", EmoryNLP().load(corpora / "emorynlp/full_flat_json")
    for name, dialogues in (("emotion-detection-dev.json", whole.dev), ("emotion-detection-tst.json", whole.test)):
        scenes = tuple(EmoryNLP()._scenes(official / name))
        assert content(scenes) == content(dialogues)
        assert len({scene.id for scene in scenes}) == len(scenes)

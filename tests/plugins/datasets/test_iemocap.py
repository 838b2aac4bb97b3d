import json

import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.fetch import fetch
from erc_bench.corpora.verify import verify
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets import iemocap
from erc_bench_plugins.datasets.iemocap import Iemocap

NAMES = ["Roy", "Weldon", "Alma"]


def turn(text="Hello.", speaker="Ses01F_impro01_F", **label):
    return {"text": text, "speaker": speaker} | label


@pytest.fixture
def write(files):
    def write_corpus(*train, folder="iemocap/spcl_json", names=NAMES):
        for split in ("train", "dev", "test"):
            default = [[turn(label="neu")]]
            files.json(f"{folder}/{split}_data.json", list(train) if train and split == "train" else default)
        files.json(f"{folder}/name_pool", names)
        return files.folder

    return write_corpus


def test_the_hook_brings_the_corpus():
    assert iemocap.erc_datasets() == [Iemocap]
    assert Iemocap.labels == ("neu", "exc", "fru", "sad", "hap", "ang")
    assert Iemocap.words() == ("neutral", "excited", "frustrated", "sad", "happy", "angry")


@pytest.mark.parametrize("folder", ["iemocap/spcl_json", "iemocap"])
def test_dialogues_speakers_slices_and_unlabelled_turns(write, folder):
    scripted = [turn(speaker="Ses02M_script01_1_M", label="ang"), turn("Why?", "Ses02M_script01_1_F", label="sad")]
    improvised = [turn("[LAUGHTER] Ha.", label="hap"), turn("Hm.", "Ses01F_impro01_M"), turn("So.", label=None)]
    corpus = load_corpus(Iemocap(), write(scripted, improvised, folder=folder))
    first, second = corpus.splits.train
    assert (first.id, first.slice) == ("Ses02M_script01_1", "scripted")
    assert (second.id, second.slice) == ("Ses01F_impro01", "improvised")
    # The first to speak is Roy, whoever it is.
    assert [turn.speaker for turn in first.utterances] == ["Roy", "Weldon"]
    assert [turn.speaker for turn in second.utterances] == ["Roy", "Weldon", "Roy"]
    assert [(turn.label, turn.scored) for turn in second.utterances] == [("hap", True), (None, False), (None, False)]
    assert second.targets() == (0,)
    assert [turn.id for turn in second.utterances] == ["0", "1", "2"]
    assert corpus.counts["train"].labelled == 3


@pytest.mark.parametrize(
    ("name", "session", "script"),
    [
        ("Ses01F_script01_1", "Ses01", "script01"),
        ("Ses05M_script01_1b", "Ses05", "script01"),
        ("Ses02M_script03_2", "Ses02", "script03"),
        ("Ses03M_impro05a", "Ses03", "impro05"),
        ("Ses04F_impro05", "Ses04", "impro05"),
        ("another", "", ""),
    ],
)
def test_a_script_is_a_play_or_a_scenario_that_the_sessions_share(write, name, session, script):
    said = [turn(speaker=f"{name}_M", label="neu"), turn(speaker=f"{name}_F", label="sad")]
    (dialogue,) = load_corpus(Iemocap(), write(said)).splits.train
    assert (dialogue.session, dialogue.script) == (session, script)
    # Roy is who speaks first; the person is the session's actor, and nobody where there is no session.
    assert dialogue.people == ((("Roy", f"{session}M"), ("Weldon", f"{session}F")) if session else ())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("[LAUGHTER] Sorry.", "Sorry."),
        ("Well [LAUGHTER] yes [LAUGHTER]", "Well yes"),
        ("[LAUGHTER]", ""),
        ("", ""),
        ("[BREATHING] [laughter]", "[BREATHING] [laughter]"),
        ("two  blanks ", "two  blanks "),
    ],
)
def test_laughter_is_removed_and_nothing_else(write, written, read):
    corpus = load_corpus(Iemocap(), write([turn(written, label="hap")]))
    assert corpus.splits.train[0].utterances[0].text == read


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        ([turn(label="neu"), turn(label="xxx")], "dialogue 0, turn 1: unknown label 'xxx'"),
        ([turn(label=3)], "dialogue 0, turn 0, 'label': expected a text, found a whole number"),
        ([{"text": "Hello."}], "dialogue 0, turn 0: 'speaker' is missing"),
        ([{"speaker": "Ses01F_impro01_F"}], "dialogue 0, turn 0: 'text' is missing"),
        ([turn(), turn(speaker="Ses01F_impro02_F")], "its speakers name 2 dialogues"),
        ([turn(speaker=f"Ses01F_impro01_{i}") for i in "ABCD"], "4 speakers, but name_pool has 3 names"),
        ([], "dialogue 0: it has no turns"),
        ("Hello.", "dialogue 0: expected a list, found a text"),
    ],
)
def test_a_damaged_dialogue_is_named_with_its_place(write, damaged, message):
    with pytest.raises(ErcBenchError, match=r"train_data\.json.*" + message):
        load_corpus(Iemocap(), write(damaged))


def test_a_dialogue_that_is_there_twice_is_an_error(write):
    with pytest.raises(ErcBenchError, match="occur twice in the train split, the first is 'Ses01F_impro01'"):
        load_corpus(Iemocap(), write([turn(label="neu")], [turn(label="neu")]))


def test_a_name_pool_that_is_none_is_named(write):
    with pytest.raises(ErcBenchError, match="name_pool: expected a text, found a whole number"):
        load_corpus(Iemocap(), write(names=["Roy", 2]))


def test_the_name_pool_is_part_of_the_layout(write):
    root = write()
    (root / "iemocap/spcl_json/name_pool").unlink()
    with pytest.raises(ErcBenchError, match=r"1 of 4 files are missing.*name_pool") as error:
        load_corpus(Iemocap(), root)
    assert "USC SAIL" in error.value.hint


def test_it_is_never_downloaded(tmp_path):
    assert not any(file.url for layout in Iemocap.layouts for file in layout.files)
    with pytest.raises(ErcBenchError, match="iemocap is not downloaded") as error:
        fetch(Iemocap, tmp_path)
    assert "USC SAIL" in error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_scripted_dev_turns_that_repeat_train_are_found(write, files):
    text = "we have said all of this before"
    root = write([turn(text, "Ses02M_script01_1_M", label="ang")])
    dev = [
        [turn(text, "Ses04M_script01_1_M", label="ang")],
        [turn("nobody has ever said any such thing", "Ses04M_impro01_M", label="sad")],
    ]
    files.json("iemocap/spcl_json/dev_data.json", dev)
    by_slice = {found.slice: found for found in verify(Iemocap, root).overlaps if found.later == "dev"}
    assert (by_slice["scripted"].four_grams, by_slice["scripted"].all_four_grams) == (4, 4)
    assert (by_slice["improvised"].four_grams, by_slice["improvised"].all_four_grams) == (0, 4)


@pytest.mark.real_data
def test_the_invented_fixture_gives_what_is_expected_of_it(corpora):
    expected = json.loads((corpora / "iemocap/expected.json").read_text(encoding="utf-8"))
    names = json.loads((corpora / "iemocap/spcl_json/name_pool").read_text(encoding="utf-8"))
    corpus = load_corpus(Iemocap(), corpora)
    assert list(Iemocap.labels) == expected["label_order"]
    for split, dialogues in corpus.splits.items():
        wanted = expected["splits"][split]
        assert [dialogue.id for dialogue in dialogues] == [dialogue["dialogue_id"] for dialogue in wanted]
        for dialogue, reference in zip(dialogues, wanted, strict=True):
            check_dialogue(dialogue, reference["utterances"], names)


def check_dialogue(dialogue, turns, names):
    assert [turn.label for turn in dialogue.utterances] == [turn["label"] for turn in turns]
    assert [turn.scored for turn in dialogue.utterances] == [turn["label"] is not None for turn in turns]
    cleaned = [turn["text"].replace("[LAUGHTER]", "").strip() for turn in turns]
    assert [turn.text for turn in dialogue.utterances] == cleaned
    actors = []
    for turn in turns:
        if turn["speaker"] not in actors:
            actors.append(turn["speaker"])
    assert [turn.speaker for turn in dialogue.utterances] == [names[actors.index(turn["speaker"])] for turn in turns]
    assert dialogue.slice == ("scripted" if "script" in dialogue.id else "improvised")


@pytest.mark.real_data
def test_the_counts_of_the_invented_fixture(corpora):
    counts = load_corpus(Iemocap(), corpora).counts
    assert [(found.dialogues, found.utterances, found.labelled) for found in counts.values()] == [
        (3, 18, 14),
        (3, 12, 10),
        (3, 14, 12),
    ]
    # It is not IEMOCAP, and is not taken for it.
    found = verify(Iemocap, corpora)
    assert not found.passed
    assert found.content == "changed"
    assert [file.state for file in found.files] == ["differs"] * 3 + ["no digest on record"]

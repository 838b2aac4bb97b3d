import json

import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.verify import verify
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench_plugins.datasets.iemocap import Iemocap
from erc_bench_plugins.datasets.iemocap.cosmic import IemocapCosmic

PATH = "iemocap/cosmic_json/iemocap_cosmic.json"


def content(**changes):
    """Return what the pickle says, of one dialogue for each split."""
    ids = {"trainIds": ["Ses02M_script01_1"], "validIds": ["Ses04F_impro02"], "testIds": ["Ses05F_impro01"]}
    names = [name for split in ids.values() for name in split]
    return {
        "speakers": {name: ["M", "F", "M"] for name in names},
        "labels": {name: [3, 0, 5] for name in names},
        "sentences": {name: ["So?", "[LAUGHTER] Yes.", "No."] for name in names},
        **ids,
        **changes,
    }


@pytest.fixture
def load(files):
    def load(**changes):
        files.json(PATH, content(**changes))
        return load_corpus(IemocapCosmic(), files.folder)

    return load


def test_it_is_a_dataset_of_its_own_beside_iemocap():
    names = Catalogue().entries("dataset")
    assert names["iemocap-cosmic"].component is IemocapCosmic
    assert names["iemocap"].component is Iemocap
    assert IemocapCosmic.labels == Iemocap.labels
    assert (IemocapCosmic.counts["test"].labelled, Iemocap.counts["test"].labelled) == (1623, 1622)
    assert all(counts.utterances == counts.labelled for counts in IemocapCosmic.counts.values())
    assert not IemocapCosmic.redistributable


@pytest.mark.parametrize("folder", ["cosmic_json/", ""])
def test_the_content_of_the_pickle(files, folder):
    files.json(f"iemocap/{folder}iemocap_cosmic.json", content())
    corpus = load_corpus(IemocapCosmic(), files.folder)
    assert corpus.layout_name == "cosmic_json"
    (dialogue,) = corpus.splits.train
    assert [(turn.id, turn.speaker, turn.text, turn.label, turn.scored) for turn in dialogue.utterances] == [
        ("0", "Roy", "So?", "ang", True),
        ("1", "Weldon", "Yes.", "hap", True),
        ("2", "Roy", "No.", "fru", True),
    ]
    assert (dialogue.slice, dialogue.session, dialogue.script) == ("scripted", "Ses02", "script01")
    assert dialogue.people == (("Roy", "Ses02M"), ("Weldon", "Ses02F"))
    assert [split[0].id for _, split in corpus.splits.items()] == [
        *("Ses02M_script01_1", "Ses04F_impro02", "Ses05F_impro01")
    ]


def test_the_numbers_of_the_labels(load):
    name = "Ses02M_script01_1"
    told = content()
    said = {"speakers": ["F"] * 6, "labels": list(range(6)), "sentences": ["Hm."] * 6}
    corpus = load(**{part: {**told[part], name: values} for part, values in said.items()})
    labels = [turn.label for turn in corpus.splits.train[0].utterances]
    assert labels == ["hap", "sad", "neu", "ang", "exc", "fru"]


def test_dialogues_are_in_the_order_of_their_ids(load):
    told = content()
    names = ["Ses05F_impro02", "Ses05F_impro01"]
    said = {part: {**told[part], names[0]: told[part][names[1]]} for part in ("speakers", "labels", "sentences")}
    assert [dialogue.id for dialogue in load(**said, testIds=names).splits.test] == sorted(names)


def changed(part, values):
    return {part: {**content()[part], "Ses02M_script01_1": values}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (changed("labels", [3, 0]), "dialogue Ses02M_script01_1: it has 3 speakers, 2 labels, 3 sentences"),
        (changed("labels", [3, 0, 6]), "dialogue Ses02M_script01_1, turn 2: there is no label 6"),
        (changed("labels", [3, 0, -1]), "turn 2: there is no label -1"),
        (changed("labels", [3, "hap", 5]), "turn 1, label: expected a whole number, found a text"),
        (changed("speakers", ["M", "W", "M"]), "turn 1: unknown label 'W'"),
        (changed("sentences", ["So?", None, "No."]), "turn 1, sentence: expected a text"),
        ({"sentences": {}}, "sentences: 'Ses02M_script01_1' is missing"),
        ({"validIds": None}, "'validIds': expected a list"),
        ({"testIds": [5]}, "ids of a split: expected a text"),
        ({"testIds": []}, "the test split has no dialogues"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(load, changes, message):
    with pytest.raises(ErcBenchError, match=message):
        load(**changes)


def test_without_the_pickle_s_content_the_files_of_iemocap_do(files):
    def turn(text, label=None, actor="F"):
        return {"text": text, "speaker": f"Ses01F_impro01_{actor}"} | ({"label": label} if label else {})

    said = [turn("Hm.", actor="M"), turn("Yes.", "neu"), turn("No.", "sad", "M"), turn("Oh.")]
    for split in ("train", "dev", "test"):
        files.json(f"iemocap/spcl_json/{split}_data.json", [said])
    files.json("iemocap/spcl_json/name_pool", ["Ada", "Ben"])
    corpus = load_corpus(IemocapCosmic(), files.folder)
    (dialogue,) = corpus.splits.test
    # Who speaks first of the turns that are left is Roy.
    assert [(turn.id, turn.speaker, turn.text, turn.label) for turn in dialogue.utterances] == [
        ("0", "Roy", "Yes.", "neu"),
        ("1", "Weldon", "No.", "sad"),
    ]
    assert dialogue.people == (("Roy", "Ses01F"), ("Weldon", "Ses01M"))
    assert "the test split holds 1 dialogues" in corpus.departures[2]
    assert corpus.fingerprint != load_corpus(Iemocap(), files.folder).fingerprint


@pytest.mark.real_data
def test_the_invented_fixture_without_its_unlabelled_turns(corpora):
    expected = json.loads((corpora / "iemocap/expected.json").read_text(encoding="utf-8"))["splits"]
    corpus = load_corpus(IemocapCosmic(), corpora)
    for split, dialogues in corpus.splits.items():
        for dialogue, reference in zip(dialogues, expected[split], strict=True):
            wanted = [turn["label"] for turn in reference["utterances"] if turn["label"] is not None]
            assert [turn.label for turn in dialogue.utterances] == wanted
    assert [counts.labelled for counts in corpus.counts.values()] == [14, 10, 12]
    assert not verify(IemocapCosmic, corpora).passed

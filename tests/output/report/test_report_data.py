from pathlib import Path

import pytest

import erc_bench.api as erc
from erc_bench.corpora.corpus import fingerprint
from erc_bench.output.report import ReportRequest, collect
from erc_bench.output.report.report_data import read_text
from erc_bench.plugin_host.catalogue import Catalogue


def record_of(dataset, **changes):
    data = {"fingerprint": fingerprint(dataset().load(Path()))}
    return {"dataset": "talk", "data": data, "limit": None, "settings": {}} | changes


def catalogue_with(dataset):
    class Plugin:
        @erc.hookimpl
        def erc_datasets(self):
            return [dataset]

    catalogue = Catalogue(points=[])
    catalogue.register(Plugin(), "a-package")
    return catalogue


def test_text_comes_with_its_source_and_licence(talk, catalogue):
    text, note = read_text(catalogue, record_of(talk), None, include_text=False)
    test = talk().load(None).test
    assert text.dialogues == {each.id: [(turn.speaker, turn.text) for turn in each.utterances] for each in test}
    assert text.words == "Text of talk: invented for tests. Licence: do as you like."
    assert note == ""


def test_a_partial_run_shows_its_part_alone(talk, catalogue):
    text, _ = read_text(catalogue, record_of(talk, limit=2), None, include_text=False)
    assert list(text.dialogues) == ["0", "1"]


def test_text_that_may_not_be_passed_on_is_left_out_unless_asked_for(talk):
    class Closed(talk):
        redistributable = False
        licence = "for members of the club"

    catalogue = catalogue_with(Closed)
    text, note = read_text(catalogue, record_of(Closed), None, include_text=False)
    assert (text.dialogues, note) == ({}, "")
    assert "does not allow to pass it on: for members of the club" in text.words
    text, _ = read_text(catalogue, record_of(Closed), None, include_text=True)
    assert len(text.dialogues) == 12


def test_a_dataset_that_says_nothing_is_not_passed_on():
    class Silent(erc.Dataset):
        name = "silent"

    assert not Silent.redistributable


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("iemocap", False),
        ("meld", True),
        ("emorynlp", True),
        ("emorynlp-subset", True),
        ("dailydialog", True),
        ("demo", True),
    ],
)
def test_what_the_licences_of_the_shipped_corpora_allow(name, may):
    dataset = Catalogue().get("dataset", name)
    assert dataset.redistributable is may
    assert dataset.licence


def test_another_corpus_than_that_of_the_runs_is_not_shown(talk, catalogue):
    text, note = read_text(catalogue, record_of(talk, data={"fingerprint": "other"}), None, include_text=False)
    assert text.dialogues == {}
    assert "is not the one that these runs were scored on" in text.words
    assert "another fingerprint" in note


def test_a_dataset_that_is_not_installed_has_no_text(catalogue):
    text, note = read_text(catalogue, {"dataset": "tolk"}, None, include_text=True)
    assert text.dialogues == {}
    assert "no dataset of this name is installed" in text.words
    assert "did you mean talk?" in note


@pytest.mark.parametrize("error", [erc.ErcBenchError("the file a.csv is missing"), KeyError("column")])
def test_a_corpus_that_cannot_be_read_has_no_text(talk, error):
    class Missing(talk):
        def load(self, folder):
            raise error

    text, note = read_text(catalogue_with(Missing), record_of(talk), None, include_text=False)
    assert text.dialogues == {}
    assert "its files were not found" in text.words
    assert "--data-dir" in text.words
    assert note in ("the file a.csv is missing", "KeyError: 'column'")


def test_the_report_says_whose_text_is_there(found):
    assert found.texts["talk"].dialogues
    assert not found.texts["meld"].dialogues
    column = next(each for each in found.explorer["columns"] if each["title"] == "meld")
    assert column["turns"] == []
    assert any("meld" in note for note in found.notes)


def test_the_options_of_the_run_are_those_of_the_corpus(tmp_path):
    demo = Catalogue().get("dataset", "demo")
    corpus = demo(demo.Options(size=6)).load(Path())
    record = {
        "dataset": "demo",
        "data": {"fingerprint": fingerprint(corpus)},
        "settings": {"dataset.size": 6, "training.epochs": 2, "dataset.gone": 1},
    }
    text, note = read_text(Catalogue(), record, tmp_path, include_text=False)
    assert note == ""
    assert list(text.dialogues) == [dialogue.id for dialogue in corpus.test]


def test_the_data_directory_is_passed_on(store, talk, tmp_path):
    class Elsewhere(talk):
        layouts = (erc.Layout("csv", (erc.DataFile("here.txt"),)),)

        def load(self, folder):
            assert (folder / "here.txt").is_file()
            return super().load(folder)

    store.add("ce", dataset="talk", data={**record_of(talk)["data"], "counts": {}})
    from erc_bench.store.index.all_cells import read_cells

    cells, catalogue = read_cells(store.runs), catalogue_with(Elsewhere)
    request = ReportRequest(data_dir=tmp_path / "data", figures=())
    assert not collect(cells, request, catalogue).texts["talk"].dialogues
    (tmp_path / "data/talk").mkdir(parents=True)
    (tmp_path / "data/talk/here.txt").touch()
    assert collect(cells, request, catalogue).texts["talk"].dialogues

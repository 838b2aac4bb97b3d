"""Files of settings: written whole, merged, read back, refused where they are not ours."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.tuning.search import Result
from erc_bench.experiments.tuning.settings_file import _document, read_entries, read_settings, write_entries

ENTRY = {
    "dataset": "demo",
    "method": "eacl",
    "backbone": "minilm",
    "trials": 3,
    "tuning_seeds": [101, 102],
    "data_fingerprint": "f00d",
    "settings": {"objective.temperature": 0.3, "encoder.trainable": "none"},
}


def written(folder, *entries):
    file = folder / "tuned.toml"
    write_entries(file, entries)
    return file


def test_what_is_written_is_read(tmp_path):
    file = written(tmp_path / "new", ENTRY, {**ENTRY, "method": "ce", "limit": 5, "settings": {}})
    tuned = read_settings([file])
    assert set(tuned) == {("demo", "eacl", "minilm"), ("demo", "ce", "minilm")}
    eacl = tuned["demo", "eacl", "minilm"]
    assert eacl.settings == ENTRY["settings"]
    assert (eacl.trials, eacl.seeds, eacl.fingerprint, eacl.file) == (3, (101, 102), "f00d", str(file))
    assert eacl.origin == "tuned on dev, 3 trials"
    assert tuned["demo", "ce", "minilm"].origin == "tuned on dev, 3 trials, the first 5 dialogues of each split"


values = st.one_of(
    st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


@given(st.dictionaries(st.text(min_size=1), st.one_of(values, st.lists(values))))
def test_any_setting_survives_the_file(settings):
    read = tomllib.loads(_document(Path("f"), [{**ENTRY, "settings": settings}]))
    assert read["tuned"][0]["settings"] == settings


def test_nothing_is_a_word(tmp_path):
    file = written(tmp_path, {**ENTRY, "settings": {"objective.threshold": None}})
    assert read_settings([file])["demo", "eacl", "minilm"].settings == {"objective.threshold": "none"}


def test_other_combinations_of_a_file_stay(tmp_path):
    other = {**ENTRY, "method": "ce"}
    written(tmp_path, ENTRY, other)
    file = written(tmp_path, {**ENTRY, "trials": 9})
    assert [(entry["method"], entry["trials"]) for entry in read_entries(file)] == [("ce", 3), ("eacl", 9)]


def test_dotted_addresses_need_no_quotes(tmp_path):
    file = written(tmp_path, ENTRY)
    file.write_text(file.read_text().replace('"objective.temperature"', "objective.temperature"))
    assert read_settings([file])["demo", "eacl", "minilm"].settings == ENTRY["settings"]


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    file = written(tmp_path, ENTRY)
    before = file.read_text()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("erc_bench.store.regular_files.os.fsync", full)
    with pytest.raises(ErcBenchError, match=r"tuned\.toml cannot be written: No space left on device"):
        written(tmp_path, {**ENTRY, "trials": 9})
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]


def test_two_files_must_not_speak_of_one_combination(tmp_path):
    one, two = written(tmp_path / "one", ENTRY), written(tmp_path / "two", ENTRY)
    with pytest.raises(ErcBenchError, match=r"both .*one.* and .*two.* have settings for demo · eacl · minilm"):
        read_settings([one, two])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("format = 1", "format = 2", "does not say format = 1"),
        ("format = 1", "", "does not say format = 1"),
        ("trials = 3", "trails = 3", "tuned[1]: trials is missing"),
        ("trials = 3", "trails = 3", "tuned[1].trails: there is no such key; did you mean trials?"),
        ("trials = 3", 'trials = "3"', "tuned[1].trials: it must be a whole number"),
        ("trials = 3", "trials = true", "tuned[1].trials: it must be a whole number"),
        ("[101, 102]", "[]", "tuned[1].tuning_seeds: it must be a list of seeds"),
        ("[101, 102]", '["101"]', "tuned[1].tuning_seeds: it must be a list of seeds"),
        ("trials = 3", "trials = 3\nlimit = -1", "tuned[1].limit: it must be a whole number"),
        ("trials = 3", "trials = 3\ndev_score = true", "tuned[1].dev_score: it must be a number"),
        ('"f00d"', '""', "tuned[1].data_fingerprint: it must be a text"),
        ("[[tuned]]", "[tuned]", "entries must be written [[tuned]]"),
        ("format = 1", "format = 1\nother = 2", "other: there is no such key"),
        ("format = 1", "format = ", "is no TOML file"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(tmp_path, old, new, sentence):
    file = written(tmp_path, ENTRY)
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ErcBenchError) as refused:
        read_settings([file])
    assert sentence in refused.value.message
    assert str(file) in refused.value.message


def test_an_entry_stands_once(tmp_path):
    file = written(tmp_path, ENTRY)
    text = file.read_text()
    file.write_text(text + text[text.index("[[tuned]]") :])
    with pytest.raises(ErcBenchError, match="there are two entries for demo · eacl · minilm"):
        read_settings([file])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ErcBenchError, match="there is no file of settings") as refused:
        read_settings([tmp_path / "none.toml"])
    assert "erc-bench tune" in refused.value.hint


def test_the_entry_of_a_search(tuning):
    search = tuning.search(settings=["system.switch=on"], space={"system.first": [0.5, 0.6, 0.7]})
    trials = tuning.run(6, search)
    result = Result(search, trials, 6, "f00d")
    entry = result.entry()
    assert entry["settings"] == {"dataset.size": 12, "system.first": 0.7, "system.switch": "on"}
    assert {key: entry[key] for key in ("trials", "failed", "trials_asked", "points")} == {
        "trials": 4,
        "failed": 1,
        "trials_asked": 6,
        "points": 4,
    }
    assert (entry["dataset"], entry["method"], entry["backbone"]) == ("demo", "dials", "none")
    assert entry["dev_score"] > entry["own_dev_score"] == round(trials[0].score, 4)
    assert entry["tuning_seeds"] == [101, 102]
    assert "limit" not in entry
    lost = Result(search, [trial for trial in trials if trial.error], 6, "f00d")
    assert lost.best is None
    assert lost.own is None

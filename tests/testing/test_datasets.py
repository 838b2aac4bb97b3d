"""Unsound datasets, each with the fault that its docstring names, are caught by the check of that name."""

import csv
import json
import os
import pickle
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import erc_bench.api as erc
from erc_bench.corpora.folder import data_root, find_layout
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.corpus import SmallCorpus, small_corpus, write_corpus
from erc_bench.testing.datasets import DATASET_CHECKS, check_dataset, dataset_findings
from erc_bench_plugins.datasets.demo import Demo

COLUMNS = ("dialogue", "speaker", "text", "label")
LINES = (
    ("1", "Ann", "Where were you?", "angry"),
    ("1", "Bob", "At home.", ""),
    ("2", "Bob", "What a day!", "joyful"),
    ("2", "Ann", "Yes, the sun came out at last.", "joyful"),
)


def write(folder, **splits):
    """Write the lines of each split; every split has dialogues of its own."""
    folder.mkdir(exist_ok=True)
    for split in ("train", "dev", "test"):
        lines = splits.get(split) or [(d, who, f"{split}: {text}", label) for d, who, text, label in LINES]
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([COLUMNS, *lines])
    return folder


def also(*lines):
    return [*LINES, *lines]


class Sound(erc.Dataset):
    """A sound dataset, for the bad ones to deviate from."""

    name = "own"
    source = "this test"
    labels = ("angry", "joyful")
    licence = "none"
    obtain = "Nowhere."

    def load(self, folder):
        return erc.Splits(*(self.split(folder / f"{split}.csv") for split in ("train", "dev", "test")))

    def split(self, path):
        turns = {}
        for row in self.rows(path):
            turns.setdefault(self.id(row), []).append(self.utterance(row))
        return tuple(erc.Dialogue(name, tuple(said)) for name, said in turns.items())

    def rows(self, path):
        return erc.read_csv(path, COLUMNS)

    def id(self, row):
        return row["dialogue"]

    def utterance(self, row):
        label = row["label"] or None
        return erc.Utterance(row["speaker"], row["text"], label, label is not None)


class Generated(Sound):
    """Reads no file."""

    def load(self, folder):
        say = [erc.Utterance(who, text, label or None, bool(label)) for _, who, text, label in LINES]
        return erc.Splits(
            (erc.Dialogue("1", tuple(say)),),
            (erc.Dialogue("2", tuple(say[2:])),),
            (erc.Dialogue("3", tuple(say[1:3])),),
        )


class OneLabel(Sound):
    """Has nothing to tell apart."""

    labels = ("angry",)


class StrangeWord(Sound):
    """Has a word for a label that it does not have."""

    label_words = {"happy": "joyful"}


class SameWord(Sound):
    """Has one word for two labels."""

    label_words = {"joyful": "angry"}


class NoMetric(Sound):
    """Wants a metric that there is none."""

    headline_metric = "f1"


class MicroOfNothing(Sound):
    """Counts no label."""

    headline_metric = "micro_f1"


class Unobtainable(Sound):
    """Keeps its origin to itself."""

    obtain = ""


class NothingScored(Sound):
    """Scores no turn of test."""

    def load(self, folder):
        splits = super().load(folder)
        return erc.Splits(splits.train, splits.dev, (erc.Dialogue("1", splits.test[0].utterances[1:]),))


class EmptyDialogue(Sound):
    """Has a dialogue of no turns."""

    def load(self, folder):
        splits = super().load(folder)
        return erc.Splits((*splits.train, erc.Dialogue("9", ())), splits.dev, splits.test)


class NoSplits(Sound):
    """Returns a dictionary."""

    def load(self, folder):
        return {"train": super().load(folder).train}


class Exits(Sound):
    """Ends the program."""

    def load(self, folder):
        raise SystemExit(3)


class Moody(Sound):
    """Shuffles what it reads."""

    def split(self, path):
        return tuple(random.sample(super().split(path), 2))


class SetOrder(Sound):
    """Goes through the texts in the order of a set, which another process has otherwise."""

    def rows(self, path):
        rows = {row["text"] + row["speaker"]: row for row in super().rows(path)}
        return [rows[key] for key in set(rows)]


class ReadsEnvironment(Sound):
    """Finds its files where a variable says."""

    def load(self, folder):
        return super().load(Path(os.environ["ERC_BENCH_DATA"]))


class ReadsLocale(Sound):
    """Opens its files in the encoding of the user's machine."""

    def rows(self, path):
        with path.open(newline="") as stream:
            return list(csv.DictReader(stream))


class WritesHere(Sound):
    """Keeps a cache in the working directory."""

    def load(self, folder):
        Path("cache.txt").write_text("seen", encoding="utf-8")
        return super().load(folder)


class WritesThere(Sound):
    """Keeps a cache beside the data."""

    def load(self, folder):
        (folder / "cache.txt").write_text("seen", encoding="utf-8")
        return super().load(folder)


class ScoredWithoutLabel(Sound):
    """Scores a turn that nobody labelled."""

    def utterance(self, row):
        return erc.Utterance(row["speaker"], row["text"], row["label"] or None, True)


class NoSpeakers(Sound):
    """Leaves the speakers out."""

    def utterance(self, row):
        return erc.Utterance("", row["text"], row["label"] or None, bool(row["label"]))


class OneSpeaker(Sound):
    """Lets one person say everything."""

    def utterance(self, row):
        return erc.Utterance("A", row["text"], row["label"] or None, bool(row["label"]))


class NoTexts(Sound):
    """Reads the wrong column."""

    def utterance(self, row):
        return erc.Utterance(row["speaker"], "", row["label"] or None, bool(row["label"]))


class Garbled(Sound):
    """Reads a file that was encoded twice."""

    def utterance(self, row):
        text = f"{row['text']} \u00e2\u20ac\u2122"
        return erc.Utterance(row["speaker"], text, row["label"] or None, bool(row["label"]))


class NormalisesElsewhere(Sound):
    """Says that it changes texts, and gives them as they stand in the file."""

    @classmethod
    def normalise(cls, text):
        return text.lower()


class Normalises(Sound):
    """Changes texts in the one place that new conversations go through, too."""

    @classmethod
    def normalise(cls, text):
        return text.lower()

    def utterance(self, row):
        label = row["label"] or None
        return erc.Utterance(self.normalise(row["speaker"]), self.normalise(row["text"]), label, label is not None)


class LabelInText(Sound):
    """Leaves the label where the annotators wrote it."""

    def utterance(self, row):
        label = row["label"] or None
        return erc.Utterance(row["speaker"], f"[{label}] {row['text']}", label, label is not None)


class LabelInSpeaker(Sound):
    """Names the speakers after the files, which are named after the labels."""

    def utterance(self, row):
        label = row["label"] or None
        return erc.Utterance(f"{row['speaker']}_{label}", row["text"], label, label is not None)


class OtherCounts(Sound):
    """Declares a corpus that is larger."""

    counts = {"train": erc.SplitCounts(3, 4, 3)}


class OneId(Sound):
    """Numbers its dialogues in a way of its own."""

    def split(self, path):
        return tuple(erc.Dialogue("1", dialogue.utterances) for dialogue in super().split(path))


class Evaluates(Sound):
    """Takes the label for a Python literal."""

    def utterance(self, row):
        label = row["label"]
        return super().utterance({**row.values, "label": eval(label) if "(" in label else label})


class Pickled(Sound):
    """Accepts a pickle, too."""

    def rows(self, path):
        content = path.read_bytes()
        return pickle.loads(content) if content.startswith(b"\x80") else super().rows(path)


class Careless(Sound):
    """Leaves damaged files to the library."""

    def rows(self, path):
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


class Silent(Sound):
    """Takes a file that it cannot read for an empty one."""

    def split(self, path):
        try:
            return super().split(path)
        except erc.ErcBenchError:
            return (erc.Dialogue("1", (erc.Utterance("A", "sorry", "angry", True),)),)


class Sized(Sound):
    """Has an option."""

    @dataclass(frozen=True)
    class Options:
        """How much is read."""

        dialogues: int = erc.option(2, "Dialogues of each split.", at_least=1)

    def split(self, path):
        return super().split(path)[: self.options.dialogues]


def failed(findings):
    # This file holds components and imports, as no plugin may, the inside that it tests.
    unsound = [finding for finding in findings if finding.outcome == "failed" and finding.name != "imports"]
    return {finding.name: finding.measured for finding in unsound}


def skipped(findings):
    return {finding.name: finding.measured for finding in findings if finding.outcome == "skipped"}


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "corpus")


def test_a_sound_dataset_passes(folder):
    findings = dataset_findings(Sound, folder)
    assert failed(findings) == {}
    assert set(skipped(findings)) == {"options", "bounds", "counts", "normalised", "cues"}
    assert [finding.name for finding in findings] == [check.name for check in (*COMPONENT_CHECKS, *_own_checks())]
    measured = {finding.name: finding.measured for finding in findings}
    assert measured["loading"] == "; ".join(
        f"{split} 2 dialogues, 3 scored turns" for split in ("train", "dev", "test")
    )
    assert measured["unlabelled turns"] == "3 of 12 turns have no label: they stay as context, and none is scored"
    assert measured["same dialogues"].startswith("twice here, and in two other processes")
    assert measured["code in the data"].startswith("7 files")
    assert measured["damaged files"].startswith("2 damaged files were refused")


def _own_checks():
    return DATASET_CHECKS[len(COMPONENT_CHECKS) :]


def test_a_dataset_without_files_passes(tmp_path):
    findings = dataset_findings(Demo, tmp_path)
    assert failed(findings) == {}
    assert {skipped(findings)[name] for name in ("folder untouched", "code in the data")} == {"it reads no file"}
    assert failed(dataset_findings(Generated, tmp_path)) == {}


def test_without_files_what_reads_them_is_skipped():
    findings = dataset_findings(Sound, None, missing="train.csv is missing")
    assert failed(findings) == {}
    reading = {finding.name for finding in findings if finding.measured == "train.csv is missing"}
    assert reading == {check.name for check in _own_checks()} - {"labels", "metric", "licence", "counts", "normalised"}


@pytest.mark.parametrize(
    ("dataset", "name", "sentence"),
    [
        (OneLabel, "labels", "it declares fewer than two labels"),
        (StrangeWord, "labels", "name 'happy', which is not a label"),
        (SameWord, "labels", "two labels have the same word"),
        (NoMetric, "metric", "headline_metric is 'f1'"),
        (MicroOfNothing, "metric", "declares no scored_labels"),
        (Unobtainable, "licence", "how to obtain"),
        (NothingScored, "loading", "own, test split: no utterance is scored"),
        (EmptyDialogue, "loading", "own, train split, dialogue '9': it has no utterances"),
        (NoSplits, "loading", "load returns a dict and no Splits"),
        (Moody, "same dialogues", "loading it twice gives different dialogues"),
        (SetOrder, "same dialogues", "another process reads other dialogues"),
        (ReadsEnvironment, "same dialogues", "in another process, folder and locale it cannot be read"),
        (WritesHere, "same dialogues", "reading it writes cache.txt to the working directory"),
        (OneId, "dialogue ids", "own, train split: the dialogue id '1' occurs twice"),
        (
            ScoredWithoutLabel,
            "unlabelled turns",
            "train split, dialogue '1', position 1: it is scored and has no label",
        ),
        (NoSpeakers, "speakers", "dialogue '1', position 0: it has no speaker"),
        (OneSpeaker, "speakers", "everything is said by 'A'"),
        (NoTexts, "texts", "12 of 12 utterances have no text, the first is own, train split, dialogue '1', position 0"),
        (
            Garbled,
            "texts",
            "12 of 12 utterances are not what was said, but what an export made of it: '\u00e2\u20ac\u2122' in own",
        ),
        (NormalisesElsewhere, "normalised", "position 0: normalise makes '"),
        (LabelInText, "labels in the text", "9 of 9 turns hold their own label in the text"),
        (LabelInSpeaker, "labels in the text", "9 of 9 turns hold their own label in the speaker"),
        (OtherCounts, "counts", "the train split holds 2 dialogues"),
        (WritesThere, "folder untouched", "reading it changes cache.txt"),
        (Evaluates, "code in the data", "code that stands in dev.csv (an expression in the column label) is run"),
        (Pickled, "code in the data", "code that stands in dev.csv (a pickle) is run"),
        (Careless, "damaged files", "dev.csv (no text) ends in UnicodeDecodeError"),
        (Silent, "damaged files", "dev.csv (empty) is read as if nothing were wrong"),
    ],
)
def test_an_unsound_dataset_is_told_why(dataset, name, sentence, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("ERC_BENCH_DATA", str(folder))
    monkeypatch.chdir(tmp_path)
    assert sentence in failed(dataset_findings(dataset, folder)).get(name, "")


@pytest.mark.parametrize(
    ("lines", "name", "sentence"),
    [
        ({"dev": LINES, "train": LINES}, "disjoint splits", "2 dialogue(s) of dev in train repeat an earlier split"),
        ({"test": LINES, "dev": LINES}, "disjoint splits", "2 dialogue(s) of test in dev repeat an earlier split"),
        (
            {"train": also(*(("3", *line[1:]) for line in LINES[:2]))},
            "duplicates",
            "1 dialogue(s) of train repeat one of their split; if it was published so, say it in known_repeats",
        ),
        ({"dev": also(("3", "Ann", "Hm.", "happy"))}, "label vocabulary", "position 0: 'happy' is not a label"),
        ({"train": LINES[2:]}, "label vocabulary", "no utterance of train has the label 'angry'"),
    ],
)
def test_unsound_files_are_told_why(lines, name, sentence, tmp_path):
    assert sentence in failed(dataset_findings(Sound, write(tmp_path / "corpus", **lines)))[name]


def test_texts_that_are_normalised_where_they_are_read_pass(folder):
    findings = dataset_findings(Normalises, folder)
    assert failed(findings) == {}
    assert "normalised" not in skipped(findings)
    assert skipped(dataset_findings(Sound, folder))["normalised"] == "it changes no texts"


def test_what_cannot_be_read_is_told_once(folder):
    findings = dataset_findings(Exits, folder)
    assert set(failed(findings)) == {"loading"}
    assert failed(findings)["loading"].endswith("SystemExit: 3")
    assert skipped(findings)["speakers"] == "it cannot be read: see the check `loading`"


def test_repetitions_that_are_known_are_measured_and_no_more(tmp_path):
    class Known(Sound):
        """Was published with a dialogue of train in test."""

        known_repeats = {"test in train": 1}

    folder = write(tmp_path / "corpus", train=LINES, test=[*LINES[:2], ("5", "Ann", "Oh, that is new.", "joyful")])
    findings = dataset_findings(Known, folder)
    assert failed(findings) == {}
    measured = {finding.name: finding.measured for finding in findings}
    assert measured["disjoint splits"].startswith(
        "dialogues that repeat an earlier split, as known_repeats says: 1 of test in train"
    )
    assert (
        "known_repeats says 1"
        in failed(dataset_findings(Known, write(folder, train=LINES, test=LINES)))["disjoint splits"]
    )


def test_a_file_that_only_one_machine_can_read_is_told(tmp_path):
    folder = write(tmp_path / "corpus", train=also(("3", "Zoë", "Déjà vu…", "joyful")))
    assert failed(dataset_findings(Sound, folder)) == {}
    assert "UnicodeDecodeError" in failed(dataset_findings(ReadsLocale, folder))["same dialogues"]


def test_options_reach_the_other_processes(folder):
    findings = dataset_findings(Sized, folder, Sized.Options(dialogues=2))
    assert failed(findings) == {}
    class_of_this_test = type("Local", (Sized,), {"__qualname__": "f.<locals>.Local", "__doc__": "Local."})
    measured = {f.name: f.measured for f in dataset_findings(class_of_this_test, folder)}
    assert measured["same dialogues"] == "twice in this process; its class is known to no other one"


def test_json_files_are_tried_name_by_name(tmp_path):
    class Json(Sound):
        """Evaluates one name of its records."""

        def split(self, path):
            records = erc.read_json(path.with_suffix(".json"))
            for record in records:
                _ = eval(record["score"])
            turns = [erc.Utterance(r["who"], r["text"], "angry", True) for r in records]
            return (erc.Dialogue(path.stem, tuple(turns)),)

    for split in ("train", "dev", "test"):
        records = [{"who": who, "text": f"{split} {who}", "score": "1 + 1"} for who in ("Ann", "Bob")]
        (tmp_path / f"{split}.json").write_text(json.dumps(records), encoding="utf-8")
    assert "(an expression as score) is run" in failed(dataset_findings(Json, tmp_path))["code in the data"]


def test_checking_leaves_the_files_alone(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    dataset_findings(Evaluates, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_failed_check_is_an_error_in_the_tests_of_a_plugin(folder):
    with pytest.raises(
        AssertionError, match=r"(?s)the dataset 'own' does not pass .*\nspeakers: own: everything is said"
    ):
        check_dataset(OneSpeaker, folder)


def test_the_small_corpus_of_the_checks_passes(tmp_path):
    write_corpus(tmp_path, small_corpus())
    findings = dataset_findings(SmallCorpus, tmp_path / "meld")
    assert set(failed(findings)) <= {"labels in the text"}  # its words are easy on purpose


def test_another_process_reads_a_dataset_without_torch():
    """Each check starts two of them, which would take most of their time to import it."""
    program = "import sys; from erc_bench.testing.datasets.loading import fingerprint_of; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def pytest_generate_tests(metafunc):
    """Load every plugin where tests are collected, and not in each fresh process, which reads this file for a class."""
    if "published" in metafunc.fixturenames:
        metafunc.parametrize("published", Catalogue().entries("dataset"))


@pytest.mark.real_data
def test_the_published_corpora_pass(published):
    dataset = Catalogue().get("dataset", published)
    try:
        _, folder = find_layout(dataset, data_root(None))
    except ErcBenchError:
        pytest.skip("its files are not there")
    check_dataset(dataset, folder)

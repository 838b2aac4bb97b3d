"""``erc-bench score``: what it prints for a file of predictions."""

import csv
import gzip
import json
import sys

import numpy as np
import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench_plugins.datasets.demo import Demo


@pytest.fixture
def write(tmp_path):
    """Return a function that writes predictions for the test split of the artificial corpus."""
    dialogues = load_corpus(Demo(), tmp_path).splits.test

    def write(name, accuracy, seeds):
        rng = np.random.default_rng(int(100 * accuracy))
        file = tmp_path / name
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["dialogue_id", "utterance", "gold", "predicted", "seed"])
            for seed in seeds:
                for dialogue in dialogues:
                    for turn, utterance in enumerate(dialogue.utterances):
                        label = utterance.label if rng.random() < accuracy else str(rng.choice(Demo.labels))
                        writer.writerow([dialogue.id, turn, utterance.label, label, seed])
        return file

    return write


def test_a_file_alone(command, write):
    outcome = command("score", write("mine.csv", 0.7, [1, 2]), "--dataset", "demo")
    assert outcome.code == 0
    for words in ("weighted F1", "macro F1", "floor: always answering", "F1 by class", "frustrated", "50 dialogues"):
        assert words in outcome.out
    assert "mine.csv (seeds 1, 2): weighted F1 has the 95 % interval [" in " ".join(outcome.out.split())


def test_a_gzipped_file_has_the_scores_of_the_plain_one(command, write):
    plain = write("mine.csv", 0.7, [1, 2])
    packed = plain.with_name("mine.csv.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    told = [command("score", file, "--dataset", "demo", "--format", "json").out for file in (plain, packed)]
    assert told[0] == told[1].replace("mine.csv.gz", "mine.csv")
    packed.write_bytes(gzip.compress(bytes(2**27), compresslevel=1))
    bomb = command("score", packed, "--dataset", "demo")
    assert bomb.code == 2
    assert "mine.csv.gz unpacks to more than 64 MiB" in bomb.err


@pytest.mark.parametrize("form", ["rich", "markdown"])
def test_two_files(command, write, form):
    files = write("mine.csv", 0.7, [1, 2, 3]), write("theirs.csv", 0.5, [1, 2, 3])
    outcome = command("score", files[0], "--against", files[1], "--dataset", "demo", "--format", form)
    told = " ".join(outcome.out.split())
    for words in ("over dialogues: sign flips", "over seeds: paired t", "over both: joint test", "Design effect"):
        assert words in told
    assert "McNemar's test assumes independent utterances" in told
    assert told.count("McNemar") == 4
    assert max(map(len, outcome.out.splitlines())) <= 100 or form == "markdown"


def test_a_difference_of_part_of_the_seeds_says_so(command, write):
    files = write("mine.csv", 0.7, [1, 2, 3]), write("theirs.csv", 0.5, [3, 4])
    outcome = command("score", files[0], "--against", files[1], "--dataset", "demo", "--format", "markdown")
    told = " ".join(outcome.out.split())
    assert "| of seed 3 alone |" in told
    assert "McNemar (seed 3)" in told
    assert "Both files have seed 3 alone in common" in told
    assert "the difference of the runs that are paired" in told
    assert "One run on each side" not in told
    whole = command("score", files[0], "--against", write("same.csv", 0.6, [1, 2, 3]), "--dataset", "demo")
    assert whole.code == 0
    assert "alone" not in whole.out.replace("right alone", "")


def test_json_has_every_number_and_goes_into_a_file(command, write, tmp_path):
    file = tmp_path / "out" / "score.json"
    given = ("--dataset", "demo", "--against", write("b.csv", 0.5, [1]), "--format", "json", "--output", file)
    assert command("score", write("a.csv", 0.8, [1]), *given).code == 0
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["format"] == 1
    assert content["contrast"]["seed_tests"] is None
    assert content["contrast"]["test"]["p"] < 0.05
    assert sum(content["support"].values()) == content["labelled"]


def test_mistakes_are_sentences(command, write, tmp_path):
    assert "did you mean demo" in command("score", tmp_path / "a.csv", "--dataset", "dem").err
    missing = command("score", tmp_path / "nothing.csv", "--dataset", "demo")
    assert missing.code == 2
    assert "nothing.csv cannot be read" in missing.err
    file = write("a.csv", 0.5, [1])
    file.write_text(file.read_text().replace("happy", "hapy", 1))
    assert "did you mean happy" in command("score", file, "--dataset", "demo").err


def test_what_a_corpus_prints_is_no_part_of_the_answer(command, write, monkeypatch):
    load = Demo.load
    monkeypatch.setattr(Demo, "load", lambda self, *given: sys.stdout.write("corpus talks\n") and load(self, *given))
    told = command("score", write("mine.csv", 0.8, [1, 2]), "--dataset", "demo", "--format", "json")
    assert told.code == 0
    assert json.loads(told.out)
    assert "corpus talks" in told.err


def test_answers_that_are_no_label_are_counted_and_marked(command, write):
    file, other = write("llm.csv", 0.7, [1]), write("other.csv", 0.5, [1])
    lines = file.read_text(encoding="utf-8").splitlines()
    odd = ["", "I cannot tell", "The emotion is anger, for she " + 20 * "really " + "shouts"]
    for place, answer in enumerate(odd, start=1):
        dialogue, turn, gold, _, seed = lines[place].split(",")
        lines[place] = f'{dialogue},{turn},{gold},"{answer}",{seed}'
    file.write_text("\n".join(lines), encoding="utf-8")
    refused = command("score", file, "--dataset", "demo")
    assert refused.code == 2
    assert "count as wrong with --unknown-as-wrong." in refused.err
    told = command("score", file, "--against", other, "--dataset", "demo", "--unknown-as-wrong")
    assert (told.code, told.err) == (0, "")
    assert "llm.csv (1.1 % unknown)" in told.out
    assert "other.csv (" not in told.out
    assert (
        "llm.csv: 3 of 270 answers (1.1 %) are no label and count as wrong: none given 1, 'I cannot tell' 1,"
        " 'The emotion is anger, for she really rea…' 1."
    ) in " ".join(told.out.split())
    form = ("--dataset", "demo", "--unknown-as-wrong", "--format", "json")
    assert json.loads(command("score", file, *form).out)["systems"][0]["unknown"]["I cannot tell"] == 1
    assert "unknown" not in command("score", other, "--dataset", "demo", "--unknown-as-wrong").out

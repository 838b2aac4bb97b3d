"""``erc-bench features``: importing vectors and holding them against a corpus by command."""

import json

import numpy as np
import pytest

from erc_bench.corpora.features.feature_file import Features
from erc_bench.plugin_host.catalogue import Catalogue


@pytest.fixture(scope="module")
def vectors():
    """Return a vector for every turn of the demo corpus."""
    splits = Catalogue().get("dataset", "demo")().load(None)
    return {
        f"{split}/{dialogue.id}/{index}": np.full(5, index, np.float64)
        for split, dialogues in splits.items()
        for dialogue in dialogues
        for index in range(len(dialogue.utterances))
    }


@pytest.fixture
def imported(command, tmp_path):
    """Return a function that imports vectors, and gives the outcome and the file."""

    def imported(vectors, *options):
        np.savez(tmp_path / "given.npz", **vectors)
        file = tmp_path / "out" / "audio.safetensors"
        file.parent.mkdir(exist_ok=True)
        return command("features", "import", "--name", "audio", "--out", file, tmp_path / "given.npz", *options), file

    return imported


def test_imported_and_verified(command, imported, vectors):
    outcome, file = imported(vectors)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"audio: {len(vectors):,} utterances, 5 numbers each, written to {file}\n"
    verified = command("features", "verify", file, "--dataset", "demo")
    assert (verified.code, verified.err) == (0, "")
    assert verified.out.splitlines()[0] == f"audio: 5 numbers for each of {len(vectors):,} utterances"
    for split in ("train", "dev", "test"):
        turns = str(sum(key.startswith(f"{split}/") for key in vectors))
        assert [split, turns, turns, "0", "0"] in [line.split() for line in verified.out.splitlines()]
    assert "Missing" not in verified.out
    assert "Surplus" not in verified.out


def test_what_is_missing_and_what_is_too_much_is_named(command, imported, vectors):
    dev = [key for key in vectors if key.startswith("dev/")]
    kept = {key: vector for key, vector in vectors.items() if key not in dev[2:7]}
    _, file = imported(kept | {"test/nobody/0": np.zeros(5)})
    verified = command("features", "verify", file, "--dataset", "demo")
    assert verified.code == 1
    lines = [line.split() for line in verified.out.splitlines()]
    assert ["dev", str(len(dev)), str(len(dev) - 5), "5", "0"] in lines
    assert f"Missing: {', '.join(dev[2:5])} and 2 more" in verified.out
    assert "Surplus: test/nobody/0\n" in verified.out


def test_a_file_that_is_there_stays(imported, vectors):
    _, file = imported(vectors)
    before = file.read_bytes()
    outcome, _ = imported({"train/a/0": np.ones(2)})
    assert outcome.code == 2
    assert outcome.err == f"Error: {file} is there already\nChoose another name, or add --overwrite.\n"
    assert file.read_bytes() == before
    outcome, _ = imported({"train/a/0": np.ones(2)}, "--overwrite")
    assert outcome.code == 0
    assert file.read_bytes() != before


def test_a_mistake_is_a_sentence_and_writes_nothing(command, tmp_path):
    (tmp_path / "given.json").write_text(json.dumps({"train": {"a": {"0": [1, float("inf")]}}}))
    out = tmp_path / "new" / "out.safetensors"
    outcome = command("features", "import", "--name", "audio", "--out", out, tmp_path / "given.json")
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {tmp_path / 'given.json'}: 'train/a/0' is inf at position 1")
    assert not out.parent.exists()


def test_a_folder_of_its_own_is_made(command, tmp_path):
    (tmp_path / "given.json").write_text('{"train": {"a": {"0": [1, 2]}}}')
    out = tmp_path / "new" / "out.safetensors"
    assert command("features", "import", "--name", "audio", "--out", out, tmp_path / "given.json").code == 0
    assert out.is_file()


def test_an_unknown_corpus_is_named(command, imported, vectors):
    _, file = imported(vectors)
    outcome = command("features", "verify", file, "--dataset", "demoo")
    assert outcome.code == 2
    assert "did you mean demo?" in outcome.err


def test_a_search_reads_the_file_of_its_method(command, tmp_path, tiny_bert, vectors):
    file, settings = tmp_path / "commonsense.safetensors", ("dataset.size=12", "training.epochs=1", "upstream=none")
    file.write_bytes(Features("commonsense", {key: v.astype(np.float32) for key, v in vectors.items()}).content())

    def tune(*more):
        asked = ("--method", "cosmic", "--dataset", "demo", "--backbone", tiny_bert, "--study", tmp_path / "tuning")
        changed = [word for setting in settings for word in ("--set", setting)]
        return command("tune", *asked, *changed, "--trials", 1, "--seeds", "1", "--device", "cpu", *more)

    found = tune("--feature", f"commonsense={file}")
    assert (found.code, found.err) == (0, "")
    assert "trial 0 · demo · cosmic" in found.out
    lacking = tune()
    assert lacking.code == 2
    assert "reads the feature 'commonsense' on demo" in lacking.err
    file.write_bytes(Features("commonsense", {"train/0/0": np.zeros(5, np.float32)}).content())
    short = tune("--feature", f"commonsense={file}")
    assert short.code == 2
    assert "the feature 'commonsense' has no vector for" in short.err

"""``erc-bench predict --feature``: a model that reads vectors labels conversations that have them."""

import csv
import json

import numpy as np
import pytest

import erc_bench.api as erc
from erc_bench import cli
from erc_bench.corpora.features.feature_file import Features
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.training.saved_models import saved_model

WIDTH = 4
METHOD = "cogmen"
SETTINGS = (
    "dataset.size=9",
    "training.epochs=1",
    "upstream=none",
    "encoder.modalities=text and audio",
    "encoder.feed_forward=16",
    "encoder.width=8",
)


@pytest.fixture(scope="module")
def splits():
    demo = Catalogue().get("dataset", "demo")
    return demo(demo.Options(size=9)).load(None)


def written(file, vectors, name="audio"):
    file.write_bytes(Features(name, vectors).content())
    return file


@pytest.fixture(scope="module")
def vectors(splits):
    """Return a vector for every turn of the corpus, all of them different."""
    rng = np.random.default_rng(0)
    return {
        f"{split}/{dialogue.id}/{turn}": rng.standard_normal(WIDTH).astype(np.float32)
        for split, dialogues in splits.items()
        for dialogue in dialogues
        for turn in range(len(dialogue.utterances))
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_bert, vectors):
    """The folder of runs of a cell that heard the audio and whose model was saved; never changed."""
    folder = tmp_path_factory.mktemp("heard")
    audio = written(folder / "audio.safetensors", vectors)
    arguments = ["run", "--method", METHOD, "--dataset", "demo", "--backbone", str(tiny_bert), "--seeds", "1"]
    arguments += ["--runs", str(folder / "runs"), "--save-model", "--feature", f"audio={audio}", "--device", "cpu"]
    cli.main([*arguments, *(part for setting in SETTINGS for part in ("--set", setting))])
    return folder / "runs"


@pytest.fixture
def asked(tmp_path, splits):
    """The conversations of test as a file, without their labels and in another order."""
    told = [
        {"id": each.id, "utterances": [{"speaker": turn.speaker, "text": turn.text} for turn in each.utterances]}
        for each in reversed(splits.test)
    ]
    file = tmp_path / "asked.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    return file


@pytest.fixture
def audio(tmp_path, vectors):
    return written(tmp_path / "audio.safetensors", {k: v for k, v in vectors.items() if k.startswith("test/")})


def stored(runs):
    (file,) = runs.glob("*/*/*/*/seed-*/predictions.csv")
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {(row["dialogue_id"], int(row["utterance"])): tuple(list(row.values())[4:]) for row in rows}


def scores(conversations):
    return {
        (each["id"], place): tuple(f"{score:.4f}" for score in turn["scores"].values())
        for each in conversations
        for place, turn in enumerate(each["utterances"])
    }


def test_the_answers_are_those_of_the_run_and_follow_the_vectors(command, runs, asked, audio, vectors, tmp_path):
    done = command("predict", runs, asked, "--format", "json", "--feature", f"audio={audio}")
    assert done.code == 0, done.err
    assert scores(json.loads(done.out)) == stored(runs)
    of_demo = command("predict", runs, asked, "--format", "json", "--feature", f"demo:audio={audio}")
    assert of_demo.out == done.out
    moved = {key: vector[::-1].copy() for key, vector in vectors.items()}
    other = written(tmp_path / "moved.safetensors", moved)
    heard = command("predict", runs, asked, "--format", "json", "--feature", f"audio={other}")
    assert scores(json.loads(heard.out)) != stored(runs)


def test_python_says_the_same(runs, audio, splits):
    model = erc.load_model(runs)
    answered = model.predict(list(splits.test), features={"audio": audio})
    assert {
        (dialogue.id, place): tuple(f"{score:.4f}" for score in each.scores.values())
        for dialogue, own in zip(splits.test, answered, strict=True)
        for place, each in enumerate(own)
    } == stored(runs)
    first = splits.test[0]
    assert [each.emotion for each in model.predict(first, features={"audio": audio})] == [
        each.emotion for each in answered[0]
    ]
    with pytest.raises(erc.ErcBenchError) as error:
        model.predict(first)
    assert error.value.message.endswith('computes: features={"audio": "FILE.safetensors"}')
    with pytest.raises(erc.ErcBenchError, match="conversation 1 has no id"):
        model.predict(["Hello.", "Go away."], features={"audio": audio})


@pytest.fixture
def _nothing_is_loaded(monkeypatch):
    def refuse(*_args, **_keywords):
        raise AssertionError("the model was loaded before its vectors were looked at")

    monkeypatch.setattr(saved_model, "load_model", refuse)


@pytest.mark.usefixtures("_nothing_is_loaded")
def test_what_is_lacking_is_told_before_anything_is_loaded(command, runs, asked, audio, vectors, splits, tmp_path):
    def told(*more):
        done = command("predict", runs, asked, *more)
        assert (done.code, done.out) == (2, "")
        return done.err

    assert told() == (
        "Error: the saved model reads 'audio' of every turn, which other code computes:"
        " --feature audio=FILE.safetensors\n"
    )
    last = splits.test[-1]
    gap = f"test/{last.id}/{len(last.utterances) - 1}"
    of_test = {key: vector for key, vector in vectors.items() if key.startswith("test/")}
    file = written(tmp_path / "gap.safetensors", {key: vector for key, vector in of_test.items() if key != gap})
    turns = len(of_test)
    assert f"has no vector for 1 of the {turns} turns, the first of them {gap}\n" in told("--feature", f"audio={file}")
    wide = written(tmp_path / "wide.safetensors", {key: np.zeros(6, np.float32) for key in of_test})
    assert (
        f"{wide} has 6 numbers for each turn, and the saved model was trained with 4 of the feature 'audio'\n"
        in told("--feature", f"audio={wide}")
    )
    faces = written(tmp_path / "visual.safetensors", of_test, "visual")
    assert "the saved model of demo does not read 'visual'" in told("--feature", f"visual={faces}")
    assert "the saved model of demo does not read 'meld:audio'" in told("--feature", f"meld:audio={audio}")
    asked.write_text("Ann: Hello.\n", encoding="utf-8")
    assert "conversation 1 has no id" in told("--feature", f"audio={audio}", "--input-format", "text")


def test_a_model_of_texts_takes_no_vectors(command, tiny_bert, asked, audio, tmp_path):
    runs = tmp_path / "runs"
    command("run", "--method", "majority", "--dataset", "demo", "--seeds", "1", "--runs", runs, "--save-model")
    done = command("predict", runs, asked, "--feature", f"audio={audio}")
    assert done.code == 2
    assert "does not read 'audio'; it reads no feature\nLeave out --feature audio=…." in done.err

"""Cells without a language model, in processes of their own that could not load one."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.features.feature_file import Features
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.running.staleness import Staleness
from erc_bench_plugins.datasets.demo import Demo

WITHOUT_MODELS = """
import sys
sys.modules["transformers"] = sys.modules["tokenizers"] = None
from erc_bench.cli import main
main(sys.argv[1:])
"""
WHO_SPEAKS = '''
    """Encoders that read who speaks, and nothing that is said."""
    import torch
    import erc_bench.api as erc

    class WhoSpeaks(erc.DialogueEncoder):
        """Read the speakers of a dialogue in order with a GRU."""

        name = "who-speaks"
        source = "this test"
        needs_backbone = False

        def __init__(self, options, backbone):
            super().__init__(options, backbone)
            self.speaking = torch.nn.Embedding(4, 8)
            self.gru = torch.nn.GRU(8, 16, batch_first=True)

        @property
        def dim(self):
            return 16

        def encode_turns(self, turns):
            return turns.recurrent(self.gru, self.speaking(turns.speakers.clamp(0, 3)))

    class Reads(WhoSpeaks):
        """It makes a token row all the same."""

        name = "reads"

        def rows(self, example):
            return [erc.TokenRow((1,), (0,))]

    @erc.hookimpl
    def erc_encoders():
        return [WhoSpeaks, Reads]

    @erc.hookimpl
    def erc_methods():
        return [erc.Method(name, "this test", "Speakers alone.", {"encoder": name}) for name in ("who-speaks", "reads")]
'''


def settings(**values):
    """Return the words of a command line that set options, those of slots written ``SLOT__OPTION``."""
    return [word for name, value in values.items() for word in ("--set", f"{name.replace('__', '.')}={value}")]


SHORT = settings(dataset__size=20, training__epochs=2)
SMALL = {
    "cogmen": settings(encoder__layers=1, encoder__heads=1, encoder__feed_forward=32, encoder__dropout=0),
    "mmgcn": settings(encoder__layers=4, encoder__dropout=0),
}
LEARNS = settings(training__epochs=20, training__batch_size=2, training__head_lr=5e-3, training__head_dropout=0)


@pytest.fixture
def program(tmp_path):
    """Return a function that runs ``erc-bench`` in a process without transformers; it gives code and output."""

    def program(*arguments):
        environment = {**os.environ, "ERC_BENCH_CACHE": str(tmp_path / "cache"), "COLUMNS": "200"}
        command = [sys.executable, "-c", WITHOUT_MODELS, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
        return done.returncode, done.stdout + done.stderr

    return program


@pytest.fixture
def audio(tmp_path):
    """Return a function that writes vectors of the demo corpus that hold the label of each turn, or noise alone."""

    def audio(name, cued):
        rng, labels = np.random.default_rng(0), list(Demo.labels)
        splits = load_corpus(Demo(Demo.Options(size=20)), None).splits
        vectors = {
            f"{split}/{dialogue.id}/{turn}": rng.normal(0, 0.1, len(labels)).astype(np.float32)
            + (3 * np.eye(len(labels), dtype=np.float32)[labels.index(utterance.label)] if cued else 0)
            for split, dialogues in splits.items()
            for dialogue in dialogues
            for turn, utterance in enumerate(dialogue.utterances)
        }
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(Features("audio", vectors).content())
        return file

    return audio


@pytest.fixture
def who_speaks(tmp_path):
    file = tmp_path / "who_speaks.py"
    file.write_text(textwrap.dedent(WHO_SPEAKS), encoding="utf-8")
    return file


def records(tmp_path):
    return [json.loads(path.read_text("utf-8")) for path in sorted((tmp_path / "runs").rglob("record.json"))]


@pytest.mark.parametrize("method", ["cogmen", "mmgcn"])
def test_a_cue_in_the_audio_is_learnt_without_any_text(program, audio, tmp_path, method):
    hears = (*settings(dataset__size=20, encoder__modalities="audio"), *SMALL[method], *LEARNS)
    asked = ("run", "--method", method, "--dataset", "demo", "--seeds", "1", "--backbone", "none", *hears)
    code, told = program(*asked, "--feature", f"audio={audio('cued', True)}", "--save-model")
    assert code == 0, told
    code, told = program(*asked, "--feature", f"audio={audio('noise', False)}")
    assert code == 0, told
    assert {each["provenance"]["backbone_parameters"] for each in records(tmp_path)} == {0}
    accuracies = sorted(each["metrics"]["test"]["accuracy"] for each in records(tmp_path))
    assert accuracies[0] < 45
    assert accuracies[1] >= 95
    assert {each["backbone"] for each in records(tmp_path)} == {"none"}
    # Done is done: neither the upstream of the published system nor a backbone makes another cell of it.
    code, told = program(*asked, "--feature", f"audio={tmp_path / 'cued.safetensors'}")
    assert (code, "done: test" in told) == (0, True)
    assert f" {method} " in told
    assert "(frozen)" not in told
    assert not list((tmp_path / "cache").rglob("*upstream*"))
    assert Staleness(Catalogue(), None, pytest.fail).reasons([("cell", each) for each in records(tmp_path)]) == {}


def test_a_suite_mixes_methods_with_and_without_a_backbone(program, who_speaks, tmp_path):
    suite = """
        methods = ["who-speaks", "majority"]
        datasets = ["demo"]
        backbones = ["none"]
        seeds = 2
        dataset.size = 20
        training.epochs = 2
    """
    (tmp_path / "suite.toml").write_text(textwrap.dedent(suite), encoding="utf-8")
    code, told = program("sweep", "suite.toml", "--plugin", who_speaks, "--jobs", "2")
    assert code == 0, told
    assert len(records(tmp_path)) == 4
    code, told = program("compare", "--suite", "suite.toml")
    assert code == 0, told
    assert "who-speaks" in told
    assert "majority" in told


def test_a_saved_model_without_a_backbone_labels_conversations(program, who_speaks, tmp_path):
    asked = ("run", "--plugin", who_speaks, "--method", "who-speaks", "--dataset", "demo", "--seeds", "1")
    code, told = program(*asked, "--backbone", "none", "--save-model", "--save-representations", *SHORT)
    assert code == 0, told
    (tmp_path / "chat.txt").write_text("Ann: Hello.\nBob: Go away.\n", encoding="utf-8")
    code, told = program("predict", "runs", "chat.txt", "--plugin", who_speaks)
    assert code == 0, told
    assert "demo · who-speaks · none · seed 1" in told
    (folder,) = (tmp_path / "runs").rglob("model.json")
    assert "backbone" not in json.loads(folder.read_text("utf-8"))["components"]
    assert not (folder.parent / "backbone").exists()


def test_what_compares_with_words_is_told_that_nobody_reads_them(program, who_speaks):
    asked = ("run", "--plugin", who_speaks, "--method", "who-speaks", "--dataset", "demo", "--seeds", "1")
    anchors = ("--set", "objective=eacl", "--set", "classifier=anchor")
    code, told = program(*asked, "--backbone", "none", *anchors, *SHORT)
    assert code == 1
    assert "and no language model reads them (the backbone is none)" in told
    assert "Choose an objective and a classifier without anchors of words" in told


def test_token_rows_that_nobody_could_read_are_told(program, who_speaks):
    asked = ("run", "--plugin", who_speaks, "--method", "reads", "--dataset", "demo", "--seeds", "1")
    code, told = program(*asked, "--backbone", "none", *SHORT)
    assert code == 1
    assert "the encoder 'reads' says that it needs no language model, and makes token rows" in told


@pytest.mark.parametrize(("method", "backbone"), [("cogmen", "none"), ("who-speaks", "minilm")])
def test_the_command_line_names_the_way_out(program, who_speaks, method, backbone):
    asked = ("run", "--plugin", who_speaks, "--method", method, "--dataset", "demo", "--backbone", backbone)
    code, told = program(*asked, "--set", "encoder.length=64")
    assert code == 2
    assert ("--backbone minilm" if backbone == "none" else "--backbone none") in told

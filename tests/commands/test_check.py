"""``erc-bench check``: what is checked, what is shown, and the exit codes."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from erc_bench.corpora.features.feature_file import Features
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.methods import features_of_method
from erc_bench_plugins.classifiers import head

SOUND = '''
import erc_bench.api as erc

class Focal(erc.Objective):
    """Cross-entropy that looks away from what is easy."""

    name = "focal"
    source = "this test"

    def loss(self, outputs):
        easy = outputs.cross_entropy()
        return {"focal": easy * (1 - (-easy.detach()).exp())}
'''
UNSOUND = SOUND.replace("outputs.cross_entropy()", "outputs.head(outputs.z.detach()).square().sum()")
SYSTEM = '''
import erc_bench.api as erc

class Constant(erc.System):
    """Always the first label."""

    name = "constant"
    source = "this test"
    is_floor = True

    def fit(self, train, dev, context):
        self.scores = [1.0] + [0.0] * (len(context.labels) - 1)

    def predict(self, dialogues):
        return {(d.id, i): self.scores for d in dialogues for i in d.targets()}

method = erc.Method("constant", source="this test", summary="The first label.", system=Constant)
'''


TALKS = '''
import erc_bench.api as erc
print("talks while it is imported")

class Talks(erc.Observer):
    """Says what it hears."""

    name = "talks"
    source = "this test"

    def run_ended(self, run, result):
        print(f"talks: {result.status}")
'''


@pytest.fixture
def plugin(tmp_path):
    """Write a plugin file and return its path."""

    def plugin(source, name="my_plugin.py"):
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        return path

    return plugin


def test_a_component_by_name(command):
    done = command("check", "majority")
    assert done.code == 0
    assert "method majority  (erc-bench)" in done.out
    assert "Every label of test is replaced on disk" in done.out
    counts = r"(\d+) checks of method majority: (\d+) passed, 0 failed, (\d+) skipped"
    checks, passed, skipped = map(int, re.fullmatch(counts, done.out.splitlines()[-1]).groups())
    assert checks == passed + skipped
    assert passed > skipped > 0
    assert "checking method majority (1 of 1)" in done.err
    assert "\x1b" not in done.out


def test_json(command):
    done = command("check", "head", "--format", "json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["passed"] is True
    (component,) = found["components"]
    assert (component["kind"], component["name"], component["package"]) == ("classifier", "head", "erc-bench")
    assert set(component["checks"][0]) == {"name", "outcome", "tried", "measured", "why"}
    outcomes = [check["outcome"] for check in component["checks"]]
    assert {name: outcomes.count(name) for name in found["counts"]} == found["counts"]


@pytest.mark.parametrize("arguments", [("{file}",), ("talks", "--plugin", "{file}")], ids=["file", "name"])
def test_what_a_component_prints_is_no_part_of_the_answer(command, plugin, arguments):
    file = plugin(TALKS)
    done = command("check", *(part.format(file=file) for part in arguments), "--format", "json")
    assert done.code == 0
    assert json.loads(done.out)["passed"] is True
    assert "talks while it is imported\n" in done.err
    assert "talks: done\n" in done.err


def test_a_name_that_several_kinds_share(command):
    done = command("check", "kcl", "--kind", "objective", "--format", "json")
    assert [each["kind"] for each in json.loads(done.out)["components"]] == ["objective"]
    done = command("check", "objective.kcl", "--format", "json")
    assert [each["kind"] for each in json.loads(done.out)["components"]] == ["objective"]


def test_a_file(command, plugin):
    done = command("check", plugin(SOUND))
    assert done.code == 0, done.out
    assert "objective focal  (file " in done.out


def test_a_file_that_fails(command, plugin):
    done = command("check", plugin(UNSOUND))
    assert done.code == 1
    failed = [line for line in done.out.splitlines() if line.startswith("failed")]
    assert failed
    assert done.out.count("Why it matters:") == len(failed)
    assert ", 0 failed" not in done.out.splitlines()[-1]


def test_a_method_of_a_file(command, plugin):
    done = command("check", plugin(SYSTEM), "--format", "json")
    assert done.code == 0, done.out
    (component,) = json.loads(done.out)["components"]
    assert (component["kind"], component["name"]) == ("method", "constant")


def test_a_name_wins_over_a_folder_or_file_that_is_called_so(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "head").mkdir()
    (tmp_path / "my-head").mkdir()
    (tmp_path / "centroid").write_text("notes", encoding="utf-8")
    assert command("check", "head", "--kind", "classifier").code == 0
    assert command("check", "centroid").code == 0
    for path in ("./head", "head/", "my-head"):
        done = command("check", path)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"Error: {path.strip('./')} is a folder, and check takes a name or a single file\n")


def test_a_file_of_an_installed_package(command, monkeypatch):
    file = Path(inspect.getsourcefile(head))
    monkeypatch.chdir(file.parent)
    for path in (file, "head.py", "../classifiers/head.py"):
        done = command("check", path, "--format", "json")
        assert done.code == 0, done.err
        (component,) = json.loads(done.out)["components"]
        assert (component["kind"], component["name"], component["package"]) == ("classifier", "head", "erc-bench")


TYPO = SOUND.replace("outputs.cross_entropy()", "outputs.cross_entropi()")
BARE = SOUND.replace(
    "    def loss", "    class Options:\n        power: float = erc.option(1.0, 'A power.', above=0)\n\n    def loss"
).replace(".exp())", ".exp()) ** self.options.power")
RECIPE = "method = erc.Method('bare', source='this test', summary='Bare.', choices={'objective': 'focal'})\n"


def test_what_the_code_of_a_component_raises_is_told_with_its_line(command, plugin):
    done = command("check", plugin(TYPO), "--format", "json")
    assert done.code == 1
    (component,) = json.loads(done.out)["components"]
    measured = {check["name"]: check["measured"] for check in component["checks"] if check["outcome"] == "failed"}
    line = 1 + TYPO[: TYPO.index("cross_entropi")].count("\n")
    assert (
        measured["terms"]
        == f"my_plugin.py, line {line}: AttributeError: 'Outputs' object has no attribute 'cross_entropi'"
    )


def test_options_that_are_no_dataclass_fail_one_check_of_each_component(command, plugin):
    done = command("check", plugin(BARE + RECIPE), "--format", "json")
    assert done.code == 1
    failed = {
        (component["kind"], check["name"]): check["measured"]
        for component in json.loads(done.out)["components"]
        for check in component["checks"]
        if check["outcome"] == "failed"
    }
    assert failed == {
        ("method", "parts"): "Focal.Options is not a dataclass: write @dataclass(frozen=True) above it",
        ("objective", "options"): "Options of focal (Focal) is not a dataclass: write @dataclass(frozen=True) above it",
    }


def test_a_component_of_a_plugin_by_name(command, plugin):
    done = command("check", "constant", "--plugin", plugin(SYSTEM))
    assert done.code == 0
    assert "method constant  (file " in done.out


HEARS = '''
import torch
import erc_bench.api as erc

class Hears(erc.DialogueEncoder):
    """Adds three numbers of audio to three of the state."""

    name = "hears"
    source = "this test"
    features = ("audio",)

    def encode_turns(self, turns):
        audio = turns.features["audio"]
        if audio.shape[-1] != 3:
            raise ValueError(f"{audio.shape[-1]} numbers of audio")
        return turns.states + torch.nn.functional.pad(audio, (0, self.dim - 3))
'''


@pytest.fixture
def audio(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    file = tmp_path / "audio.safetensors"
    file.write_bytes(Features("audio", {f"dev/x/{place}": own for place, own in enumerate(vectors)}).content())
    return file


def test_an_encoder_is_given_the_vectors_of_a_file(command, plugin, audio):
    file = plugin(HEARS)
    done = command("check", file, "--feature", f"audio={audio}", "--format", "json")
    assert done.code == 0, done.out
    noise = command("check", file, "--format", "json")
    assert noise.code == 1
    assert "60 numbers of audio" in noise.out


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        ("cosmic", ["--kind", "encoder"], "what is checked does not read the feature 'audio'; known: commonsense\n"),
        ("cosmic-no-knowledge", [], "what is checked does not read the feature 'audio'; it reads none\n"),
        ("majority", [], "what is checked does not read the feature 'audio'; it reads none\nLeave out --feature audio"),
    ],
)
def test_a_feature_that_nothing_reads_is_refused_before_anything_is_checked(command, audio, name, more, sentence):
    done = command("check", name, *more, "--feature", f"audio={audio}")
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert "checking" not in done.err


def test_a_method_reads_what_its_encoder_reads_with_its_settings():
    catalogue = Catalogue()
    methods = {name: catalogue.get("method", name) for name in ("cogmen", "cogmen-text", "cosmic", "ce")}
    assert {name: set(features_of_method(method, catalogue)) for name, method in methods.items()} == {
        "cogmen": {"audio", "visual"},
        "cogmen-text": set(),
        "cosmic": {"commonsense"},
        "ce": set(),
    }


def test_a_dataset_without_files_says_what_is_missing(command, tmp_path):
    done = command("check", "iemocap", "--data-dir", tmp_path)
    assert done.code == 0
    (row,) = (line for line in done.out.splitlines() if re.search(r"\d+ checks", line) and "of dataset" not in line)
    assert row.startswith("skipped")
    assert "see erc-bench data status iemocap" in done.out


def test_all_of_a_kind_is_a_line_for_each(command):
    done = command("check", "--all", "--kind", "observer")
    assert done.code == 0
    assert "observer " in done.out
    assert "The class attribute" not in done.out
    assert "component  passed  failed  skipped  seconds" in " ".join(done.out.split()).replace(" ", "  ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["eaclx"], "nothing is called 'eaclx'; did you mean eacl"),
        (["eaclx", "--kind", "objective"], "no objective is called 'eaclx'; did you mean eacl"),
        ([], "say what to check, or --all"),
        (["eacl", "--all"], "'eacl' and --all exclude each other"),
        (["nothing-here.py"], "cannot be read"),
        (["majority", "--backbone", "minlm"], "there is no backbone 'minlm'; did you mean minilm"),
        (["majority", "--kind", "encode"], "Invalid value for '--kind'"),
        (["."], "is a folder"),
    ],
)
def test_a_wrong_request(command, arguments, sentence):
    done = command("check", *arguments)
    assert done.code == 2
    assert sentence in done.err
    assert done.out == ""


def test_a_file_that_brings_nothing_of_the_kind(command, plugin):
    done = command("check", plugin(SOUND), "--kind", "dataset")
    assert done.code == 2
    assert "brings no dataset" in done.err


CORPUS = '''
import erc_bench.api as erc

class Talk(erc.Dataset):
    """A dialogue in each split."""

    name = "talk"
    source = "this test"
    labels = ("angry", "joyful")
    licence = "none"
    obtain = "Nowhere."

    def load(self, folder):
        return erc.Splits(*(self.split(name) for name in ("train", "dev", "test")))

    def split(self, name):
        turns = ("Ann", f"{name}: where were you?", "angry"), ("Bob", f"{name}: the sun came out.", "joyful")
        return (erc.Dialogue(name, tuple(erc.Utterance(*turn, scored=True) for turn in turns)),)
'''
"""A component whose check takes little: three processes look at it."""


def test_exit_codes_of_the_program(plugin, tmp_path):
    environment = {**os.environ, "COLUMNS": "80"}
    one_label = CORPUS.replace('"angry", ', "")
    for source, code in ((CORPUS, 0), (one_label, 1), ("import nothing_of_this_name", 2)):
        arguments = [sys.executable, "-m", "erc_bench", "check", str(plugin(source))]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr

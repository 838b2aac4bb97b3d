"""``--plugin PATH.py``: a single file, in every command that can use it, and in processes of their own."""

import hashlib
import json

import pytest

PLUGIN = '''
from dataclasses import dataclass

import numpy as np

import erc_bench.api as erc


class Always(erc.System):
    """Answers with one label, whatever is said."""

    name = "always"
    source = "written for this test"

    @dataclass(frozen=True)
    class Options:
        """Which."""

        which: int = erc.option(0, "Index of the label.", at_least=0)

    def fit(self, train, dev, labels, seed):
        self.scores = np.eye(len(labels))[self.options.which]

    def predict(self, dialogues):
        return {(d.id, i): self.scores for d in dialogues for i in d.targets()}


method = erc.Method("always", source=Always.source, summary="One label.", system=Always)
'''


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A file with one method, in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "always.py"
    path.write_text(PLUGIN, encoding="utf-8")
    return path


def run(command, *arguments):
    small = ("--dataset", "demo", "--set", "dataset.size=12", "--data-dir", "data", "--device", "cpu")
    return command("run", "--method", "always", "--plugin", "always.py", *small, *arguments)


def test_it_is_listed_and_shown_with_its_file(command, plugin):
    listed = command("list", "methods", "--plugin", plugin)
    assert listed.code == 0
    assert f" always file {plugin} One label. written for this test " in " ".join(listed.out.split())
    shown = command("show", "always", "--plugin", "always.py")
    assert shown.out.startswith("method always  (file always.py)")
    assert command("show", "always").code == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_it_runs_and_the_record_says_from_where(command, plugin, jobs):
    outcome = run(command, "--seeds", "2", "--jobs", jobs)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("always.py brings method always\n")
    assert "[2/2] demo · always · none · seed" in outcome.out
    records = [json.loads(path.read_text()) for path in sorted(plugin.parent.rglob("record.json"))]
    assert len(records) == 2
    expected = {"file": "always.py", "sha256": hashlib.sha256(PLUGIN.encode()).hexdigest()}
    assert [record["provenance"]["plugins"] for record in records] == [[expected]] * 2


def test_a_changed_file_makes_its_cells_stale_and_no_others(command, plugin):
    run(command, "--method", "majority", "--seeds", "1")
    plugin.write_text(PLUGIN.replace("np.eye", "2 * np.eye"), encoding="utf-8")
    outcome = run(command, "--method", "majority", "--seeds", "1")
    assert outcome.code == 0
    assert outcome.err == (
        "Stale: demo · always · none · seed 1: the code of system changed since; --overwrite stale runs it again.\n"
    )


def test_without_a_file_the_record_names_none(command, plugin):
    command("run", "--method", "majority", "--dataset", "demo", "--set", "dataset.size=12", "--seeds", "1")
    (record,) = [json.loads(path.read_text()) for path in plugin.parent.rglob("record.json")]
    assert record["provenance"]["plugins"] == []


def test_a_suite_may_name_what_a_file_brings(command, plugin):
    suite = plugin.with_name("suite.toml")
    suite.write_text('datasets = ["demo"]\nmethods = ["always"]\nbackbones = ["minilm"]\nseeds = 1\n', encoding="utf-8")
    outcome = command("sweep", suite, "--plugin", plugin, "--dry-run")
    assert (outcome.code, outcome.err) == (0, "")
    assert "demo · always · none: 1 missing" in outcome.out


@pytest.mark.parametrize("name", ["run", "sweep", "tune", "list", "show", "check"])
def test_a_damaged_file_is_a_sentence_in_every_command(command, plugin, name):
    plugin.write_text("x = 1\nraise ValueError('broken')\n", encoding="utf-8")
    wanted = {
        "run": ("--method", "ce", "--dataset", "demo"),
        "tune": ("--method", "ce", "--dataset", "demo"),
        "sweep": ("suite.toml",),
        "show": ("ce",),
        "check": ("ce",),
    }
    outcome = command(name, *wanted.get(name, ()), "--plugin", "always.py")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "Error: always.py, line 2: ValueError: broken\n"

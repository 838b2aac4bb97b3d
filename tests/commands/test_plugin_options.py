"""``--plugin PATH.py``: a single file, in every command that can use it, and in processes of their own."""

import hashlib
import json

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

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

    def fit(self, train, dev, context):
        self.scores = np.eye(len(context.labels))[self.options.which]

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


@pytest.mark.parametrize("arguments", [("rm",), ("archive", "--output", "old.tar.gz")])
def test_stale_cells_of_a_file_are_found_where_the_file_is_named(command, plugin, arguments):
    run(command, "--seeds", "1")
    plugin.write_text(PLUGIN.replace("np.eye", "2 * np.eye"), encoding="utf-8")
    chosen = (*arguments, "--state", "stale", "--yes")
    without = command(*chosen)
    assert (without.code, without.out) == (0, "There is no such cell.\n")
    assert "there is no method 'always'" in without.err
    assert without.err.endswith("; the cell ran with --plugin always.py: say so here, too\n")
    outcome = command(*chosen, "--plugin", "always.py")
    assert (outcome.code, outcome.err) == (0, "")
    assert "stale; the code of system changed since" in " ".join(outcome.out.split())


def test_a_cell_that_fails_in_the_code_of_a_file_says_where(command, plugin):
    plugin.write_text(PLUGIN.replace("np.eye", "np.aye"), encoding="utf-8")
    line = 1 + PLUGIN[: PLUGIN.index("np.eye")].count("\n")
    outcome = run(command, "--seeds", "2")
    assert outcome.code == 1
    told, reason, traceback = outcome.err.splitlines()[2:]
    assert told == "  demo · always · none · seed 2"
    assert reason == f"    always.py, line {line}: AttributeError: module 'numpy' has no attribute 'aye'"
    file = next(plugin.parent.rglob("seed-1/traceback.txt"))
    assert traceback == f"    traceback: {file.relative_to(plugin.parent)}"
    status = json.loads(file.with_name("status.json").read_text())
    assert status["error"] == reason.strip()


@pytest.mark.parametrize("name", ["run", "show"])
def test_options_that_are_no_dataclass_are_a_sentence(command, plugin, name):
    plugin.write_text(PLUGIN.replace("    @dataclass(frozen=True)\n", ""), encoding="utf-8")
    outcome = run(command) if name == "run" else command("show", "always", "--dataset", "demo", "--plugin", plugin)
    assert outcome.code == 2
    assert outcome.err == "Error: Always.Options is not a dataclass\nWrite @dataclass(frozen=True) above it.\n"


SAVING = """
    def save(self, folder):
        (folder / "scores.json").write_text(str(self.scores.tolist()))

    def load(self, folder, context):
        self.scores = np.array(json.loads((folder / "scores.json").read_text()))


method ="""


def test_a_saved_model_of_a_file_says_which_file(command, plugin):
    plugin.write_text("import json\n" + PLUGIN.replace("\n\nmethod =", SAVING), encoding="utf-8")
    assert run(command, "--seeds", "1", "--save-model").code == 0
    chat = plugin.with_name("chat.txt")
    chat.write_text("Ann: Hello.\n", encoding="utf-8")
    assert command("predict", "runs", chat, "--plugin", plugin).code == 0
    without = command("predict", "runs", chat)
    assert (without.code, without.out) == (2, "")
    assert without.err.startswith("Error: the saved model needs the system 'always', which is not installed; ")
    assert without.err.endswith(
        "\nIt came from a file, always.py: name it with --plugin PATH/always.py, in Python with plugins=.\n"
    )


MAJORITY = ("--method", "majority", "--dataset", "demo", "--set", "dataset.size=20", "--seeds", "2", "--device", "cpu")
SUITE = """
methods = ["majority"]
datasets = ["demo"]
backbones = ["minilm"]
seeds = 1

[dataset]
size = 20
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def logs(folder):
    return sorted(file.parent.relative_to(folder).as_posix() for file in folder.rglob("events.out.tfevents.*"))


def test_a_run_writes_one_log_for_each_cell(command, here):
    outcome = command("run", *MAJORITY, "--observer", "tensorboard")
    assert (outcome.code, outcome.err) == (0, "")
    cells = sorted(folder.relative_to(here / "runs").as_posix() for folder in (here / "runs").glob("*/*/*/*/seed-*"))
    assert logs(here / "tensorboard") == cells
    assert len(cells) == 2
    accumulator = EventAccumulator(str(here / "tensorboard" / cells[0]))
    accumulator.Reload()
    (score,) = accumulator.Scalars("test/weighted_f1")
    assert f"test weighted f1 {score.value:.2f}" in outcome.out


def test_a_suite_writes_logs_where_it_is_told_to(command, here):
    (here / "suite.toml").write_text(SUITE)
    outcome = command("sweep", "suite.toml", "--device", "cpu", "--observer", "tensorboard:folder=my logs")
    assert (outcome.code, outcome.err) == (0, "")
    assert len(logs(here / "my logs")) == 1


def test_logs_among_the_results_are_one_warning_and_the_run_goes_on(command, here):
    outcome = command("run", *MAJORITY, "--observer", "tensorboard:folder=runs")
    assert outcome.code == 0
    (warning,) = [line for line in outcome.out.splitlines() if "tensorboard" in line]
    assert warning.startswith("Warning: the observer tensorboard is left out from here on: ")
    assert "its logs would lie among the results" in warning
    assert logs(here) == []


@pytest.mark.parametrize(
    ("observer", "sentence"),
    [
        ("tensorbord", "there is no observer 'tensorbord'; did you mean tensorboard?"),
        ("tensorboard:foldr=x", "did you mean folder?"),
        ("tensorboard:folder=s3://x", "'s3://x' is an address"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_what_cannot_work_is_refused_before_anything_runs(command, here, observer, sentence, more):
    outcome = command("run", *MAJORITY, "--observer", observer, *more)
    assert outcome.code == 2
    assert sentence in outcome.err
    assert list(here.iterdir()) == []

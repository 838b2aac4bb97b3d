"""Packages as ``erc-bench new`` writes them: clean, installed, found, passing their own tests, and run."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from erc_bench.plugin_host.scaffold import KINDS, names_of, write_package

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 30
"""Letters of a name: the longest one moves the most lines."""
MOST_LINES = 60


def names(kind):
    return names_of(kind, f"new-{kind}")


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A package of each kind, each written into a folder of its own."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in KINDS:
        write_package(names(kind), folder / names(kind).package)
    return folder


@pytest.fixture(scope="module")
def installed(packages, tmp_path_factory):
    """The packages installed into a folder, without network; the folder, and what finds it."""
    target = tmp_path_factory.mktemp("installed") / "site"
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "install", *options, "--target", target, *sorted(packages.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {**os.environ, "PYTHONPATH": str(target), "OMP_NUM_THREADS": "1"}


def execute(*words, **more):
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def ruff_options():
    """Return the rules that erc-bench keeps itself."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    return ("--select", ",".join(lint["select"]), "--ignore", ",".join(lint["ignore"]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a", "b" * LONGEST])
def test_the_code_is_clean_whatever_its_name(kind, name, tmp_path):
    folder = tmp_path / "package"
    write_package(names_of(kind, name), folder)
    tests = ("--per-file-ignores", "tests/**:D")
    linted = execute("ruff", "check", "--no-cache", *ruff_options(), *tests, ".", cwd=folder)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    formatted = execute("ruff", "format", "--no-cache", "--diff", ".", cwd=folder)
    assert formatted.returncode == 0, formatted.stdout
    assert len((folder / f"{names_of(kind, name).module}.py").read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_package_says_of_itself(packages, kind):
    own, folder = names(kind), packages / names(kind).package
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == own.package
    assert project["project"]["entry-points"]["erc_bench"] == {f"{own.slot}.{own.name}": own.module}
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "$" not in readme
    commands = readme.partition("```\n")[2].partition("```")[0].splitlines()
    assert [line.split()[0] for line in commands] == ["pip", "erc-bench", "erc-bench"]
    assert all(own.name in line for line in commands[1:])
    assert "/runs/" in (folder / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_all_pass_their_own_tests(packages, installed):
    done = execute("pytest", "-p", "no:cacheprovider", "-q", *sorted(packages.iterdir()), env=installed)
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


START = """    def start(self, task: erc.Task) -> None:
        self.anchor = torch.zeros(task.classes, task.dim)

    def anchors(self) -> Tensor:
        return self.anchor

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        assert outputs.anchors is self.anchor
        assert (outputs.z @ self.anchor.T).shape == outputs.logits.shape
"""


@pytest.mark.parametrize("kind", ["objective", "method"])
def test_a_loss_that_is_started_keeps_the_tests_of_its_package(packages, kind, tmp_path):
    own, folder = names(kind), packages / names(kind).package
    module = (
        (folder / f"{own.module}.py").read_text(encoding="utf-8").replace("import erc", "import torch\nimport erc", 1)
    )
    head = "    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:\n"
    assert module.count(head) == 1
    (tmp_path / f"{own.module}.py").write_text(module.replace(head, START), encoding="utf-8")
    test = tmp_path / f"test_{own.module}.py"
    test.write_text((folder / "tests" / test.name).read_text(encoding="utf-8"), encoding="utf-8")
    wanted = ("-k", "formula or focus", "-p", "no:cacheprovider", "-q")
    done = execute("pytest", *wanted, test, env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-5000:]


LIST = """
from erc_bench.plugin_host.catalogue import KINDS, Catalogue
catalogue = Catalogue()
for kind in KINDS:
    for entry in catalogue.entries(kind).values():
        print(kind, entry.name, entry.package)
print(*catalogue.broken)
"""


def test_all_are_found_once_they_are_installed(installed):
    done = subprocess.run([sys.executable, "-c", LIST], env=installed, capture_output=True, text=True, check=True)
    *found, broken = done.stdout.splitlines()
    assert broken == ""
    expected = {f"{kind} {names(kind).name} {names(kind).package}" for kind in KINDS}
    expected.add("objective new-method erc-bench-new-method")
    assert {line for line in found if "erc-bench-new-" in line} == expected


def test_all_are_run(packages, installed, tiny_bert, tmp_path):
    """In one cell: the method, with the encoder, on the corpus, with the backbone, read by the classifier."""
    data = packages / "erc-bench-new-dataset" / "tests" / "sample"
    chosen = {
        "encoder": "new-encoder",
        "backbone.path": tiny_bert,
        "training.epochs": 2,
        "training.batch_size": 8,
        "new-method:objective.focus": 1.5,
    }
    named = ("--method", "ce", "--method", "new-method", "--dataset", "new-dataset", "--backbone", "new-backbone")
    settings = [word for name, value in chosen.items() for word in ("--set", f"{name}={value}")]
    arguments = (*named, "--readout", "new-classifier", "--seeds", "1", "--data-dir", data, *settings)
    done = execute("erc_bench", "run", *arguments, cwd=tmp_path, env=installed)
    assert done.returncode == 0, done.stderr
    assert "\n new-method" in done.stdout
    (path,) = (tmp_path / "runs" / "new-dataset" / "new-method").rglob("record.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["choices"] == {"encoder": "new-encoder", "objective": "new-method", "classifier": "head"}
    assert record["backbone"] == "new-backbone"
    assert record["settings"]["objective.focus"] == 1.5
    assert set(record["readouts_metrics"]) == {"new-classifier"}
    assert set(record["epochs"][-1]["terms"]) >= {"focal"}

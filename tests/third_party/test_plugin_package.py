"""A stranger's package: built, installed beside erc-bench, and run by its command."""

import csv
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from erc_bench.testing.objectives import check_objective

PACKAGE = Path(__file__).with_name("erc-bench-focal")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the package into a folder of its own, without network, and return the folder."""
    folder = tmp_path_factory.mktemp("third-party")
    # Building leaves files beside the source: build a copy.
    source = shutil.copytree(PACKAGE, folder / "source")
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
    target = folder / "site"
    command = [sys.executable, "-m", "pip", "install", *options, "--target", target, source]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return target


@pytest.fixture(scope="module")
def erc_bench(installed, tmp_path_factory):
    """Return a function that runs the command where the package is installed."""
    folder = tmp_path_factory.mktemp("work")

    def erc_bench(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "erc_bench", *map(str, arguments)]
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)

    erc_bench.folder = folder
    return erc_bench


@pytest.fixture(scope="module")
def grid(erc_bench, tiny_bert):
    """Run the package's method beside cross-entropy, two seeds."""
    methods = ("--method", "ce", "--method", "focal", "--seeds", "2")
    small = ("--set", "dataset.size=16", "--set", "training.epochs=2", "--set", "focal:objective.gamma=1.5")
    return erc_bench("run", *methods, "--dataset", "demo", "--backbone", tiny_bert, *small)


def test_the_method_runs_beside_the_shipped_ones_and_stands_in_the_table(grid):
    assert grid.returncode == 0, grid.stderr
    rows = [line.split()[0] for line in grid.stdout.splitlines() if line.startswith((" ce", " focal"))]
    assert rows[:2] == ["ce", "focal"]
    assert "focal" in grid.stdout
    assert "over seeds 1-2" in grid.stdout


def test_its_cells_are_stored_like_any_other(grid, erc_bench, tiny_bert):
    cells = sorted((erc_bench.folder / "runs" / "demo" / "focal" / tiny_bert.name).glob("*/seed-*"))
    assert [cell.name for cell in cells] == ["seed-1", "seed-2"]
    for cell in cells:
        assert json.loads((cell / "status.json").read_text(encoding="utf-8"))["status"] == "done"
        record = json.loads((cell / "record.json").read_text(encoding="utf-8"))
        assert record["choices"]["objective"] == "focal"
        assert record["overrides"]["objective.gamma"] == record["settings"]["objective.gamma"] == 1.5
        assert "focal" in record["epochs"][-1]["terms"]
        with (cell / "predictions.csv").open(encoding="utf-8", newline="") as file:
            assert {row["predicted"] for row in csv.DictReader(file)} <= set(record["labels"])


def test_it_is_listed_with_its_package(erc_bench):
    done = erc_bench("list", "objectives")
    (row,) = [line.split(maxsplit=2) for line in done.stdout.splitlines() if line.startswith(" focal ")]
    assert row[1] == "erc-bench-focal"
    assert row[2].startswith("Cross-entropy that looks away from what is right already")


@pytest.fixture(scope="module")
def focal():
    """Load the module from its source."""
    specification = importlib.util.spec_from_file_location("erc_bench_focal", PACKAGE / "erc_bench_focal.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_it_passes_the_checks_for_authors(focal):
    check_objective(focal.Focal)


def test_its_loss_is_that_of_the_paper(focal):
    logits, labels = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0], [-3.0, 1.0, 4.0]]), torch.tensor([0, 2, 1])
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        p = math.exp(row[label]) / sum(math.exp(value) for value in row)
        expected -= (1 - p) ** 2 * math.log(p) / 3
    loss = focal.Focal().loss(SimpleNamespace(logits=logits, labels=labels))["focal"]
    assert loss.item() == pytest.approx(expected, rel=1e-5)

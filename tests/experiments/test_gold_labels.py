"""Gold labels that were edited after a real run are found wherever its results are shown."""

import gzip

import numpy as np
import pytest
from store_fixture import edit_gold  # loaded by the conftest.py above

import erc_bench.api as erc
from erc_bench.cli import main

TOLD = "demo: 2 cells of always (seeds 1-2) are left out: 5 of {} gold labels differ from the corpus"


class Always(erc.System):
    """Answer the same label to everything."""

    name = "always"
    source = "invented"

    def fit(self, train, dev, context):
        self.classes = len(context.labels)

    def predict(self, dialogues):
        scores = np.eye(self.classes)[0]
        return {(dialogue.id, place): scores for dialogue in dialogues for place in dialogue.targets()}


@pytest.fixture
def runs(tmp_path):
    """Return the folder of two systems' runs, of which one's gold labels were edited."""
    folder = tmp_path / "runs"
    erc.run(["majority", Always], "demo", seeds=2, runs=folder, progress=False)
    for cell in folder.glob("demo/always/*/*/seed-*"):
        edit_gold(cell, 5)
    return folder


def labelled(runs):
    return len(erc.load_predictions(next(runs.glob("demo/majority/*/*/seed-1"))))


@pytest.mark.parametrize("unit", ["both", "seed"])
def test_a_program_is_told(runs, unit):
    view = erc.compare(runs, unit=unit)
    assert list(view.to_frame()["method"]) == ["majority"]
    assert TOLD.format(labelled(runs)) in view.comparison.notes
    assert len(view.tests) == 0


@pytest.fixture
def command(capsys):
    """Return what a command ends with, and what it prints on either stream."""

    def command(*arguments):
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def test_the_command_names_them_beside_a_table(runs, command):
    code, table, _ = command("compare", "--runs", runs, "--format", "markdown")
    assert code == 0
    assert TOLD.format(labelled(runs)) in table
    assert "| majority |" in table
    assert "| always |" not in table


def test_the_report_names_them(runs, command, tmp_path):
    code, _, told = command("report", "--runs", runs, "--output", tmp_path / "page.html", "--no-figures")
    assert code == 0
    assert TOLD.format(labelled(runs)) in told
    assert TOLD.format(labelled(runs)) in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_figures_leave_them_out(runs, command, tmp_path):
    code, _, told = command("plot", "seeds", "--runs", runs, "--output", tmp_path / "seeds.csv")
    assert code == 0
    assert TOLD.format(labelled(runs)) in told
    assert "always" not in (tmp_path / "seeds.csv").read_text(encoding="utf-8")


def test_all_cells_of_a_folder_may_be_wrong(runs, command):
    for cell in runs.glob("demo/majority/*/*/seed-*"):
        edit_gold(cell, 5)
    code, table, told = command("compare", "--runs", runs)
    assert (code, table) == (2, "")
    assert "no finished run can be read" in told
    assert told.count("gold labels differ from the corpus") == 2


@pytest.mark.parametrize("packed", [False, True])
def test_score_refuses_the_predictions_of_such_a_cell(runs, command, packed):
    def scored(method):
        file = next(runs.glob(f"demo/{method}/*/*/seed-1")) / "predictions.csv"
        if packed:
            content = gzip.compress(file.read_bytes())
            file = file.with_name("predictions.csv.gz")
            file.write_bytes(content)
        return command("score", file, "--dataset", "demo")

    assert scored("majority")[0] == 0
    code, _, told = scored("always")
    assert code == 2
    assert "5 predictions do not fit the test split of demo" in told
    assert "where the test split of demo says" in told

"""``--output FILE.xlsx``: predictions and tables as spreadsheets open them."""

import openpyxl
import pytest

from erc_bench.output import workbook


def read(file):
    return {
        sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in openpyxl.load_workbook(file)
    }


@pytest.fixture
def filled(store):
    store.add_seeds("ce", [0.5, 0.52, 0.48])
    store.add_seeds("eacl", [0.8, 0.81, 0.83])
    return store


@pytest.mark.parametrize("asked", [(), ("--format", "xlsx")], ids=["ending", "format"])
def test_a_comparison(command, filled, tmp_path, asked):
    file = tmp_path / "new" / "table.xlsx"
    told = command("compare", "--runs", filled.runs, "--output", file, *asked)
    assert (told.code, told.out, told.err) == (0, "", f"Written to {file}.\n")
    sheets = read(file)
    assert list(sheets) == ["scores", "tests", "notes"]
    head, *rows = sheets["scores"]
    assert [row[head.index("method")] for row in rows] == ["ce", "eacl"]
    assert all(isinstance(row[head.index("mean")], float) for row in rows)
    assert sheets["tests"][1][sheets["tests"][0].index("baseline")] == "ce"
    assert any("Weighted F1 on the test split" in note for (note,) in sheets["notes"])


def test_scored_predictions(command, filled, tmp_path):
    command("run", "--method", "majority", "--dataset", "demo", "--seeds", "1", "--runs", tmp_path / "runs")
    (predictions,) = (tmp_path / "runs").glob("demo/majority/*/*/seed-1/predictions.csv")
    file = tmp_path / "score.xlsx"
    assert command("score", predictions, "--dataset", "demo", "--output", file).code == 0
    sheets = read(file)
    assert list(sheets) == ["demo, test", "F1 by class", "notes"]
    assert sheets["demo, test"][0] == ["demo, test", "predictions.csv", "floor"]
    assert isinstance(sheets["demo, test"][1][1], (int, float))


def refused(command, *arguments):
    told = command(*arguments)
    assert (told.code, told.out) == (2, "")
    return told.err


def test_what_does_not_fit_together_is_refused_before_anything_is_read(command, tmp_path):
    file = tmp_path / "table.xlsx"
    compare = ("compare", "--runs", "nothing-is-here")
    assert "would be no .xlsx file" in refused(command, *compare, "--output", file, "--format", "csv")
    assert "it is not printed" in refused(command, *compare, "--format", "xlsx")
    assert "would not open" in refused(command, *compare, "--output", tmp_path / "table.csv", "--format", "xlsx")
    assert "does not go with --suite" in refused(command, *compare, "--format", "xlsx", "--suite", "suite.toml")
    predict = ("predict", "nothing-is-here", "nothing.txt", "--format", "xlsx")
    assert "it is not printed" in refused(command, *predict)
    assert "it is not printed" in refused(command, *predict, "--output", "-")


def test_without_the_library_a_command_says_so_first(command, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "find_spec", lambda name: None)
    for asked in (("compare", "--runs", "nothing"), ("score", "nothing", "--dataset", "demo"), ("predict", "no", "no")):
        told = refused(command, *asked, "--output", tmp_path / "table.xlsx")
        assert told.startswith("Error: writing .xlsx needs openpyxl, which is not installed\npip install")

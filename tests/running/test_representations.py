"""Representations of the test utterances: stored where they are asked for, without any effect."""

import csv
import json

import numpy as np
import pytest
from safetensors.numpy import load_file

TWO = ("training.epochs=2",)


def arrays(folder):
    return load_file(folder / "arrays.safetensors")


@pytest.mark.parametrize(("method", "projects"), [("ce", False), ("eacl", True)])
def test_they_are_stored_in_the_order_of_the_predictions_and_change_no_answer(grid, tmp_path, tools, method, projects):
    grid.run(method, settings=TWO)
    other = tmp_path / "kept"
    grid.run(method, settings=TWO, runs=other, save_representations=True)
    (plain,), (kept,) = grid.folders(), grid.folders(other)
    assert plain.name == kept.name
    assert tools.record(plain)["settings_hash"] == tools.record(kept)["settings_hash"]
    assert tools.content(plain, "predictions.csv") == tools.content(kept, "predictions.csv")
    before, after = arrays(plain), arrays(kept)
    assert not any(name.startswith("representations") for name in before)
    further = {"representations.test", "representations.test.projected"} if projects else {"representations.test"}
    assert after.keys() - before.keys() == further
    with (kept / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(len(after[name]) == len(rows) for name in further)
    assert after["representations.test"].dtype == np.float16


def test_a_row_of_them_belongs_to_the_prediction_of_that_row(grid, tools):
    """The nearest anchor of a projection is what the classifier of nearest anchors said there."""
    grid.run("eacl", settings=TWO, readouts=("nearest-anchor",), save_representations=True)
    (folder,) = grid.folders()
    stored, labels = arrays(folder), tools.record(folder)["labels"]
    anchors = stored["anchors.stage_one"].astype(float)
    with (folder / "predictions.nearest-anchor.csv").open(newline="") as stream:
        said = [row["predicted"] for row in csv.DictReader(stream)]
    for vector, label in zip(stored["representations.test.projected"].astype(float), said, strict=True):
        cosines = [vector @ anchor / np.linalg.norm(anchor) for anchor in anchors]
        # Half precision may turn the order of two that are nearly equal.
        assert cosines[labels.index(label)] == pytest.approx(max(cosines), abs=5e-3 * np.linalg.norm(vector))


def test_a_cell_without_them_is_missing_where_they_are_asked_for_and_not_the_other_way_round(grid):
    assert len(grid.run("ce").ran) == 1
    assert len(grid.run("ce", save_representations=True).ran) == 1
    assert len(grid.run("ce", save_representations=True).skipped) == 1
    assert len(grid.run("ce").skipped) == 1


def test_a_cell_whose_arrays_cannot_be_read_is_missing(grid):
    grid.run("ce", save_representations=True)
    (folder,) = grid.folders()
    (folder / "arrays.safetensors").write_bytes(b"broken")
    assert len(grid.run("ce", save_representations=True).ran) == 1


def test_a_system_of_its_own_has_none(grid):
    assert len(grid.run("majority").ran) == 1
    assert len(grid.run("majority", save_representations=True).skipped) == 1


def test_the_files_of_a_cell_are_all_named(grid):
    grid.run("ce", save_representations=True)
    (folder,) = grid.folders()
    files = json.loads((folder / "status.json").read_text())["files"]
    assert set(files) == {"predictions.csv", "arrays.safetensors", "record.json"}

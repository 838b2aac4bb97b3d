"""Published results: smaller, and every table comes out of them as out of the runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import store_fixture
from safetensors.numpy import load_file, save_file

from erc_bench.comparison import compare
from erc_bench.output.tables import render
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.ledger import append, entry_of, read_ledger
from erc_bench.store.predictions import read_predictions
from erc_bench.store.reading import read_cell, read_status

PUBLISH = Path(__file__).parents[2] / "benchmarks" / "publish.py"


@pytest.fixture
def published(store, tmp_path):
    """Two methods with a further readout, one failed cell, and what is published of them."""
    for seed in (1, 2, 3):
        for method, accuracy in (("ce", 0.5), ("eacl", 0.7)):
            readouts = {"probe": store.split.answers(accuracy - 0.1, seed)}
            folder = store.add(method, seed, accuracy=accuracy, readouts=readouts)
            arrays = {"anchors.raw": np.eye(3), "representations.test": np.ones((96, 4))}
            save_file(arrays, folder / "arrays.safetensors")
            store_fixture.write_status(folder)
    (store.add("ce", 5) / "predictions.csv").write_text("")
    store.fail("eacl", 4, "it failed")
    target = tmp_path / "published"
    command = [sys.executable, str(PUBLISH), str(store.runs), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("6 cells, 0.")
    assert done.stderr.startswith(
        "Left out: meld/ce/minilm/aaaaaaaaaaaa/seed-5 is damaged: predictions.csv is damaged: 0"
    )
    return target


def test_every_table_is_that_of_the_runs(store, published):
    cells = [cell for cell in read_cells(store.runs) if cell.status == "done"]
    for request in ({"readouts": ["probe"]}, {"per_class": True}):
        assert render(compare(read_cells(published), **request), "json") == render(compare(cells, **request), "json")


def test_answers_are_packed_and_those_of_further_readouts_have_no_scores(published):
    cell = read_cells(published)[0]
    names = {file.name for file in cell.folder.iterdir()}
    packed = {"predictions.csv.gz", "predictions.probe.csv.gz"}
    assert names == packed | {"record.json", "status.json", "arrays.safetensors"}
    assert list(load_file(cell.folder / "arrays.safetensors")) == ["anchors.raw"]
    assert list(read_predictions(cell).columns[4:]) == ["anger", "joy", "neutral"]
    assert list(read_predictions(cell, "probe").columns) == ["dialogue_id", "utterance", "gold", "predicted"]


def test_publishing_again_writes_the_same_bytes(store, published):
    before = {file: file.read_bytes() for file in published.rglob("*") if file.is_file()}
    subprocess.run([sys.executable, str(PUBLISH), str(published), str(published)], capture_output=True, check=True)
    assert before == {file: file.read_bytes() for file in published.rglob("*") if file.is_file()}


def test_a_status_says_what_is_published_and_what_the_run_wrote(store, published):
    for cell in read_cells(published):
        told = read_status(cell.folder)
        names = {file.name for file in cell.folder.iterdir()} - {"status.json"}
        assert cell.verified
        assert set(told["files"]) == set(told["contents"]) == names
        assert told["published_from"] == read_status(store.runs.joinpath(*cell.folder.parts[-5:]))["contents"]


def test_what_never_said_what_it_held_is_published_as_it_lies_there(store, tmp_path):
    store_fixture.without_contents(store.add("ce", 1))
    subprocess.run([sys.executable, str(PUBLISH), str(store.runs), str(tmp_path / "published")], check=True)
    (cell,) = read_cells(tmp_path / "published")
    assert (cell.verified, read_status(cell.folder)["published_from"]) == (True, None)


def test_a_published_file_that_changed_is_damage(published):
    file = read_cells(published)[0].folder / "predictions.csv.gz"
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    cell = read_cells(published)[0]
    told = f"predictions.csv.gz is damaged: {len(content) - 20:,} bytes of {len(content):,}"
    assert (cell.status, cell.error) == ("damaged", told)


def test_a_packed_file_that_was_cut_is_named(published):
    cell = read_cells(published)[0]
    store_fixture.without_contents(cell.folder)
    file = cell.folder / "predictions.csv.gz"
    file.write_bytes(file.read_bytes()[:-20])
    comparison = compare(read_cells(published))
    assert any("predictions.csv.gz cannot be unpacked" in note for note in comparison.notes)
    file.unlink()
    assert read_cells(published)[0].status == "damaged"


def test_the_ledger_goes_along_with_all_its_lines(store, tmp_path):
    for seed in (1, 2):
        folder = store.add("ce", seed)
        append(store.runs, [entry_of(folder, read_cell(folder).record)])
    shutil.rmtree(folder)
    target = tmp_path / "published"
    for _ in range(2):
        subprocess.run([sys.executable, str(PUBLISH), str(store.runs), str(target)], capture_output=True, check=True)
        assert [entry.address.seed for entry in read_ledger(target)] == [1, 2]
    assert len(read_cells(target)) == 1

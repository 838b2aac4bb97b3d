"""What lies below a folder of runs, and what of it is ours."""

import os
from datetime import UTC, datetime

import numpy as np
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping.found_cells import find_cells, is_cell_file
from erc_bench.store.housekeeping.removing import remove_cell
from erc_bench.store.writing import CellWriter


def test_every_cell_is_found_with_its_status_in_order(runs):
    found = find_cells(runs)
    assert [(cell.parts[0], cell.parts[1], cell.seed, cell.status) for cell in found.cells] == [
        ("emorynlp", "eacl", 1, "done"),
        ("meld", "ce", 1, "done"),
        ("meld", "ce", 2, "done"),
        ("meld", "ce", 3, "failed"),
        ("meld", "ce", 4, "interrupted"),
        ("meld", "ce", 5, "half-written"),
        ("meld", "ce", 6, "damaged"),
    ]
    assert (found.foreign_entries, found.aside) == ([], [])


def test_size_moment_reason_and_limit(runs, cell_at):
    cell = cell_at("ce", 2)
    assert cell.path == runs.joinpath("meld", "ce", "minilm", "a" * 12, "seed-2")
    assert cell.files == ("predictions.csv", "record.json", "status.json")
    assert cell.size == sum((cell.path / name).stat().st_size for name in cell.files)
    assert cell.limit == 10
    stored = datetime.fromisoformat("2025-01-01T00:00:00").timestamp()
    assert cell.moment == stored
    assert cell_at("ce", 3).why == "out of memory"


def test_a_cell_without_a_status_is_as_old_as_its_last_file(cell_at):
    cell = cell_at("ce", 5)
    for number, name in enumerate(cell.files):
        moment = datetime(2025, 3, 1 + number, tzinfo=UTC).timestamp()
        os.utime(cell.path / name, (moment, moment))
    assert cell_at("ce", 5).moment == datetime(2025, 3, len(cell.files), tzinfo=UTC).timestamp()


@pytest.mark.parametrize("name", ["evil.py", "weights.pt", "inner/pickled.bin", "vocabulary.model"])
def test_a_model_with_what_no_run_saves_is_left_as_it_is(runs, cell_at, name):
    folder = cell_at("ce", 1).path
    for each in ("model.json", "backbone/vocabulary.model", "backbone/.DS_Store", name):
        (folder / "model" / each).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / each).write_text("")
    (foreign_entry,) = find_cells(runs).foreign_entries
    assert (foreign_entry.path, foreign_entry.why) == (folder, f"it holds model/{name}, which no run wrote")
    (folder / "model" / name).unlink()
    assert find_cells(runs).foreign_entries == []


def test_what_a_run_writes_is_ours(tmp_path):
    folder = tmp_path / "meld" / "ce" / "minilm" / ("a" * 12) / "seed-1"
    with CellWriter(folder).open() as writer:
        writer.write_record({})
        writer.write_arrays({})
        writer.write_predictions(None, [], np.zeros((0, 2)), ["a", "b"])
        writer.write_predictions("nearest-anchor", [], np.zeros((0, 2)), ["a", "b"])
        writer.write_model(lambda target: (target / "model.json").write_text("{}"))
        writer.finish("failed", "no", "trace")
    (folder / ".record.json.part").write_text("")
    (folder / ".model.part").mkdir()
    (cell,) = find_cells(tmp_path).cells
    assert ".lock" not in cell.files
    some = {"model/model.json", "traceback.txt", "predictions.nearest-anchor.csv", ".record.json.part"}
    assert some <= set(cell.files)
    assert [name for name in cell.files if not is_cell_file(name)] == [".record.json.part"]


@pytest.mark.parametrize(
    "put",
    [
        lambda folder: (folder / "notes.txt").write_text("mine"),
        lambda folder: (folder / "figures").mkdir(),
        lambda folder: (folder / "notes.txt").symlink_to("record.json"),
        lambda folder: ((folder / "model").mkdir(), (folder / "model" / "link").symlink_to("/")),
        lambda folder: (folder / "predictions.csv.gz" / "mine").mkdir(parents=True),
        lambda folder: os.mkfifo(folder / "record.json.gz"),
    ],
)
def test_a_cell_with_something_else_in_it_is_not_ours(runs, cell_at, put):
    folder = cell_at("ce", 1).path
    put(folder)
    (foreign_entry,) = find_cells(runs).foreign_entries
    assert foreign_entry.path == folder
    assert "which no run wrote" in foreign_entry.why


@pytest.mark.parametrize(
    "put",
    [
        lambda folder: (folder / "predictions.csv.gz").symlink_to("predictions.csv"),
        lambda folder: (folder / "model").symlink_to("/"),
        lambda folder: ((folder / "model").mkdir(), os.mkfifo(folder / "model" / "model.json")),
        lambda folder: (folder / "predictions.csv.gz").mkdir(),
        lambda folder: os.mkfifo(folder / ".record.json.part"),
    ],
)
def test_what_bears_the_name_of_a_file_of_ours_is_ours_whatever_it_is(runs, cell_at, put):
    put(cell_at("ce", 1).path)
    assert find_cells(runs).foreign_entries == []
    assert remove_cell(cell_at("ce", 1), runs) == ""


def test_links_are_named_and_not_followed(runs, tmp_path):
    (runs / "linked").symlink_to(runs / "meld")
    (runs / "meld" / "other").symlink_to(runs / "meld" / "ce")
    settings = runs / "meld" / "ce" / "minilm" / ("a" * 12)
    (settings / "seed-9").symlink_to(settings / "seed-1")
    found = find_cells(runs)
    assert len(found.cells) == 7
    assert [foreign_entry.path.name for foreign_entry in found.foreign_entries] == ["linked", "seed-9", "other"]
    assert {foreign_entry.why for foreign_entry in found.foreign_entries} == {"it is a link"}


def test_other_folders_are_no_cells(runs):
    settings = runs / "meld" / "ce" / "minilm" / ("a" * 12)
    for name in ("seed-x", "seed-01", "seed-", "notes", ".hidden", "seed-1.bak"):
        (settings / name).mkdir()
    (runs / "README.md").write_text("mine")
    (runs / ".git").mkdir()
    named = runs.joinpath("a", "b", "c", "settings", "seed-1")
    named.mkdir(parents=True)
    found = find_cells(runs)
    assert len(found.cells) == 7
    (entry,) = found.foreign_entries
    assert (entry.path, entry.why) == (
        named,
        "settings is not a settings hash, which has 12 hexadecimal digits",
    )


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ErcBenchError, match="there is no folder of runs"):
        find_cells(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["../status.json", "status.json/x", "models/x", "predictions..csv.gz.gz", "x.csv", ""])
def test_other_names_are_no_files_of_a_cell(name):
    assert not is_cell_file(name)

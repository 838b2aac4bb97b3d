"""The index against the files: equal to the last value, never in place of a file that has changed."""

import copy
import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.index import all_cells, cell_index
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.predictions import read_answers, read_coded
from erc_bench.store.reading import read_cell

RESULTS = Path(__file__).parents[3] / "benchmarks/results/laptop"
FILE = Path(".index/cells.sqlite")


@pytest.fixture(autouse=True)
def later(monkeypatch):
    """Index folders of any size, and let a minute pass, so that nothing changed just now."""
    real = time.time_ns
    monkeypatch.setattr(all_cells, "LEAST_INDEXED", 1)
    monkeypatch.setattr(cell_index.time, "time_ns", lambda: real() + 60 * 10**9)


@pytest.fixture
def runs(store):
    """Give six finished cells with a further classifier, and one that failed."""
    for method in ("ce", "eacl"):
        for seed in (1, 2, 10):
            further = store.split.answers(0.4, seed)
            epochs = [{"epoch": 1, "dev": {"weighted_f1": 50.0}}]
            store.add(method, seed, readouts={"probe": further}, epochs=epochs, timings={"training": seed / 3})
    store.fail("bcl", 1, "it broke")
    return store.runs


@pytest.fixture
def read_from_files(monkeypatch):
    """Give the list of the cells that were read from their files."""
    seen = []
    monkeypatch.setattr(cell_index, "read_cell", lambda folder: (seen.append(folder.name), read_cell(folder))[1])
    return seen


def plain(cells):
    return [(cell.folder, cell.status, dict(cell.record), cell.error, cell.verified) for cell in cells]


def fill(runs, readout=None):
    """Read all cells and answers once; the index is written when nothing holds the cells any longer."""
    for cell in read_cells(runs):
        if cell.status == "done":
            read_coded(cell, readout)


def from_files(runs, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(all_cells, "LEAST_INDEXED", 10**9)
        return read_cells(runs)


def test_an_index_gives_what_the_files_hold(runs, monkeypatch, read_from_files):
    expected = from_files(runs, monkeypatch)
    first = read_cells(runs)
    assert plain(first) == plain(expected)
    del first
    assert len(read_from_files) == 7
    again = read_cells(runs)
    assert len(read_from_files) == 8  # the failed one alone is read each time
    assert plain(again) == plain(expected)
    assert [cell.typed for cell in again if cell.record] == [cell.typed for cell in expected if cell.record]
    assert [list(cell.record) for cell in again] == [list(cell.record) for cell in expected]


@pytest.mark.parametrize("readout", [None, "probe"])
def test_answers_out_of_the_index_are_those_of_the_files(runs, monkeypatch, readout):
    expected = [read_coded(cell, readout) for cell in from_files(runs, monkeypatch) if cell.status == "done"]
    fill(runs, readout)
    monkeypatch.setattr("erc_bench.store.predictions.read_file", lambda file: pytest.fail(f"{file} was read"))
    found = [read_coded(cell, readout) for cell in read_cells(runs) if cell.status == "done"]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.predicted, theirs.predicted)
        assert vars(ours.asked) == vars(theirs.asked)
        assert ours.score_labels == theirs.score_labels
    assert all(each.asked is found[0].asked for each in found)


def test_published_results_are_the_same_through_an_index(tmp_path, monkeypatch):
    for place in ("meld/ce", "meld/majority", "dailydialog/eacl"):
        shutil.copytree(RESULTS / place, tmp_path / place)
    expected = from_files(tmp_path, monkeypatch)
    fill(tmp_path)
    assert plain(read_cells(tmp_path)) == plain(expected)
    assert [cell.typed for cell in read_cells(tmp_path)] == [cell.typed for cell in expected]


def overwrite(file, content):
    """Change a file and give it back size and time: what is left is the time that nobody can set."""
    times = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("name", ["record.json", "predictions.csv", "predictions.probe.csv"])
def test_a_changed_file_is_seen_whatever_its_size_and_time(runs, name):
    fill(runs)
    file = runs / "meld/eacl/minilm/aaaaaaaaaaaa/seed-2" / name
    content = file.read_bytes()
    overwrite(file, content.replace(b"joy", b"yoj", 1))
    (damaged,) = [cell for cell in read_cells(runs) if cell.status == "damaged"]
    assert damaged.folder == file.parent
    assert damaged.error == f"{name} is damaged: its content is not what was written"
    overwrite(file, content)
    assert {cell.status for cell in read_cells(runs)} == {"done", "failed"}


def test_a_cell_that_is_trained_again_is_read_again(runs, store):
    fill(runs)
    folder = runs / "meld/ce/minilm/aaaaaaaaaaaa/seed-1"
    shutil.rmtree(folder)
    store.add("ce", 1, accuracy=0.9, dev_only=False)
    fill(runs)
    (found,) = [cell for cell in read_cells(runs) if cell.folder == folder]
    assert found.record == read_cell(folder).record
    assert read_coded(found).predicted.tolist() == [
        ("anger", "joy", "neutral").index(answer) for answer in read_answers(read_cell(folder)).predicted
    ]


def test_a_cell_that_is_gone_leaves_the_index(runs):
    fill(runs)
    shutil.rmtree(runs / "meld/ce/minilm/aaaaaaaaaaaa/seed-1")
    fill(runs)
    assert len(read_cells(runs)) == 6
    with sqlite3.connect(runs / FILE) as connection:
        kinds = dict(connection.execute("SELECT kind, count(*) FROM rows GROUP BY kind"))
    assert kinds["cell"] == kinds["answers"] == 5


def test_a_copied_index_fits_nothing(runs, tmp_path, read_from_files):
    fill(runs)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(runs), str(copy)], check=True)
    read_from_files.clear()
    assert len(read_cells(copy)) == len(read_from_files) == 7


def test_what_changed_just_now_is_not_indexed(runs, monkeypatch, read_from_files):
    monkeypatch.undo()
    monkeypatch.setattr(all_cells, "LEAST_INDEXED", 1)
    fill(runs)
    assert (runs / FILE).is_file()
    with sqlite3.connect(runs / FILE) as connection:
        assert list(connection.execute("SELECT * FROM rows WHERE kind = 'cell'")) == []


def test_small_folders_get_no_index(runs, monkeypatch):
    monkeypatch.setattr(all_cells, "LEAST_INDEXED", 8)
    fill(runs)
    assert not (runs / ".index").exists()


def random_bytes(file):
    file.write_bytes(np.random.default_rng(0).bytes(20_000))


def cut_off(file):
    file.write_bytes(file.read_bytes()[:5000])


def empty(file):
    file.write_bytes(b"")


def of_another_version(file):
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE rows")
        connection.execute("PRAGMA user_version = 7")


def without_its_table(file):
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE rows")


def a_folder(file):
    file.unlink()
    (file / "inside").mkdir(parents=True)


def a_link(file):
    file.replace(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))


def a_file_for_the_folder(file):
    shutil.rmtree(file.parent)
    file.parent.write_text("not an index")


def other_values(file):
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE rows SET content = replace(content, x'6365', x'6563')")


def nothing_shared(file):
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM rows WHERE kind = 'shared'")


def locked(file):
    connection = sqlite3.connect(file)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


DAMAGE = [
    *(random_bytes, cut_off, empty, of_another_version, without_its_table, a_folder, a_link),
    *(a_file_for_the_folder, other_values, nothing_shared, locked),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_no_damage_of_an_index_is_ever_seen(runs, monkeypatch, damage):
    monkeypatch.setattr("erc_bench.store.index.index_file._SECONDS", 0.01)
    expected = from_files(runs, monkeypatch)
    answers = [read_coded(cell).predicted.tolist() for cell in expected if cell.status == "done"]
    fill(runs)
    held = damage(runs / FILE)
    for _ in range(2):
        cells = read_cells(runs)
        assert plain(cells) == plain(expected)
        assert [read_coded(cell).predicted.tolist() for cell in cells if cell.status == "done"] == answers
        del cells
    if held:
        held.close()


def test_a_number_that_an_index_cannot_hold_is_read_from_its_file(store, monkeypatch):
    store.add("ce", 1, provenance={"odd": 10**30})
    for _ in range(2):
        (cell,) = read_cells(store.runs)
        assert cell.record["provenance"]["odd"] == 10**30


def test_a_field_of_the_file_is_refused_once_the_file_is_another(runs):
    fill(runs)
    cell = next(cell for cell in read_cells(runs) if cell.status == "done")
    record = json.loads((cell.folder / "record.json").read_text())
    (cell.folder / "record.json").write_text(json.dumps(record | {"epochs": []}))
    with pytest.raises(ErcBenchError, match=r"record\.json is damaged"):
        cell.record["epochs"]
    with pytest.raises(KeyError):
        cell.record["nothing"]


def test_an_index_is_not_taken_for_runs(runs):
    fill(runs)
    found = find_cells(runs)
    assert len(found.cells) == 7
    assert found.foreign_entries == []
    assert (runs / ".index/.gitignore").read_text().endswith("\n*\n")


COMPARE = """
import sys
import threading
from erc_bench.store.index import all_cells
from erc_bench.store.index import cell_index
all_cells.LEAST_INDEXED, cell_index._SETTLED = 1, -10**18
from erc_bench.cli import main
main()
"""


def test_processes_that_write_one_index_at_a_time_all_answer(runs):
    command = [sys.executable, "-c", COMPARE, "compare", "--runs", str(runs), "--format", "csv"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    told = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert len({output for output, _ in told}) == 1
    again = subprocess.run(command, capture_output=True, check=True)
    assert (again.stdout, again.stderr) == told[0]


def test_a_cell_that_changes_while_it_is_packed_is_not_indexed(runs, monkeypatch):
    folder = runs / "meld/ce/minilm/aaaaaaaaaaaa/seed-1"
    record = json.loads((folder / "record.json").read_text())
    content_of = cell_index.content_of

    def changed_meanwhile(data):
        if json.loads(data)["method"] == "ce" and json.loads(data)["seed"] == 1:
            (folder / "record.json").write_text(json.dumps(record | {"epochs": []}))
        return content_of(data)

    with monkeypatch.context() as patch:
        patch.setattr(cell_index, "content_of", changed_meanwhile)
        fill(runs)
    (found,) = [cell for cell in read_cells(runs) if cell.folder == folder]
    assert found.status == "damaged"


def test_a_cell_that_goes_while_it_is_packed_is_given_as_it_was(runs, monkeypatch):
    def gone(file):
        raise ErcBenchError(f"{file.name} cannot be read")

    expected = from_files(runs, monkeypatch)
    monkeypatch.setattr(cell_index, "read_regular", gone)
    assert plain(read_cells(runs)) == plain(expected)


def test_a_folder_that_may_not_be_read_has_no_index(runs, monkeypatch):
    fill(runs)

    def refused(path):
        raise PermissionError(path)

    monkeypatch.setattr(
        "erc_bench.store.index.index_file.kind_of", lambda path: "a folder" if path.is_dir() else refused(path)
    )
    assert len(read_cells(runs)) == 7


def test_rows_of_a_wrong_kind_are_passed_over(runs, monkeypatch):
    expected = from_files(runs, monkeypatch)
    fill(runs)
    with sqlite3.connect(runs / FILE) as connection:
        connection.execute(
            "INSERT INTO rows SELECT kind, 'text', content, digest FROM rows WHERE kind = 'cell' LIMIT 1"
        )
        connection.execute("UPDATE rows SET key = x'00' WHERE kind = 'shared' AND key = (SELECT max(key) FROM rows)")
    assert plain(read_cells(runs)) == plain(expected)


def test_a_cell_is_copied_and_sent_like_one_from_files(runs, monkeypatch):
    expected = from_files(runs, monkeypatch)
    fill(runs)
    for cell, same in zip(read_cells(runs), expected, strict=True):
        for copied in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
            assert (copied.folder, copied.record, copied.answers) == (same.folder, same.record, None)
        assert cell.record | {"new": 1} == {**same.record, "new": 1}


def test_answers_are_kept_whichever_thread_lets_go_of_the_cells(runs):
    cells = read_cells(runs)
    for cell in cells:
        if cell.status == "done":
            read_coded(cell)
    del cell

    def let_go(held):
        held.clear()

    thread = threading.Thread(target=let_go, args=(cells,))
    thread.start()
    thread.join()
    with sqlite3.connect(runs / FILE) as connection:
        assert list(connection.execute("SELECT count(*) FROM rows WHERE kind = 'answers'")) == [(6,)]

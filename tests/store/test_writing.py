"""Writing one cell: its lock, its files, its status."""

import csv
import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import CellAddress, folder_name, readout_file
from erc_bench.store.reading import read_cell
from erc_bench.store.writing import CellBusyError, CellWriter

ROWS = [(("d,1", 0), "joy", "sad"), (('say "hi"\n', 3), "sad", "sad")]
SCORES = np.array([[0.12345, 0.87655], [1 / 3, 2 / 3]])


def test_a_second_writer_finds_the_cell_busy(tmp_path):
    with CellWriter(tmp_path).open(), pytest.raises(CellBusyError):
        CellWriter(tmp_path).open()
    with CellWriter(tmp_path).open():
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path):
    source = (
        "import os, signal, sys; from pathlib import Path; from erc_bench.store.writing import CellWriter; "
        "writer = CellWriter(Path(sys.argv[1])).open(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", source, str(tmp_path)], check=False)
    assert done.returncode == -9
    with CellWriter(tmp_path).open():
        pass


def test_predictions_keep_awkward_ids_and_four_decimals(tmp_path):
    with CellWriter(tmp_path).open() as writer:
        writer.write_predictions(None, ROWS, SCORES, ("joy", "sad"))
        writer.write_predictions("org/probe", ROWS, SCORES, ("joy", "sad"))
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.reader(stream))
    assert found == [
        ["dialogue_id", "utterance", "gold", "predicted", "joy", "sad"],
        ["d,1", "0", "joy", "sad", "0.1235", "0.8766"],
        ['say "hi"\n', "3", "sad", "sad", "0.3333", "0.6667"],
    ]
    assert writer.files == ["predictions.csv", "predictions.org--probe.csv"]


def test_rows_and_scores_of_different_number_are_refused(tmp_path):
    with CellWriter(tmp_path).open() as writer, pytest.raises(ValueError, match="shorter"):
        writer.write_predictions(None, ROWS, SCORES[:1], ("joy", "sad"))
    assert not (tmp_path / "predictions.csv").exists()


def test_a_record_holds_numbers_only(tmp_path):
    with CellWriter(tmp_path).open() as writer:
        with pytest.raises(ValueError, match="JSON compliant"):
            writer.write_record({"loss": float("nan")})
        writer.write_record({"labels": ["fröhlich", "\ud83d\ude00"]})
    assert json.loads((tmp_path / "record.json").read_text())["labels"][0] == "fröhlich"


def test_arrays_come_back(tmp_path):
    array = np.arange(6.0).reshape(2, 3).T
    with CellWriter(tmp_path).open() as writer:
        writer.write_arrays({"a": array})
    assert np.array_equal(load_file(tmp_path / "arrays.safetensors")["a"], array)


def test_the_status_lists_the_files(tmp_path):
    with CellWriter(tmp_path).open() as writer:
        writer.write_record({"a": 1})
        assert read_cell(tmp_path).status == "half-written"
        writer.finish("failed", "why", "Traceback ...")
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["files"] == ["record.json", "traceback.txt"]
    assert (status["status"], status["error"]) == ("failed", "why")
    assert read_cell(tmp_path).status == "failed"


@pytest.mark.parametrize("status", ["done", "failed", "interrupted"])
def test_the_status_says_size_and_digest_of_every_file(tmp_path, status):
    large = b"0123456789" * 200_000
    with CellWriter(tmp_path).open() as writer:
        writer.write_record({"a": 1})
        writer.write_record({"a": 2})
        writer.write_predictions(None, ROWS, SCORES, ("joy", "sad"))
        writer.write_model(lambda folder: (folder / "weights.safetensors").write_bytes(large))
        writer.finish(status, "why", "Traceback ...")
    told = json.loads((tmp_path / "status.json").read_text())
    names = ["record.json", "predictions.csv", "model/weights.safetensors", "traceback.txt"]
    assert told["files"] == list(told["contents"]) == names
    for name in names:
        data = (tmp_path / name).read_bytes()
        assert told["contents"][name] == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_clearing_unlinks_links_and_pipes_and_leaves_what_they_lead_to(tmp_path):
    elsewhere, cell = tmp_path / "elsewhere", tmp_path / "cell"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    with CellWriter(cell).open() as writer:
        for name in ("record.json", "model", "predictions.head.csv"):
            (cell / name).symlink_to(elsewhere)
        os.mkfifo(cell / "status.json")
        (cell / "arrays.safetensors").mkdir()
        writer.clear()
        assert [file.name for file in cell.iterdir()] == [".lock"]
    assert (elsewhere / "mine").read_text() == "mine"


def test_clearing_removes_nothing_where_it_would_have_to_remove_what_is_not_its_own(tmp_path):
    with CellWriter(tmp_path).open() as writer:
        writer.write_record({"a": 1})
        writer.finish("done")
        (tmp_path / "traceback.txt" / "mine").mkdir(parents=True)
        with pytest.raises(ErcBenchError, match=r"traceback\.txt is a folder that holds mine") as caught:
            writer.clear()
    assert caught.value.hint == "Move it away, then run the cell again."
    assert (tmp_path / "status.json").is_file()


def test_clearing_removes_everything_but_the_lock(tmp_path):
    with CellWriter(tmp_path).open() as writer:
        writer.write_record({"a": 1})
        writer.finish("done")
        writer.clear()
        assert [file.name for file in tmp_path.iterdir()] == [".lock"]
        writer.finish("failed")
        assert json.loads((tmp_path / "status.json").read_text())["files"] == []


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("org/model", "org--model"),
        ("../up", "--up"),
        ("..", "_"),
        (".hidden", "hidden"),
        ("a b:c", "a_b_c"),
        ("/", "_"),
    ],
)
def test_names_are_safe_as_one_folder(tmp_path, name, folder):
    assert folder_name(name) == folder
    address = CellAddress("d", name, "b", "0" * 12, 3)
    assert address.folder(tmp_path) == tmp_path / "d" / folder / "b" / ("0" * 12) / "seed-3"


def test_readouts_have_a_file_of_their_own():
    assert readout_file("nearest-anchor") == "predictions.nearest-anchor.csv"

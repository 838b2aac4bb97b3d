import json
import pickle

import pandas as pd
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import read_answers, read_cell, read_cells, read_predictions


def test_a_finished_cell_is_read_with_its_record(store):
    folder = store.add("eacl", 3)
    (cell,) = read_cells(store.runs)
    assert (cell.folder, cell.status, cell.error) == (folder, "done", "")
    assert (cell.method, cell.dataset, cell.record["seed"]) == ("eacl", "meld", 3)
    assert cell.name == "meld/eacl/minilm/aaaaaaaaaaaa/seed-3"


def test_cells_come_by_name_and_then_by_number_of_the_seed(store):
    for seed in (10, 2, 1):
        store.add("supcon", seed)
    store.add("ce", 4)
    found = [(cell.method, cell.record["seed"]) for cell in read_cells(store.runs)]
    assert found == [("ce", 4), ("supcon", 1), ("supcon", 2), ("supcon", 10)]


def test_other_folders_are_no_cells(store):
    folder = store.add()
    (folder.parent / "seed-x").mkdir()
    (folder.parent / "seed-7.tmp").mkdir()
    (store.runs / ".trash/a/b/c/seed-1").mkdir(parents=True)
    (store.runs / "notes.txt").write_text("mine")
    assert len(read_cells(store.runs)) == 1


def test_a_missing_folder_of_runs_is_named(tmp_path):
    with pytest.raises(ErcBenchError, match="no folder of runs") as error:
        read_cells(tmp_path / "nowhere")
    assert "--runs" in error.value.hint


def test_failed_and_interrupted_cells_keep_their_error_in_one_line(store):
    store.fail("ce", 1, "the loss became nan\n  at step 12")
    store.fail("eacl", 2, "stopped by the user", status="interrupted")
    cells = read_cells(store.runs)
    assert [(cell.status, cell.error) for cell in cells] == [
        ("failed", "the loss became nan at step 12"),
        ("interrupted", "stopped by the user"),
    ]
    assert (cells[0].method, cells[0].dataset) == ("ce", "meld")


def test_a_cell_without_its_status_is_half_written(store):
    folder = store.add()
    (folder / "status.json").unlink()
    cell = read_cell(folder)
    assert (cell.status, cell.record) == ("half-written", {})


@pytest.mark.parametrize(
    ("file", "content", "error"),
    [
        ("record.json", b'{"format": 1, "meth', "record.json cannot be read"),
        ("record.json", b"", "record.json cannot be read"),
        ("record.json", b"[1, 2]", "record.json does not hold an object"),
        ("record.json", b'{"format": 2}', "record.json has format 2, this version reads format 1"),
        ("record.json", b'{"format": 1}', "record.json has no valid 'method'"),
        ("record.json", pickle.dumps({"format": 1}), "record.json cannot be read"),
        ("status.json", b"{", "status.json cannot be read"),
        ("status.json", b'{"status": "fine"}', "status.json has the unknown status 'fine'"),
        ("status.json", b'{"status": "done", "files": []}', "status.json does not list record.json"),
    ],
)
def test_a_damaged_cell_is_named_and_does_not_stop_the_others(store, file, content, error):
    folder = store.add("ce", 1)
    store.add("ce", 2)
    (folder / file).write_bytes(content)
    damaged, whole = read_cells(store.runs)
    assert damaged.status == "damaged"
    assert damaged.error.startswith(error)
    assert whole.status == "done"


def test_done_means_that_all_files_are_there(store):
    folder = store.add()
    (folder / "predictions.csv").unlink()
    cell = read_cell(folder)
    assert (cell.status, cell.error) == ("damaged", "it is marked done but lacks predictions.csv")


def test_predictions_are_a_typed_frame(store):
    folder = store.add(accuracy=1.0)
    frame = read_predictions(read_cell(folder))
    assert list(frame.columns) == ["dialogue_id", "utterance", "gold", "predicted", "anger", "joy", "neutral"]
    assert frame["dialogue_id"].iloc[0] == "0"
    assert frame["utterance"].dtype == "int64"
    assert (frame["gold"] == frame["predicted"]).all()
    assert frame[["anger", "joy", "neutral"]].sum(axis=1).eq(1.0).all()


def test_text_that_looks_like_missing_data_stays_text(store):
    folder = store.add()
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps({**record, "labels": ["None", "NA"]}))
    rows = ("007,0,None,NA,0.2,0.8", "nan,1,NA,NA,0.1,0.9", '"a,b",0,NA,None,1,0')
    text = "\n".join(("dialogue_id,utterance,gold,predicted,None,NA", *rows, ""))
    (folder / "predictions.csv").write_text(text)
    frame = read_predictions(read_cell(folder))
    assert frame["dialogue_id"].tolist() == ["007", "nan", "a,b"]
    assert frame["gold"].tolist() == ["None", "NA", "NA"]
    assert not frame.isna().any(axis=None)
    assert isinstance(frame, pd.DataFrame)


def test_a_further_readout_has_its_own_file(store):
    answers = ["joy"] * len(store.split.rows())
    cell = read_cell(store.add(readouts={"centroid": answers}))
    assert set(read_answers(cell, "centroid").predicted) == {"joy"}
    with pytest.raises(ErcBenchError, match=r"no file .*probe"):
        read_predictions(cell, "probe")


HEADER = b"dialogue_id,utterance,gold,predicted,anger,joy,neutral\n"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "line 1: the columns must begin with"),
        (b"dialogue,utterance,gold,predicted\n", "line 1: the columns must begin with"),
        (HEADER + b"0,0,joy,joy,0,1,0\n0,1,jo", "line 3: it does not have 7 fields"),
        (HEADER + b"0,0,joy,joy,0,1,0\n0,0,joy,joy,0,1,0\n", "line 2: utterance 0 of dialogue '0' appears 2 times"),
        (HEADER + b"0,0,joy,boredom,0,1,0\n", "line 2: 'boredom' is not a label"),
        (HEADER + b"0,first,joy,joy,0,1,0\n", "line 2: the position or a score is not a number"),
        (HEADER + b"0,0,joy,joy,0,1,0\n0,1,joy,joy,0,x,0\n", "line 3: the position or a score is not a number"),
        (HEADER + b"\xff\xfe,0,joy,joy,0,1,0\n", "cannot be read"),
        (HEADER + b'"0,0,joy,joy,0,1,0\n', "cannot be read"),
    ],
)
def test_damaged_predictions_are_named_with_their_line(store, content, error):
    folder = store.add()
    (folder / "predictions.csv").write_bytes(content)
    with pytest.raises(ErcBenchError, match=error) as raised:
        read_predictions(read_cell(folder))
    assert str(folder / "predictions.csv") in raised.value.message

import gc
import json
import pickle
import shutil

import pandas as pd
import pytest
import store_fixture

from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.predictions import read_answers, read_predictions
from erc_bench.store.reading import read_cell, without_collection


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
        ("record.json", b"[" * 100_000, "record.json cannot be read"),
        ("record.json", pickle.dumps({"format": 1}), "record.json cannot be read"),
        ("status.json", b"{", "status.json cannot be read"),
        ("status.json", b'{"status": "fine"}', "status.json has the unknown status 'fine'"),
        ("status.json", b'{"status": "done", "files": []}', "status.json does not list record.json"),
    ],
)
def test_a_damaged_cell_is_named_and_does_not_stop_the_others(store, file, content, error):
    folder = store.add("ce", 1)
    store_fixture.without_contents(folder)
    store.add("ce", 2)
    (folder / file).write_bytes(content)
    damaged, whole = read_cells(store.runs)
    assert damaged.status == "damaged"
    assert damaged.error.startswith(error)
    assert whole.status == "done"


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("settings", "x", "settings"),
        ("overrides", ["training.epochs"], "overrides"),
        ("inputs", [], "inputs"),
        ("inputs", {"code": "0123"}, "inputs.code"),
        ("provenance", None, "provenance"),
        ("provenance", {"hardware": "a GPU"}, "provenance.hardware"),
        ("provenance", {"inert_terms": [{}]}, "provenance.inert_terms.*"),
        ("data", 3, "data"),
        ("data", {"counts": {"test": 7}}, "data.counts.*"),
        ("selection", "dev", "selection"),
        ("choices", [], "choices"),
        ("readouts", "probe", "readouts"),
        ("readouts", [["probe"]], "readouts.*"),
        ("readouts_metrics", {"probe": 4}, "readouts_metrics.*"),
        ("metrics", {"dev": None, "test": 61.2}, "metrics.test"),
        ("metrics", {"dev": {"weighted_f1": "61"}, "test": None}, "metrics.dev.weighted_f1"),
        ("metrics", {"dev": None, "test": {"weighted_f1": float("nan")}}, "metrics.test.weighted_f1"),
        ("metrics", {"dev": None, "test": {"weighted_f1": 10**400}}, "metrics.test.weighted_f1"),
        ("floor", {"weighted_f1": True}, "floor.weighted_f1"),
        ("labels", ["joy", 3], "labels.*"),
        ("scored_labels", [None], "scored_labels.*"),
        ("headline_metric", "f7", "headline_metric"),
        ("limit", [], "limit"),
        ("regime", {}, "regime"),
        ("seed", True, "seed"),
        ("timings", {"train": "1 s"}, "timings.*"),
    ],
)
def test_a_record_with_a_value_of_the_wrong_kind_is_damaged_and_the_others_are_compared(store, key, value, named):
    _change(store.add("ce", 1), **{key: value})
    store.add("ce", 2)
    damaged, whole = read_cells(store.runs)
    within = ", a number from 0 to 100" if named.endswith("weighted_f1") else ""
    assert (damaged.status, damaged.error) == ("damaged", f"record.json has no valid {named!r}{within}")
    assert whole.status == "done"
    assert compare([damaged, whole]).columns[0].scores[0].seeds == (2,)


@pytest.mark.parametrize(
    ("key", "value", "own"),
    [
        ("dataset", "iemocap", "iemocap/ce/minilm/aaaaaaaaaaaa/seed-1"),
        ("method", "eacl", "meld/eacl/minilm/aaaaaaaaaaaa/seed-1"),
        ("backbone", "org/large", "meld/ce/org--large/aaaaaaaaaaaa/seed-1"),
        ("settings_hash", "bbbbbbbbbbbb", "meld/ce/minilm/bbbbbbbbbbbb/seed-1"),
        ("seed", 2, "meld/ce/minilm/aaaaaaaaaaaa/seed-2"),
    ],
)
def test_a_record_of_another_cell_than_its_folder_names_is_damaged(store, key, value, own):
    folder = store.add("ce", 1)
    _change(folder, **{key: value})
    cell = read_cell(folder)
    assert (cell.status, cell.error) == ("damaged", f"record.json is that of another cell, {own}")


def test_a_copied_folder_of_runs_is_read_and_names_may_have_been_made_safe(store, tmp_path):
    store.add("ce", 1, backbone="org/large model")
    shutil.copytree(store.runs, tmp_path / "elsewhere")
    (cell,) = read_cells(tmp_path / "elsewhere")
    assert (cell.status, cell.record["backbone"]) == ("done", "org/large model")


def test_a_record_may_lack_what_older_ones_lack(store):
    folder = store.add()
    kept = ("format", "method", "dataset", "backbone", "seed", "settings_hash", "labels", "metrics")
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps({key: record[key] for key in kept}))
    store_fixture.write_status(folder)
    cell = read_cell(folder)
    assert cell.status == "done"
    assert len(compare([cell]).rows) == 1


def _change(folder, **changes):
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps(record | changes))
    store_fixture.write_status(folder)


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
    store_fixture.write_status(folder)
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
    store_fixture.without_contents(folder)
    with pytest.raises(ErcBenchError, match=error) as raised:
        read_predictions(read_cell(folder))
    assert str(folder / "predictions.csv") in raised.value.message


@pytest.fixture(params=[True, False])
def searching(request):
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_it_stops_within_and_is_afterwards_what_it_was(searching):
    with without_collection(), without_collection():
        assert not gc.isenabled()
    assert gc.isenabled() == searching


def test_it_goes_on_after_an_error(searching):
    @without_collection()
    def broken():
        assert not gc.isenabled()
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError, match=r"^$"):
            broken()
        assert gc.isenabled() == searching

"""Stored cells as frames: their columns, their types, what cannot be read."""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import read_cell


@pytest.fixture
def filled(store):
    """Give a folder of runs with two methods, a further readout and a cell that failed."""
    store.add_seeds("ce", [0.5, 0.6], overrides={"training.epochs": 3, "encoder.window": None})
    answers = store.split.answers(0.7, 9)
    store.add("eacl", 1, accuracy=0.8, readouts={"probe": answers}, timings={"train": 2.0, "read out": 0.5})
    store.fail("eacl", 2, "it broke")
    return store


def test_one_row_for_each_cell(filled):
    frame = erc.load_runs(filled.runs)
    assert list(zip(frame["method"], frame["seed"], frame["status"], strict=True)) == [
        ("ce", 1, "done"),
        ("ce", 2, "done"),
        ("eacl", 1, "done"),
        ("eacl", 2, "failed"),
    ]
    for _, row in frame[frame["status"] == "done"].iterrows():
        record = json.loads((filled.runs.parent / row["folder"] / "record.json").read_text())
        assert row["score"] == row["test_weighted_f1"] == record["metrics"]["test"]["weighted_f1"]
        assert row["dev_score"] == record["metrics"]["dev"]["weighted_f1"]
        assert row["epoch"] == 5
    assert frame["overrides"][0] == "training.epochs=3 encoder.window=none"
    assert frame["seconds"][2] == 2.5
    assert "readout" not in frame


def test_a_cell_that_failed_has_its_reason_and_no_numbers(filled):
    failed = erc.load_runs(filled.runs).iloc[3]
    assert failed["error"] == "it broke"
    assert failed[["score", "dev_score", "test_accuracy", "epoch", "limit"]].isna().all()


@pytest.mark.parametrize("cells", ["all", "failed alone", "none"])
def test_columns_and_their_types_do_not_hang_on_what_is_stored(store, filled, cells):
    whole = erc.load_runs(filled.runs)
    if cells == "all":
        found = erc.load_runs(filled.runs, method=["ce"])
    elif cells == "failed alone":
        found = erc.load_runs(filled.runs)
        found = found.loc[found["status"] == "failed"].convert_dtypes(dtype_backend="numpy_nullable")[found.columns]
        assert list(found.columns) == list(whole.columns)
        return
    else:
        (store.runs.parent / "empty").mkdir()
        found = erc.load_runs(store.runs.parent / "empty")
        assert len(found) == 0
    numbers = ["seed", "score", "dev_score", "test_micro_f1", "epoch", "limit", "seconds", "dev_only"]
    assert list(found.columns) == list(whole.columns)
    assert list(found[numbers].dtypes) == list(whole[numbers].dtypes)


def test_settings_timings_and_readouts_on_request(filled):
    frame = erc.load_runs(filled.runs, settings=True, timings=True, readouts=True)
    assert set(frame["training.epochs"].dropna()) == {8.0}
    assert set(frame["objective"].dropna()) == {"cross-entropy"}
    (probe,) = frame[frame["readout"] == "probe"].itertuples()
    own = frame[(frame["method"] == "eacl") & (frame["readout"] == "")].iloc[0]
    record = read_cell(filled.runs.parent / own["folder"]).record
    assert probe.score == record["readouts_metrics"]["probe"]["test"]["weighted_f1"] != own["score"]
    assert (own["seconds_train"], own["seconds_read_out"]) == (2.0, 0.5)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"method": "eakl"}, "no run of the method 'eakl' is stored; did you mean eacl?"),
        ({"dataset": ["meld", "iemocap"]}, "no run of the dataset 'iemocap' is stored; known: meld"),
    ],
)
def test_a_name_that_is_not_stored(filled, wanted, sentence):
    with pytest.raises(ErcBenchError, match=sentence.partition("?")[0]):
        erc.load_runs(filled.runs, **wanted)


def test_no_folder_of_runs(tmp_path):
    with pytest.raises(ErcBenchError, match="there is no folder of runs"):
        erc.load_runs(tmp_path / "nothing")


def test_predictions_of_a_folder_a_row_and_several_rows(filled):
    frame = erc.load_runs(filled.runs, method="ce")
    one = erc.load_predictions(frame.iloc[0])
    assert list(one.columns) == ["dialogue_id", "utterance", "gold", "predicted", *filled.split.labels]
    assert list(one["predicted"]) == filled.split.answers(0.5, 1)
    assert set(one["dialogue_id"]) == {str(number) for number in range(12)}
    pd.testing.assert_frame_equal(one, erc.load_predictions(frame["folder"][0]))
    both = erc.load_predictions(frame)
    assert list(both.columns[:5]) == ["dataset", "method", "backbone", "seed", "dialogue_id"]
    assert both.groupby("seed").size().to_dict() == {1: len(one), 2: len(one)}


def test_predictions_of_a_further_classifier(filled):
    row = erc.load_runs(filled.runs, method="eacl").iloc[0]
    assert list(erc.load_predictions(row, "probe")["predicted"]) == filled.split.answers(0.7, 9)
    with pytest.raises(ErcBenchError, match=r"was not read by 'prob'; did you mean probe\?"):
        erc.load_predictions(row, "prob")


def test_what_has_no_predictions(filled, store):
    frame = erc.load_runs(filled.runs)
    with pytest.raises(ErcBenchError, match="seed-2 is failed: it broke"):
        erc.load_predictions(frame.iloc[3])
    with pytest.raises(ErcBenchError, match="was never scored on test"):
        erc.load_predictions(store.add("spcl", 1, dev_only=True))
    with pytest.raises(ErcBenchError, match="there is no folder"):
        erc.load_predictions(store.runs / "meld/ce/minilm/aaaaaaaaaaaa/seed-9")
    with pytest.raises(ErcBenchError, match="names no cell"):
        erc.load_predictions(frame.iloc[0][["method", "seed"]])
    with pytest.raises(ErcBenchError, match="DataFrame names no cell"):
        erc.load_predictions(frame[["method", "seed"]])
    with pytest.raises(ErcBenchError, match="no rows"):
        erc.load_predictions(frame[:0])


def test_a_folder_above_is_read_where_it_holds_one_cell_and_else_is_no_cell(filled, store, tmp_path):
    row = erc.load_runs(filled.runs, method="ce").iloc[0]
    alone = Path(row["folder"]).parent
    hidden = alone / ".incoming" / "seed-3"
    shutil.copytree(row["folder"], hidden)
    shutil.rmtree(alone / "seed-2")
    pd.testing.assert_frame_equal(erc.load_predictions(alone), erc.load_predictions(row))
    with pytest.raises(ErcBenchError, match="runs is no cell, it holds 3 cells") as caught:
        erc.load_predictions(store.runs)
    assert caught.value.hint == f"A row names one: load_runs({str(store.runs)!r}).iloc[0]"
    (tmp_path / "empty").mkdir()
    with pytest.raises(ErcBenchError, match="empty is no cell, and there is none below"):
        erc.load_epochs(tmp_path / "empty")
    (tmp_path / "seed-1").mkdir()
    with pytest.raises(ErcBenchError, match="seed-1 is half-written: it has no status"):
        erc.load_epochs(tmp_path / "seed-1")


def test_text_of_another_corpus_is_not_shown(store):
    folder = store.add("ce", 1, dataset="demo", settings={"dataset.size": 12})
    with pytest.raises(ErcBenchError, match="another fingerprint than that of the runs"):
        erc.load_predictions(folder, text=True)


EPOCHS = [
    {
        "epoch": number,
        "terms": {"ce": 2.0 / number, "angle": 0.5},
        "dev": {"weighted_f1": 40.0 + number, "macro_f1": 30.0, "accuracy": 50.0, "per_class_f1": {"joy": 1.0}},
        "train_seconds": 1.0,
        "dev_seconds": 0.5,
    }
    for number in (1, 2, 3)
]


def test_epochs(store):
    folder = store.add("eacl", 1, epochs=EPOCHS, selection={"rule": "dev", "epoch": 3})
    epochs = erc.load_epochs(folder)
    assert list(epochs.columns) == [
        *("epoch", "selected", "dev_weighted_f1", "dev_macro_f1", "dev_accuracy"),
        *("loss_ce", "loss_angle", "train_seconds", "dev_seconds"),
    ]
    assert list(epochs["selected"]) == [False, False, True]
    assert list(epochs["dev_weighted_f1"]) == [41.0, 42.0, 43.0]
    assert epochs["loss_ce"].sum() == pytest.approx(2 + 1 + 2 / 3)


def test_epochs_of_several_cells_stand_below_each_other(store):
    store.add("eacl", 1, epochs=EPOCHS)
    store.add("ce", 1, epochs=[{**EPOCHS[0], "terms": {"ce": 1.0}}])
    store.add("majority", 1)
    frame = erc.load_epochs(erc.load_runs(store.runs))
    assert list(frame["method"]) == ["ce", "eacl", "eacl", "eacl"]
    assert math.isnan(frame["loss_angle"][0])


def test_epochs_of_a_classifier(store):
    fitted = {
        "epochs": EPOCHS,
        "readouts_epochs": {"anchor": [{"epoch": 1, "dev": EPOCHS[0]["dev"]}, {"epoch": 2, "dev": EPOCHS[1]["dev"]}]},
        "readouts_selection": {"anchor": {"rule": "dev", "epoch": 2}},
    }
    folder = store.add("eacl", 1, **fitted)
    assert list(erc.load_epochs(folder, "anchor")["selected"]) == [False, True]
    with pytest.raises(ErcBenchError, match=r"'probe' was not fitted to .* in epochs; known: anchor"):
        erc.load_epochs(folder, "probe")

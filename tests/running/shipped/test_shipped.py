"""What goes to another process and comes back: all of it, bit by bit, and no test label."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.corpora.corpus import load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import to_json
from erc_bench.plugin_host.plugin_files import PluginFile
from erc_bench.running.keeper import Keeper
from erc_bench.running.shipped import assignment as assignments
from erc_bench.running.shipped import cell_result
from erc_bench.running.shipped.assignment import pack_assignment, read_assignment, ship_plugins, unpack_plan
from erc_bench.running.shipped.cell_data import pack_data, unpack_data
from erc_bench.running.shipped.cell_result import pack_result, unpack_result
from erc_bench.running.shipped.messages import Failed, Happened, Trained, event_of, pack_event, unpack
from erc_bench.running.shipped.work import run_shipped, train_upstream
from erc_bench.running.worker import GridTask
from erc_bench.training.events import EpochEnded, Noted, Progress, ScoredOnTest, StepDone
from erc_bench.training.file_features import FileFeatures
from erc_bench.training.preparation import CellData
from erc_bench.training.result import CellResult, Readout

_TEXT = st.text(max_size=8)
_UTTERANCES = st.builds(Utterance, _TEXT, _TEXT, st.none() | _TEXT, st.booleans(), _TEXT)
_DIALOGUES = st.lists(
    st.builds(Dialogue, _TEXT, st.lists(_UTTERANCES, max_size=3).map(tuple), people=st.just((("A", "Ann"),))),
    max_size=3,
)


@given(_DIALOGUES, _DIALOGUES, st.none() | _DIALOGUES)
def test_splits_come_back_as_they_were(train, dev, test):
    data = CellData(train, dev, test)
    assert unpack_data(pack_data(data)) == data


def test_features_come_back_bit_by_bit():
    def of(*ids):
        return {id_: torch.randn(3, 5, generator=torch.Generator().manual_seed(len(id_))) for id_ in ids}

    vectors = {
        "a/b": {"train": of("x/y", "z"), "dev": of("w"), "test": {}},
        "c": {"train": of("x"), "dev": {}, "test": {}},
    }
    found = unpack_data(pack_data(CellData([], [], [], FileFeatures({"a/b": 5, "c": 5}, vectors)))).features
    assert found.dims == {"a/b": 5, "c": 5}
    assert {name: {split: set(own) for split, own in each.items()} for name, each in found.vectors.items()} == {
        name: {split: set(own) for split, own in each.items()} for name, each in vectors.items()
    }
    for id_, tensor in vectors["a/b"]["train"].items():
        assert torch.equal(found.vectors["a/b"]["train"][id_], tensor)


def opened(grid, *methods, **asked):
    """Open the cell of a plan, as an executor does, with what its training may see."""
    keeper = Keeper(GridTask(grid.runs, grid.data_dir, "cpu"), Progress())
    (plan,) = grid.plans(methods, **asked)
    cell = keeper.begin(plan)
    return keeper, cell, keeper.start(cell)


def test_no_test_label_leaves(grid):
    _, cell, data = opened(grid, "majority")
    corpus = load_corpus(cell.plan.dataset(), grid.data_dir)
    labels = [turn.label for dialogue in corpus.splits.test for turn in dialogue.utterances]
    assert any(labels)
    sent = msgspec.msgpack.decode(pack_data(data))
    assert {turn["label"] for dialogue in sent["sealed_test"] for turn in dialogue["utterances"]} == {None}
    assert unpack_data(pack_data(data)).sealed_test == [*data.sealed_test]


def packed(cell, *files):
    return pack_assignment(cell.plan, cell.corpus.fingerprint, cell.present, "cpu", None, ship_plugins(files))


_NUMBERS = st.floats(width=64)


@given(st.lists(st.lists(_NUMBERS, min_size=2, max_size=2), min_size=1, max_size=4), st.sampled_from(["<f4", "<f8"]))
def test_results_come_back_bit_by_bit(rows, kind):
    with np.errstate(over="ignore"):
        scores = np.array(rows).astype(kind)
    keys = [(f"d/{place}", place) for place in range(len(rows))]
    readings = {
        "own": Readout({"weighted_f1": 12.3}, scores, [{"epoch": 1}], {"rule": "dev"}),
        "x/y": Readout({"weighted_f1": 0.1 + 0.2}, None),
    }
    result = CellResult(
        keys,
        readings,
        [{"loss": 1 / 3}],
        {"epoch": 2},
        {"anchors.raw": scores.T},
        {"test": scores},
        {"f": [1]},
        {"t": 0.1},
    )
    found = unpack_result(pack_result(result))
    assert found.keys == keys
    assert list(found.readings) == ["own", "x/y"]
    for name, own in readings.items():
        assert replace(found.readings[name], scores=None) == replace(own, scores=None)
    for ours, theirs in (
        (found.readings["own"].scores, scores),
        (found.arrays["anchors.raw"], scores.T),
        (found.representations["test"], scores),
    ):
        assert ours.dtype == theirs.dtype
        assert ours.tobytes() == np.ascontiguousarray(theirs).tobytes()
    assert (found.epochs, found.selection, found.facts, found.timings) == (
        [{"loss": 1 / 3}],
        {"epoch": 2},
        {"f": [1]},
        {"t": 0.1},
    )


@pytest.mark.parametrize(
    "damage", [b"", b"\x00", b"\x92\xc4\x02{}\xc4\x00", b"\x82\xa5facts\xc4\x02{}\xa6arrays\xc4\x00"]
)
def test_what_is_no_result_is_refused(damage):
    with pytest.raises(ErcBenchError, match="what came back is no result of a cell"):
        unpack_result(damage)


def test_a_result_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(cell_result, "MOST_BYTES", 1000)
    with pytest.raises(ErcBenchError, match="may travel"):
        pack_result(CellResult([], {"own": Readout({}, np.zeros((100, 7)))}))


def test_events_come_back_and_steps_stay():
    epoch = EpochEnded("training", 1, 3, {"ce": 0.5}, {"weighted_f1": 12.5}, 12.5, 0.25, {"head": 1e-3})
    scored = ScoredOnTest("readout", [("a", 0), ("b", 1)], np.array([[0.1, 0.9], [1 / 3, np.nan]], dtype=np.float32))
    assert event_of(unpack(pack_event(epoch))) == epoch
    assert event_of(unpack(pack_event(Noted("well")))) == Noted("well")
    found = event_of(unpack(pack_event(scored)))
    assert (found.stage, found.keys, found.scores.dtype) == ("readout", scored.keys, np.float32)
    np.testing.assert_array_equal(found.scores, scored.scores)
    assert pack_event(StepDone(0.5)) is None


def test_a_shipped_training_is_that_of_this_process(grid, tmp_path):
    settings = ("encoder.trainable=none",)
    keeper, cell, data = opened(grid, "ce", settings=settings, audit=True)
    sent = []
    run_shipped(packed(cell), pack_data(data), {}, sent.append)
    *told, last = map(unpack, sent)
    assert isinstance(last, Trained), last
    for message in told:
        cell.audit.hear(event_of(message))
    keeper.store(cell, unpack_result(last.result), last.machine)
    cell.writer.close()
    grid.run("ce", settings=settings, audit=True, runs=tmp_path / "here")
    ours, theirs = (next(runs.rglob("predictions.csv")).read_bytes() for runs in (grid.runs, tmp_path / "here"))
    assert ours == theirs
    audits = [
        json.loads(next(runs.rglob("record.json")).read_text())["audit"] for runs in (grid.runs, tmp_path / "here")
    ]
    assert audits[0] == audits[1]


PLUGIN = b"""
import erc_bench.api as erc


class Falling(erc.System):
    name = "falling"
    source = "this test"

    def fit(self, train, dev, context):
        raise RuntimeError("fallen")

    def predict(self, dialogues):
        return {}


falling = erc.Method("falling", source="this test", summary="Falls.", system=Falling)
"""


def test_a_plugin_file_need_not_lie_where_it_is_run(grid, tmp_path):
    from erc_bench.plugin_host.plugin_files import load_plugin_file

    place = tmp_path / "falling.py"
    place.write_bytes(PLUGIN)
    file = load_plugin_file(place)
    grid.plugins = (file.module,)
    _, cell, data = opened_with(grid, file)
    task = packed(cell, file)
    place.unlink()
    module = __import__("sys").modules.pop(file.module_name)
    assert module.Falling.name == "falling"
    sent = []
    run_shipped(task, pack_data(data), {}, sent.append)
    assert isinstance(last := unpack(sent[-1]), Failed)
    assert last.reason == "falling.py, line 10: RuntimeError: fallen"
    assert "fallen" in last.trace


def opened_with(grid, file):
    from erc_bench.planning.grid import plan_grid
    from erc_bench.planning.request import Request
    from erc_bench.plugin_host.catalogue import Catalogue
    from erc_bench.plugin_host.plugin_files import add_plugin_files

    catalogue = Catalogue()
    add_plugin_files(catalogue, [file])
    (plan,) = plan_grid(Request(("falling",), ("meld",), (grid.backbone,), (1,), ()), catalogue)
    keeper = Keeper(GridTask(grid.runs, grid.data_dir, "cpu", plugins=(file,)), Progress())
    cell = keeper.begin(plan)
    return keeper, cell, keeper.start(cell)


def test_another_version_is_refused(grid, monkeypatch):
    _, cell, data = opened(grid, "majority")
    task = packed(cell)
    monkeypatch.setattr(assignments, "__version__", "9.9")
    sent = []
    run_shipped(task, pack_data(data), {}, sent.append)
    last = unpack(sent[-1])
    assert isinstance(last, Failed)
    assert "and 9.9 is installed here" in last.reason


def test_a_changed_plugin_is_refused(tmp_path):
    source = tmp_path / "one.py"
    source.write_bytes(PLUGIN)
    with pytest.raises(ErcBenchError, match=r"one\.py changed since this run has started"):
        ship_plugins([PluginFile(source, "0" * 64, "one.py")])


@pytest.mark.parametrize("part", ["code", "core", "backbone"])
def test_a_machine_that_would_compute_something_else_is_refused(grid, part):
    _, cell, data = opened(grid, "ce")
    other = {"code": {"objective": "0"}, "core": {"losses": 0}, "backbone": "another"}[part]
    cell.present = {**cell.present, part: other}
    sent = []
    run_shipped(packed(cell), pack_data(data), {}, sent.append)
    last = unpack(sent[-1])
    assert isinstance(last, Failed)
    assert "changed on the way: this machine has other ones than the command" in last.reason


def test_epochs_of_an_upstream_are_not_those_of_the_cell(grid):
    settings = ("upstream=utterance-ce", "encoder.trainable=none", "upstream.training.epochs=2", "training.epochs=3")
    _, cell, data = opened(grid, "ce", settings=settings)
    sent, trained = [], []
    train_upstream(packed(cell), pack_data(data), trained.append)
    weights = unpack(trained[-1]).entries
    assert len(weights) == 1
    run_shipped(packed(cell), pack_data(data), {}, sent.append)
    run_shipped(packed(cell), pack_data(data), weights, sent.append)
    told = [unpack(message) for message in sent]
    epochs = [each for each in told if isinstance(each, Happened) and each.name == "EpochEnded"]
    assert [each.fields["epoch"] for each in epochs] == [1, 2, 3, 1, 2, 3]
    first, second = [unpack_result(each.result) for each in told if isinstance(each, Trained)]
    np.testing.assert_array_equal(first.readings["head"].scores, second.readings["head"].scores)


def test_files_that_options_name_come_along(grid, tmp_path):
    _, cell, _ = opened(grid, "majority")
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("words")
    plan = replace(cell.plan, option_files={"system.lexicon": str(lexicon)})
    task = read_assignment(pack_assignment(plan, "", {}, "cpu", None, ()))
    lexicon.unlink()
    (tmp_path / "there").mkdir()
    found = unpack_plan(task, tmp_path / "there")
    (place,) = found.option_files.values()
    assert Path(place).read_text() == "words"
    assert to_json(replace(found, option_files=plan.option_files)) == to_json(plan)


def test_who_heard_of_a_training_that_begins_again_hears_that_it_came_to_nothing(grid, monkeypatch):
    keeper, cell, _ = opened(grid, "majority")
    heard = []
    monkeypatch.setattr(cell.observers, "hear", heard.append)
    audit = cell.audit
    keeper.begin_again(cell, "its node was lost")
    ended, started = heard
    assert (ended.status, ended.error) == ("interrupted", "its node was lost")
    assert started.label == ended.label
    assert cell.audit is not audit

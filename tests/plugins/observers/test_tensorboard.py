"""The TensorBoard observer, its files read back by TensorBoard itself."""

import subprocess
import sys
from dataclasses import replace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.testing.observers import check_observer
from erc_bench_plugins.observers import tensorboard as plugin
from erc_bench_plugins.observers.tensorboard import TensorBoard

DEV = {"weighted_f1": 40.0, "macro_f1": 30.0, "per_class_f1": {"joy": 50.0, "fear": 10.0}, "support": {"joy": 3}}
TEST = {"weighted_f1": 45.5, "macro_f1": 33.0, "per_class_f1": {"joy": 55.0, "fear": 11.0}, "support": {"joy": 4}}
CELL = ("meld", "eacl", "org--model", "0123456789ab", "seed-1")


@pytest.fixture
def run(tmp_path):
    folder = tmp_path.joinpath("runs", *CELL)
    settings = {"training.epochs": 3, "encoder.trainable": "none", "objective.grid": (0.1, 0.2), "training.x": None}
    return erc.ObservedRun("meld", "eacl", "org/model", 1, CELL[3], {"objective": "eacl"}, settings, folder)


def observer_in(tmp_path):
    return TensorBoard(TensorBoard.Options(str(tmp_path / "logs")))


def epoch(number, dev=DEV):
    terms, rates = {"cross-entropy": 1.0 / number, "contrastive": 0.5}, {"encoder": 1e-5, "head": 1e-3}
    return erc.ObservedEpoch("training", number, 3, terms, dev, 2.5, rates)


def play(observer, run, epochs=3, result=None):
    observer.run_started(run)
    for number in range(1, epochs + 1):
        observer.epoch_ended(run, epoch(number))
    observer.epoch_ended(run, erc.ObservedEpoch("readout", 1, None, {}, DEV, 0.1, {}, "anchor"))
    observer.run_ended(run, result or erc.ObservedResult("done", DEV, TEST, 9.0))


def read(folder):
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return accumulator


def scalars(folder, tag):
    return [(event.step, pytest.approx(event.value)) for event in read(folder).Scalars(tag)]


def test_it_passes_the_checks_of_observers():
    check_observer(TensorBoard)


def test_every_epoch_is_drawn(run, tmp_path):
    play(observer_in(tmp_path), run)
    log = tmp_path.joinpath("logs", *CELL)
    assert scalars(log, "loss/cross-entropy") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert scalars(log, "loss/total") == [(1, 1.5), (2, 1.0), (3, 1 / 3 + 0.5)]
    assert scalars(log, "dev/weighted_f1") == [(step, 40.0) for step in (1, 2, 3)]
    assert scalars(log, "dev class f1/joy") == [(step, 50.0) for step in (1, 2, 3)]
    assert scalars(log, "learning rate/encoder") == [(step, 1e-5) for step in (1, 2, 3)]
    assert scalars(log, "readout anchor/macro_f1") == [(1, 30.0)]
    assert scalars(log, "seconds/epoch") == [(step, 2.5) for step in (1, 2, 3)]


def test_a_term_that_is_called_total_has_a_tag_of_its_own(run, tmp_path):
    observer = observer_in(tmp_path)
    observer.run_started(run)
    observer.epoch_ended(run, replace(epoch(1), terms={"total": 1.0, "other": 0.5}))
    log = tmp_path.joinpath("logs", *CELL)
    assert scalars(log, "loss/total") == [(1, 1.5)]
    assert scalars(log, "loss/total (term)") == [(1, 1.0)]
    assert scalars(log, "loss/other") == [(1, 0.5)]


def test_test_is_drawn_once_at_the_end(run, tmp_path):
    observer = observer_in(tmp_path)
    observer.run_started(run)
    observer.epoch_ended(run, epoch(1))
    log = tmp_path.joinpath("logs", *CELL)
    # What is drawn can be looked at while the run goes on.
    assert scalars(log, "dev/weighted_f1") == [(1, 40.0)]
    assert not [tag for tag in read(log).Tags()["scalars"] if tag.startswith("test")]
    observer.run_ended(run, erc.ObservedResult("done", DEV, TEST, 9.0))
    assert scalars(log, "test/weighted_f1") == [(1, 45.5)]
    assert scalars(log, "test class f1/fear") == [(1, 11.0)]
    assert scalars(log, "chosen dev/macro_f1") == [(1, 30.0)]


def test_the_settings_stand_beside_the_scores(run, tmp_path):
    play(observer_in(tmp_path), run)
    accumulator = read(tmp_path.joinpath("logs", *CELL))
    contents = accumulator.summary_metadata
    start = HParamsPluginData.FromString(contents["_hparams_/session_start_info"].plugin_data.content)
    values = start.session_start_info.hparams
    assert values["method"].string_value == "eacl"
    assert values["objective"].string_value == "eacl"
    assert values["training.epochs"].number_value == 3
    assert values["objective.grid"].string_value == "(0.1, 0.2)"
    assert values["training.x"].string_value == "None"
    shown = HParamsPluginData.FromString(contents["_hparams_/experiment"].plugin_data.content).experiment
    names = {info.name.tag for info in shown.metric_infos}
    assert {"test/weighted_f1", "chosen dev/weighted_f1"} <= names <= set(accumulator.Tags()["scalars"])


def test_a_cell_that_runs_again_replaces_its_curves_and_nothing_else(run, tmp_path):
    play(observer_in(tmp_path), run)
    log = tmp_path.joinpath("logs", *CELL)
    (log / "notes.txt").write_text("mine")
    neighbour = log.with_name("seed-2")
    neighbour.mkdir()
    (neighbour / "events.out.tfevents.1.host.1.0").write_bytes(b"")
    play(observer_in(tmp_path), run, epochs=1)
    assert scalars(log, "loss/contrastive") == [(1, 0.5)]
    assert len(list(log.glob("events*"))) == 1
    assert (log / "notes.txt").read_text() == "mine"
    assert len(list(neighbour.iterdir())) == 1


def test_a_run_that_fails_keeps_its_curves_and_shows_no_score(run, tmp_path):
    failed = erc.ObservedResult("failed", None, None, 1.0, "the loss is not finite")
    observer = observer_in(tmp_path)
    play(observer, run, epochs=2, result=failed)
    log = tmp_path.joinpath("logs", *CELL)
    assert len(scalars(log, "loss/total")) == 2
    assert not [tag for tag in read(log).Tags()["scalars"] if tag.startswith(("test", "chosen"))]
    # The same observer hears of the next cell.
    play(observer, run, epochs=1)
    assert len(scalars(log, "loss/total")) == 1


def test_a_system_has_scores_and_no_epochs(run, tmp_path):
    observer = observer_in(tmp_path)
    observer.run_started(run)
    observer.run_ended(run, erc.ObservedResult("done", DEV, None, 1.0))
    log = tmp_path.joinpath("logs", *CELL)
    assert scalars(log, "chosen dev/weighted_f1") == [(0, 40.0)]
    assert not [tag for tag in read(log).Tags()["scalars"] if tag.startswith("test")]


@pytest.mark.parametrize("folder", ["runs", "runs/meld/.."])
def test_logs_among_the_results_are_refused(run, tmp_path, folder):
    with pytest.raises(ErcBenchError, match="its logs would lie among the results"):
        TensorBoard(TensorBoard.Options(str(tmp_path / folder))).run_started(run)
    assert not run.folder.exists()


def test_a_link_to_the_results_is_refused(run, tmp_path):
    run.folder.mkdir(parents=True)
    (tmp_path / "logs").symlink_to(tmp_path / "runs")
    with pytest.raises(ErcBenchError, match="its logs would lie among the results"):
        observer_in(tmp_path).run_started(run)
    assert list(run.folder.iterdir()) == []


@pytest.mark.parametrize("folder", ["s3://bucket/logs", "gs://bucket", "hdfs://host/logs"])
def test_addresses_are_refused(folder):
    with pytest.raises(ErcBenchError, match="writes to a folder of this machine"):
        TensorBoard(TensorBoard.Options(folder))


def test_a_missing_package_is_a_sentence_with_its_remedy(monkeypatch):
    monkeypatch.setattr(plugin, "find_spec", lambda name: None)
    with pytest.raises(ErcBenchError) as refused:
        TensorBoard()
    assert refused.value.hint == "Install it: pip install 'erc-bench[tensorboard]'"


def test_it_is_listed_without_torch_and_tensorboard():
    script = (
        "import sys; from erc_bench.plugin_host.catalogue import Catalogue;"
        "Catalogue().get('observer', 'tensorboard')();"
        "print([name for name in ('torch', 'tensorboard') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

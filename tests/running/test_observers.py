"""Observers hear of runs as they go, and nothing that they do changes one."""

import dataclasses
import json
import os
import random
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

import erc_bench.api as erc
from erc_bench.planning.observers import ChosenObserver
from erc_bench.running.executors import JobsRunner
from erc_bench.running.grid import GridRunner
from erc_bench.running.worker import GridTask
from erc_bench.training.events import Noted, Progress

FROZEN = ("encoder.trainable=none", "training.epochs=3")


class Keeper(erc.Observer):
    """Keeps what it hears, and what the folder of the cell held at that moment."""

    name = "keeper"
    source = "this test"
    heard = []

    def run_started(self, run):
        self._keep("started", run, None)

    def epoch_ended(self, run, epoch):
        self._keep("epoch", run, epoch)

    def run_ended(self, run, result):
        self._keep("ended", run, result)

    def _keep(self, event, run, value):
        files = {file.name for file in run.folder.iterdir()}
        Keeper.heard.append((event, run, value, files))


class Restless(Keeper):
    """Draws on every global generator, and would change what it is handed."""

    name = "restless"

    def _keep(self, event, run, value):
        random.random()
        np.random.default_rng()
        np.random.rand(3)
        torch.manual_seed(1)
        torch.randn(5)


class Settles(Keeper):
    """Changes every setting of the process that a run relies on."""

    name = "settles"

    def _keep(self, event, run, value):
        os.chdir("/")
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_num_threads(torch.get_num_threads() + 1)


class Broken(Keeper):
    """Fails at its second epoch."""

    name = "broken"

    def epoch_ended(self, run, epoch):
        if epoch.epoch == 2:
            raise OSError("no space left\non this device")
        super().epoch_ended(run, epoch)


class Leaves(Keeper):
    """Ends the process as soon as it can."""

    name = "leaves"

    def run_started(self, run):
        sys.exit(3)


class Interrupts(Keeper):
    """Stops the grid as a key would."""

    name = "interrupts"

    def epoch_ended(self, run, epoch):
        raise KeyboardInterrupt


class NeverStarts(erc.Observer):
    """Cannot be built any more."""

    name = "never-starts"

    def __init__(self, options=None):
        raise RuntimeError("no licence")


class Notes(Progress):
    """Keeps the notes."""

    def __init__(self):
        self.notes = []

    def hear(self, event):
        if isinstance(event, Noted):
            self.notes.append(event.text)


def chosen(*observers):
    return tuple(ChosenObserver(each.name, each.__module__, each.__qualname__) for each in observers)


@pytest.fixture(autouse=True)
def heard():
    Keeper.heard.clear()
    return Keeper.heard


@pytest.fixture
def observe(grid):
    """Run methods with observers; return the notes and the outcome."""

    def observe(observers, *methods, runs=None, overwrite="missing", **asked):
        progress = Notes()
        task = GridTask(runs or grid.runs, grid.data_dir, "cpu", overwrite, observers=chosen(*observers))
        outcome = GridRunner(task, progress).run(grid.plans(methods, **asked))
        return [note for note in progress.notes if "observer" in note], outcome

    return observe


def events(heard):
    return [event for event, *_ in heard]


def test_a_run_its_epochs_and_its_end_are_heard_in_order(observe, heard, grid, tools):
    notes, _ = observe([Keeper], "ce", settings=FROZEN, seeds=(1, 2))
    assert notes == []
    assert events(heard) == ["started", "epoch", "epoch", "epoch", "ended"] * 2
    for position, folder in enumerate(grid.folders()):
        (_, run, _, at_start), *epochs, (_, _, result, at_end) = heard[position * 5 : position * 5 + 5]
        record = tools.record(folder)
        assert (run.dataset, run.method, run.seed, run.folder) == ("meld", "ce", position + 1, folder)
        assert (run.backbone, run.settings_hash) == folder.parts[-3:-1]
        assert dict(run.choices) == record["choices"]
        assert json.loads(json.dumps(dict(run.settings))) == record["settings"]
        assert at_start == {".lock"}
        for number, ((_, same, epoch, at_epoch), kept) in enumerate(zip(epochs, record["epochs"], strict=True), 1):
            assert same is run
            assert (epoch.stage, epoch.epoch, epoch.epochs, epoch.classifier) == ("training", number, 3, "")
            assert dict(epoch.terms) == kept["terms"]
            assert plain(epoch.dev) == kept["dev"]
            assert epoch.seconds == kept["train_seconds"] + kept["dev_seconds"]
            # Nothing of test is on disk yet.
            assert at_epoch == {".lock"}
        rates = [dict(epoch.learning_rates) for _, _, epoch, _ in epochs]
        assert [set(each) for each in rates] == [{"head"}] * 3
        assert 0 < rates[2]["head"] < record["settings"]["training.head_lr"]
        assert (result.status, result.error) == ("done", "")
        assert (plain(result.dev), plain(result.test)) == (record["metrics"]["dev"], record["metrics"]["test"])
        assert result.seconds > sum(epoch.seconds for _, _, epoch, _ in epochs)
        assert {"record.json", "predictions.csv", "status.json"} <= at_end


def plain(value):
    return {key: plain(each) for key, each in value.items()} if isinstance(value, Mapping) else value


def test_the_fit_of_a_classifier_is_heard_after_training(observe, heard, grid, tools):
    observe([Keeper], "ce", settings=("encoder.trainable=none",), readouts=("probe",))
    epochs = [value for event, _, value, _ in heard if event == "epoch"]
    (folder,) = grid.folders()
    fitted = [epoch for epoch in epochs if epoch.stage == "readout"]
    assert epochs[-len(fitted) :] == fitted
    assert [plain(epoch.dev) for epoch in fitted] == [
        epoch["dev"] for epoch in tools.record(folder)["readouts_epochs"]["probe"]
    ]
    assert {(epoch.classifier, epoch.epochs, *epoch.terms, *epoch.learning_rates) for epoch in fitted} == {
        ("probe", None)
    }
    assert all(epoch.seconds > 0 for epoch in fitted)


def test_both_learning_rates_are_heard_where_the_backbone_trains(observe, heard):
    observe([Keeper], "ce")
    (epoch,) = [value for event, _, value, _ in heard if event == "epoch"]
    assert set(epoch.learning_rates) == {"encoder", "head"}


def test_nothing_that_is_heard_can_be_changed_or_holds_a_model(observe, heard):
    observe([Keeper], "eacl", settings=FROZEN)
    for _, run, value, _ in heard:
        for each in filter(None, (run, value)):
            for field in dataclasses.fields(each):
                with pytest.raises(dataclasses.FrozenInstanceError):
                    setattr(each, field.name, None)
                inside = getattr(each, field.name)
                for inner in [inside, *(inside.values() if isinstance(inside, Mapping) else ())]:
                    if isinstance(inner, Mapping):
                        with pytest.raises(TypeError):
                            inner["new"] = 1
                    else:
                        assert not isinstance(inner, (torch.Tensor, torch.nn.Module, list, dict, set))


def test_a_system_that_trains_by_itself_starts_and_ends(observe, heard):
    observe([Keeper], "majority")
    assert events(heard) == ["started", "ended"]
    assert heard[-1][2].test["weighted_f1"] > 0


def test_without_a_test_score_there_is_none_to_hear(observe, heard):
    observe([Keeper], "majority", dev_only=True)
    assert heard[-1][2].test is None
    assert heard[-1][2].dev["weighted_f1"] > 0


def everything_but_the_time(tools, folder):
    """Return the files of a cell as bytes, and its record without seconds."""
    stored = tools.content(folder)
    record = json.loads(stored.pop("record.json"))
    stored.pop("status.json")
    del record["timings"]
    for epoch in record["epochs"]:
        del epoch["train_seconds"], epoch["dev_seconds"]
    record["provenance"].pop("peak_memory_mib", None)
    return stored, record


def test_results_are_byte_for_byte_those_of_a_run_that_nobody_hears(observe, grid, tools, tmp_path):
    # With dropout, an objective with anchors, and a classifier that is fitted.
    asked = {"settings": ("training.epochs=2",), "readouts": ("probe",)}
    observe([], "eacl", **asked)
    observe([Restless, Keeper, Broken], "eacl", runs=tmp_path / "heard", **asked)
    (alone,), (with_observers,) = grid.folders(), grid.folders(tmp_path / "heard")
    assert everything_but_the_time(tools, alone) == everything_but_the_time(tools, with_observers)


def test_settings_of_the_process_are_put_back_after_every_call(observe, grid, tools, tmp_path):
    before = Path.cwd(), torch.get_num_threads()
    observe([], "eacl", settings=FROZEN)
    notes, outcome = observe([Settles], "eacl", settings=FROZEN, runs=tmp_path / "heard")
    assert (notes, outcome.failed) == ([], [])
    (alone,), (with_observers,) = grid.folders(), grid.folders(tmp_path / "heard")
    assert everything_but_the_time(tools, alone) == everything_but_the_time(tools, with_observers)
    assert (Path.cwd(), torch.get_num_threads()) == before
    assert torch.is_grad_enabled()


def test_one_that_raises_is_named_once_and_left_out(observe, heard):
    notes, outcome = observe([Broken, Keeper], "ce", settings=FROZEN, seeds=(1, 2))
    assert notes == ["Warning: the observer broken is left out from here on: OSError: no space left on this device"]
    assert len(outcome.ran) == 2
    # The broken one: a start and an epoch. The other one: all of it.
    assert sorted(events(heard)) == sorted(["started", "epoch"] + ["started", "epoch", "epoch", "epoch", "ended"] * 2)


@pytest.mark.parametrize(("observer", "reason"), [(Leaves, "SystemExit: 3"), (NeverStarts, "RuntimeError: no licence")])
def test_no_observer_ends_a_run(observe, observer, reason):
    notes, outcome = observe([observer], "majority")
    assert notes == [f"Warning: the observer {observer.name} is left out from here on: {reason}"]
    assert len(outcome.ran) == 1


def test_a_run_that_fails_is_heard_to_fail(observe, heard):
    _, outcome = observe([Keeper], "ce", settings=(*FROZEN, "training.head_lr=1e300", "training.clip=0.0"))
    assert len(outcome.failed) == 1
    result = heard[-1][2]
    assert (events(heard)[-1], result.status, result.dev, result.test) == ("ended", "failed", None, None)
    assert "not finite" in result.error
    assert "\n" not in result.error


def test_a_run_that_is_stopped_is_heard_to_stop(observe, heard, grid, tools):
    with pytest.raises(KeyboardInterrupt):
        observe([Interrupts, Keeper], "ce", settings=FROZEN)
    assert [value.status for event, _, value, _ in heard if event == "ended"] == ["interrupted"] * 2
    assert tools.status(grid.folders()[0])["status"] == "interrupted"


def test_a_cell_that_is_there_already_is_not_heard(observe, heard):
    observe([], "majority")
    observe([Keeper], "majority")
    assert heard == []


WRITES = """
    import os
    import erc_bench.api as erc

    class Writes(erc.Observer):
        name = "writes"
        source = "this test"

        def run_started(self, run):
            self._tell("started", run)

        def epoch_ended(self, run, epoch):
            self._tell(f"epoch {epoch.epoch}", run)

        def run_ended(self, run, result):
            self._tell(result.status, run)
            raise ValueError("no more")

        def _tell(self, event, run):
            with open(os.environ["OBSERVED"], "a") as stream:
                stream.write(f"{os.getpid()} {run.method} {run.seed} {event}\\n")
"""


def test_with_several_processes_each_cell_is_heard_where_it_runs(grid, tmp_path, monkeypatch):
    (tmp_path / "writing_observer.py").write_text(textwrap.dedent(WRITES))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("OBSERVED", str(tmp_path / "heard.txt"))
    observers = (ChosenObserver("writes", "writing_observer", "Writes"),)
    task = GridTask(grid.runs, grid.data_dir, "cpu", observers=observers)
    told = Notes()
    outcome = JobsRunner([task] * 2, told).run(grid.plans(("ce",), seeds=(1, 2), settings=FROZEN))
    assert len(outcome.ran) == 2
    lines = [line.split(" ", 1) for line in (tmp_path / "heard.txt").read_text().splitlines()]
    by_process = {process: [told for other, told in lines if other == process] for process, _ in lines}
    whole = ["started", "epoch 1", "epoch 2", "epoch 3", "done"]
    assert sorted(by_process.values()) == [[f"ce {seed} {event}" for event in whole] for seed in (1, 2)]
    # Both processes say the same, and the user reads it once.
    warnings = [note for note in told.notes if "observer" in note]
    assert warnings == ["Warning: the observer writes is left out from here on: ValueError: no more"]

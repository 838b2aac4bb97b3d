"""What a finished cell holds, and what becomes of one that does not finish."""

import csv
import errno
import json
import os
import random
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import store_fixture
import torch
from safetensors.numpy import load_file

import erc_bench.api as erc
from erc_bench.running import keeper as keeper_module
from erc_bench.statistics.metrics import score
from erc_bench.store.reading import read_cell
from erc_bench.training.events import CellEnded, EpochEnded, Progress, StepDone
from erc_bench_plugins.backbones.huggingface import HuggingFace
from erc_bench_plugins.datasets.meld import Meld
from erc_bench_plugins.objectives.cross_entropy import CrossEntropy


class Lines(Progress):
    """Keeps one line for each cell."""

    def __init__(self):
        self.lines = []

    def hear(self, event):
        if isinstance(event, CellEnded):
            self.lines.append(event.outcome)


class TestContent:
    def test_a_finished_cell_has_these_files_and_no_others(self, grid, tools):
        grid.run("eacl", readouts=("centroid",))
        (folder,) = grid.folders()
        stored = tools.content(folder)
        predictions = {f"predictions.{name}.csv" for name in tools.record(folder)["readouts"]} | {"predictions.csv"}
        assert "predictions.centroid.csv" in predictions
        assert set(stored) == predictions | {"record.json", "arrays.safetensors", "status.json"}
        status = tools.status(folder)
        assert status["status"] == "done"
        assert set(status["files"]) == set(stored) - {"status.json"}
        assert read_cell(folder).status == "done"

    def test_the_path_names_dataset_method_backbone_settings_and_seed(self, grid, tiny_bert):
        grid.run("ce", seeds=(7,))
        (folder,) = grid.folders()
        dataset, method, backbone, settings, seed = folder.relative_to(grid.runs).parts
        assert (dataset, method, backbone, seed) == ("meld", "ce", tiny_bert.name, "seed-7")
        assert len(settings) == 12
        assert int(settings, 16) >= 0

    def test_predictions_name_every_scored_utterance_in_order(self, grid):
        grid.run("ce")
        (folder,) = grid.folders()
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        assert header == ["dialogue_id", "utterance", "gold", "predicted", *Meld.labels]
        with (grid.data_dir / "meld" / "test_sent_emo.csv").open(encoding="utf-8", newline="") as stream:
            corpus = list(csv.DictReader(stream))
        assert [row[:3] for row in rows] == [[r["Dialogue_ID"], r["Utterance_ID"], r["Emotion"]] for r in corpus]
        for row in rows:
            scores = [float(value) for value in row[4:]]
            assert all(len(value.partition(".")[2]) == 4 for value in row[4:])
            assert sum(scores) == pytest.approx(1, abs=1e-3)
            assert scores[Meld.labels.index(row[3])] == max(scores)

    def test_the_record_says_what_was_done(self, grid, tools):
        grid.run("ce", readouts=("centroid",), settings=["training.epochs=2"])
        (folder,) = grid.folders()
        record = tools.record(folder)
        with (folder / "predictions.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        expected = score([r["gold"] for r in rows], [r["predicted"] for r in rows], Meld.labels, ())
        assert record["metrics"]["test"] == json.loads(json.dumps(expected))
        assert record["settings"]["training.epochs"] == 2
        assert record["overrides"]["training.epochs"] == 2
        assert [epoch["epoch"] for epoch in record["epochs"]] == [1, 2]
        assert all(epoch["dev"]["weighted_f1"] >= 0 for epoch in record["epochs"])
        assert record["selection"]["epoch"] in (1, 2)
        assert record["data"]["counts"]["test"] == {"dialogues": 4, "utterances": 16, "labelled": 16}
        assert record["inputs"]["code"].keys() == {"backbone", "encoder", "objective", "classifier", "centroid"}
        assert len(record["data"]["fingerprint"]) == 64
        provenance = record["provenance"]
        assert provenance["versions"].keys() >= {"python", "erc-bench", "torch", "transformers"}
        assert provenance["hardware"]["class"] == provenance["device"] == "cpu"
        assert provenance["precision"] in ("float32", "bfloat16")
        assert provenance["peak_memory_mib"]["process"] > 10
        assert record["timings"].keys() >= {"load", "prepare", "train", "read out"}
        assert record["readouts_metrics"]["centroid"]["test"]["weighted_f1"] >= 0

    def test_arrays_hold_the_anchors_of_every_stage(self, grid):
        grid.run("eacl")
        (folder,) = grid.folders()
        arrays = load_file(folder / "arrays.safetensors")
        assert arrays.keys() >= {"anchors.raw", "anchors.stage_one", "anchors.stage_two"}
        assert all(len(array) == len(Meld.labels) and np.isfinite(array).all() for array in arrays.values())

    def test_the_status_comes_last(self, grid, monkeypatch):
        order = []
        replace = Path.replace

        def spy(self, target):
            order.append(Path(target).name)
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", spy)
        grid.run("ce")
        stored = [name for name in order if name.endswith((".json", ".csv"))]
        assert stored == ["predictions.csv", "record.json", "status.json"]

    def test_limit_makes_a_partial_cell_of_its_own(self, grid, tools):
        grid.run("ce")
        grid.run("ce", limit=2)
        whole, partial = sorted(map(tools.record, grid.folders()), key=lambda record: record["limit"] or 0)
        assert (whole["limit"], partial["limit"]) == (None, 2)
        assert whole["settings_hash"] != partial["settings_hash"]
        assert {counts["dialogues"] for counts in partial["data"]["counts"].values()} == {2}
        assert whole["data"]["fingerprint"] == partial["data"]["fingerprint"]

    @pytest.mark.parametrize("method", ["eacl", "majority"])
    def test_dev_only_never_scores_test(self, grid, tools, method):
        grid.run(method, dev_only=True)
        (folder,) = grid.folders()
        assert not list(folder.glob("predictions*"))
        record = tools.record(folder)
        assert record["metrics"]["test"] is None
        assert record["metrics"]["dev"]["weighted_f1"] >= 0
        assert all(one["test"] is None for one in record["readouts_metrics"].values())
        assert read_cell(folder).status == "done"


class TestSameSeedSamePredictions:
    @pytest.mark.parametrize("trainable", ["all", "1", "none"])
    def test_after_other_cells_as_in_a_fresh_runner(self, grid, tools, tmp_path, trainable):
        settings = [f"encoder.trainable={trainable}"]
        grid.run("ce", "supcon", "eacl", seeds=(1, 2), settings=settings)
        torch.rand(17), random.random(), np.random.rand(3)
        grid.run("eacl", seeds=(2,), settings=settings, runs=tmp_path / "fresh")
        (fresh,) = grid.folders(tmp_path / "fresh")
        later = grid.runs / fresh.relative_to(tmp_path / "fresh")
        names = ("predictions.csv", "arrays.safetensors")
        assert tools.content(fresh, *names) == tools.content(later, *names)

    def test_a_backbone_that_draws_while_it_loads_changes_nothing(self, grid, tools, tmp_path):
        """A frozen backbone is loaded for the first of its cells only."""

        class Drawing(HuggingFace):
            """Seeds the generator for itself."""

            name = "drawing"

            def load(self):
                torch.manual_seed(0)
                return super().load()

        class Plugin:
            @staticmethod
            @erc.hookimpl
            def erc_backbones():
                return [Drawing]

        settings = ["encoder.trainable=none", f"backbone.path={grid.backbone}"]
        grid.plugins, grid.backbone = (Plugin,), "drawing"
        grid.run("ce", seeds=(1, 2), settings=settings)
        grid.run("ce", seeds=(2,), settings=settings, runs=tmp_path / "fresh")
        (fresh,) = grid.folders(tmp_path / "fresh")
        first, second = grid.folders()
        assert tools.content(second, "predictions.csv") == tools.content(fresh, "predictions.csv")
        assert tools.content(first, "predictions.csv") != tools.content(second, "predictions.csv")

    def test_seeds_differ(self, grid, tools):
        grid.run("ce", seeds=(1, 2, 3))
        answers = [tools.content(folder, "predictions.csv")["predictions.csv"] for folder in grid.folders()]
        assert len(set(answers)) == 3


class TestReadouts:
    def test_a_further_readout_belongs_to_the_same_cell(self, grid, tools):
        grid.run("ce")
        (folder,) = grid.folders()
        assert not (folder / "predictions.centroid.csv").exists()
        before = tools.content(folder, "predictions.csv")
        assert len(grid.run("ce", readouts=("centroid",)).ran) == 1
        assert grid.folders() == [folder]
        assert (folder / "predictions.centroid.csv").is_file()
        assert tools.content(folder, "predictions.csv") == before

    def test_a_cell_that_was_read_already_is_done(self, grid):
        grid.run("ce", readouts=("centroid",))
        assert len(grid.run("ce", readouts=("centroid",)).skipped) == 1
        outcome = grid.run("ce")
        assert len(outcome.skipped) == 1
        assert not outcome.stale


class Faulty(CrossEntropy):
    """Raises what it is told to, when its second cell starts."""

    name = "faulty"
    fault = None

    def loss(self, outputs):
        raise self.fault


class FaultyPlugin:
    """Brings the method ``faulty``."""

    @staticmethod
    @erc.hookimpl
    def erc_objectives():
        return [Faulty]

    @staticmethod
    @erc.hookimpl
    def erc_methods():
        return [erc.Method("faulty", source="this test", summary="Fails.", choices={"objective": "faulty"})]


@pytest.fixture
def faulty(grid, monkeypatch):
    grid.plugins = (FaultyPlugin,)

    def set_fault(error):
        monkeypatch.setattr(Faulty, "fault", error)

    set_fault(ValueError("the plugin's own mistake\nin two lines"))
    return set_fault


class TestFailure:
    def test_a_failed_cell_keeps_its_traceback_and_the_others_go_on(self, grid, tools, faulty):
        outcome = grid.run("faulty", "ce", seeds=(1, 2))
        assert [(plan.address.method, plan.seed) for plan in outcome.ran] == [("ce", 1), ("ce", 2)]
        told = {reason.partition("\n")[0] for _, reason in outcome.failed}
        assert [plan.seed for plan, _ in outcome.failed] == [1, 2]
        (line,) = told
        assert re.fullmatch(r".*test_cells\.py, line \d+: ValueError: the plugin's own mistake", line)
        folder = grid.folder(outcome.failed[0][0])
        assert set(tools.content(folder)) == {"status.json", "traceback.txt"}
        assert tools.status(folder)["status"] == "failed"
        assert tools.status(folder)["error"] == line
        trace = (folder / "traceback.txt").read_text()
        assert "Traceback (most recent call last)" in trace
        assert "in two lines" in trace
        assert "test_cells.py" in trace

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (erc.ErcBenchError("a sentence", "a remedy"), "a sentence\na remedy"),
            (SystemExit(3), "SystemExit: 3"),
            (torch.OutOfMemoryError("CUDA out of memory"), "lower training.batch_size"),
            (OSError(errno.ENOSPC, "No space left on device"), "No space left"),
        ],
    )
    def test_whatever_is_raised_is_a_reason(self, grid, faulty, error, said):
        faulty(error)
        outcome = grid.run("faulty", "ce")
        assert len(outcome.ran) == 1
        ((_, reason),) = outcome.failed
        assert said in reason

    def test_a_failed_cell_runs_again_only_when_asked(self, grid, faulty):
        grid.run("faulty")
        again = grid.run("faulty")
        assert not again.ran
        assert "earlier; --overwrite failed tries again" in again.failed[0][1]
        faulty(RuntimeError("another one"))
        assert "another one" in grid.run("faulty", overwrite="failed").failed[0][1]

    def test_a_failed_cell_whose_cause_may_be_repaired_runs_again(self, grid, tools, faulty):
        grid.run("faulty")
        (folder,) = grid.folders()
        stored = tools.status(folder)
        stored["inputs"]["code"]["objective"] = "the code of an earlier day"
        (folder / "status.json").write_text(json.dumps(stored))
        faulty(RuntimeError("another one"))
        assert "another one" in grid.run("faulty").failed[0][1]

    @pytest.mark.parametrize(
        ("terms", "said"),
        [
            ({}, "it gave no term"),
            (None, "it gave a NoneType"),
            (torch.tensor(1.0), "it gave a Tensor"),
            ({"loss": 1.0}, "it gave 'loss', which is not a scalar tensor"),
            ({"loss": torch.ones(3)}, "it gave 'loss', which is not a scalar tensor"),
        ],
    )
    def test_a_loss_of_the_wrong_form_names_its_objective(self, grid, faulty, monkeypatch, terms, said):
        monkeypatch.setattr(Faulty, "loss", lambda self, outputs: terms)
        ((_, reason),) = grid.run("faulty").failed
        assert "the loss of the objective 'faulty' must be named scalar tensors" in reason
        assert said in reason

    def test_a_loss_that_is_not_finite_is_a_failed_cell(self, grid, tools):
        outcome = grid.run("ce", settings=["training.encoder_lr=1e30", "training.epochs=3"])
        ((plan, reason),) = outcome.failed
        assert "not finite" in reason
        assert tools.status(grid.folder(plan))["status"] == "failed"

    def test_missing_data_fail_every_cell_and_leave_no_folder(self, grid):
        (grid.data_dir / "meld" / "dev_sent_emo.csv").unlink()
        outcome = grid.run("ce", "majority")
        assert len(outcome.failed) == 2
        assert all("dev_sent_emo.csv" in reason for _, reason in outcome.failed)
        assert not grid.runs.exists()

    def test_a_dataset_that_raises_stops_no_other(self, grid, caplog):
        class Broken(Meld):
            """Raises what no dataset should."""

            name = "broken"
            folder = "meld"

            def load(self, folder):
                raise KeyError("Emotion")

        class Plugin:
            @staticmethod
            @erc.hookimpl
            def erc_datasets():
                return [Broken]

        grid.plugins = (Plugin,)
        outcome = grid.run("majority", datasets=("broken", "meld"), seeds=(1, 2))
        assert [plan.address.dataset for plan in outcome.ran] == ["meld", "meld"]
        first, second = (reason for _, reason in outcome.failed)
        assert re.fullmatch(r".*test_cells\.py, line \d+: KeyError: 'Emotion'", first)
        assert second == first
        assert caplog.text.count("Traceback") == 1

    def test_a_limit_that_leaves_nothing_to_score_is_said(self, grid):
        class Sparse(Meld):
            """Begins with dialogues that have no label."""

            name = "sparse"
            folder = "meld"

            def load(self, folder):
                splits = super().load(folder)
                first = splits.dev[0]
                turns = tuple(erc.Utterance(turn.speaker, turn.text) for turn in first.utterances)
                return erc.Splits(splits.train, (erc.Dialogue(first.id, turns), *splits.dev[1:]), splits.test)

        class Plugin:
            @staticmethod
            @erc.hookimpl
            def erc_datasets():
                return [Sparse]

        grid.plugins = (Plugin,)
        assert len(grid.run("majority", datasets=("sparse",)).ran) == 1
        ((_, reason),) = grid.run("majority", datasets=("sparse",), limit=1).failed
        assert reason == "the first 1 dialogues of dev have no labelled utterance\nRaise --limit."


class Interrupting(Progress):
    """Presses Ctrl-C at the second step."""

    steps = 0

    def hear(self, event):
        self.steps += isinstance(event, StepDone)
        if self.steps == 2:
            raise KeyboardInterrupt


class TestInterruption:
    def test_it_is_recorded_and_the_cell_runs_again(self, grid, tools):
        with pytest.raises(KeyboardInterrupt):
            grid.run("ce", "supcon", progress=Interrupting())
        (folder,) = grid.folders()
        assert tools.status(folder)["status"] == "interrupted"
        assert read_cell(folder).status == "interrupted"
        outcome = grid.run("ce", "supcon")
        assert len(outcome.ran) == 2
        assert read_cell(folder).status == "done"

    def test_it_stops_the_grid_although_the_disk_is_full(self, grid, monkeypatch):
        full_disk(monkeypatch, lambda _name: True)
        with pytest.raises(KeyboardInterrupt):
            grid.run("ce", "supcon", progress=Interrupting())
        (folder,) = grid.folders()
        assert read_cell(folder).status == "half-written"


def full_disk(monkeypatch, is_full):
    """Let writing a file of a cell fail, where ``is_full`` says so of its name."""
    sync = os.fsync

    def fail(descriptor):
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
        if is_full(file.name.strip(".").removesuffix(".part")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="names an open file through /proc")
class TestFullDisk:
    @pytest.mark.parametrize("file", ["predictions.csv", "arrays.safetensors", "record.json", "status.json"])
    def test_no_half_written_cell_is_taken_for_done(self, grid, monkeypatch, file):
        with monkeypatch.context() as patch:
            first_only = iter([True])
            full_disk(patch, lambda name: name == file and next(first_only, False))
            outcome = grid.run("ce", "majority")
        ((plan, reason),) = outcome.failed
        assert "No space left" in reason
        assert [plan.address.method for plan in outcome.ran] == ["majority"]
        folder = grid.folder(plan)
        assert read_cell(folder).status == "failed"
        assert not list(folder.glob(".*.part"))
        assert len(grid.run("ce", overwrite="failed").ran) == 1
        assert read_cell(folder).status == "done"

    def test_where_the_failure_cannot_be_written_either_it_is_still_told(self, grid, faulty, monkeypatch):
        with monkeypatch.context() as patch:
            full_disk(patch, lambda _name: True)
            outcome = grid.run("faulty", "ce")
        assert not outcome.ran
        (_, own), (_, other) = outcome.failed
        assert "test_cells.py, line " in own.partition("\n")[0]
        assert own.partition("\n")[0].endswith(": ValueError: the plugin's own mistake")
        assert "the folder of the cell cannot be written: [Errno 28]" in own
        assert "No space left" in other
        assert [read_cell(folder).status for folder in grid.folders()] == ["half-written"] * 2
        # Without a status they count as never run.
        assert [plan.address.method for plan in grid.run("faulty", "ce").ran] == ["ce"]

    def test_a_folder_that_cannot_be_made_fails_the_cell(self, grid):
        grid.runs.parent.mkdir(exist_ok=True)
        grid.runs.write_text("a file")
        outcome = grid.run("majority")
        assert "the cell cannot be written" in outcome.failed[0][1]


class TestOverwrite:
    @pytest.fixture
    def four(self, grid, tools):
        """Cells of four seeds: done, failed, stale, missing."""
        grid.run("majority", seeds=(1, 2, 3))
        _, failed, stale = grid.folders()
        (failed / "status.json").write_text(json.dumps({"status": "failed", "error": "once", "files": []}))
        changed = tools.record(stale)
        changed["inputs"]["code"]["system"] = "another"
        (stale / "record.json").write_text(json.dumps(changed))
        store_fixture.write_status(stale)
        return {"done": 1, "failed": 2, "stale": 3, "missing": 4}

    @pytest.mark.parametrize(
        ("level", "runs"),
        [
            ("missing", {"missing"}),
            ("failed", {"missing", "failed"}),
            ("stale", {"missing", "failed", "stale"}),
            ("always", {"missing", "failed", "stale", "done"}),
        ],
    )
    def test_each_level_includes_the_one_before(self, grid, four, level, runs):
        outcome = grid.run("majority", seeds=(1, 2, 3, 4), overwrite=level)
        assert {plan.seed for plan in outcome.ran} == {four[state] for state in runs}
        assert [plan.seed for plan, _ in outcome.stale] == ([] if "stale" in runs else [3])
        assert [plan.seed for plan, _ in outcome.failed] == ([] if "failed" in runs else [2])
        ran, skipped = {p.seed for p in outcome.ran}, {p.seed for p in outcome.skipped}
        assert ran | skipped | {plan.seed for plan, _ in outcome.failed} == {1, 2, 3, 4}
        assert not ran & skipped

    def test_what_an_earlier_run_left_is_removed(self, grid, tools):
        grid.run("ce", readouts=("centroid",))
        (folder,) = grid.folders()
        (folder / "traceback.txt").write_text("of an earlier run")
        (folder / ".predictions.csv.part").write_text("of a process that was killed")
        grid.run("ce", readouts=("centroid",), overwrite="always")
        assert not (folder / "traceback.txt").exists()
        assert set(tools.status(folder)["files"]) == set(tools.content(folder)) - {"status.json"}

    @pytest.mark.parametrize("damage", ["record.json", "predictions.csv", "status.json"])
    def test_a_cell_that_lost_a_file_runs_again(self, grid, damage):
        grid.run("majority")
        (folder,) = grid.folders()
        (folder / damage).unlink()
        assert len(grid.run("majority").ran) == 1
        assert read_cell(folder).status == "done"

    @pytest.mark.parametrize("damage", ["record.json", "status.json"])
    def test_a_cell_with_a_truncated_file_runs_again(self, grid, damage):
        grid.run("majority")
        (folder,) = grid.folders()
        text = (folder / damage).read_text()
        (folder / damage).write_text(text[: len(text) // 2])
        assert len(grid.run("majority").ran) == 1


class TestStale:
    def stale(self, grid, **asked):
        outcome = grid.run("ce", **asked)
        assert not outcome.ran
        ((_, reason),) = outcome.stale
        return reason

    def test_changed_data(self, grid, tools):
        grid.run("ce")

        def change(rows):
            rows[0]["Utterance"] += " fine"

        tools.rewrite(grid.data_dir / "meld" / "train_sent_emo.csv", change)
        lines = Lines()
        assert self.stale(grid, progress=lines) == "the data changed since"
        assert lines.lines[0].startswith("stale: test weighted f1")
        assert len(grid.run("ce", overwrite="stale").ran) == 1
        assert not grid.run("ce").stale

    def test_changed_code(self, grid, monkeypatch):
        grid.run("ce")
        original = keeper_module.inputs

        def changed(*arguments):
            found = original(*arguments)
            return {**found, "code": {**found["code"], "objective": "0000"}}

        monkeypatch.setattr(keeper_module, "inputs", changed)
        assert self.stale(grid) == "the code of objective changed since"

    def test_changed_weights_of_a_local_backbone(self, grid, write_checkpoint, tmp_path):
        folder = tmp_path / "model"
        folder.mkdir()
        grid.backbone = str(write_checkpoint.write_bert(folder))
        grid.run("ce")
        content = bytearray((folder / "model.safetensors").read_bytes())
        content[-1] ^= 1
        (folder / "model.safetensors").write_bytes(content)
        assert self.stale(grid) == "the backbone changed since"


def test_finished_cells_are_left_alone(grid, tools):
    grid.run("ce", "supcon")
    before = {folder: (tools.content(folder), (folder / "record.json").stat().st_mtime_ns) for folder in grid.folders()}
    lines = Lines()
    outcome = grid.run("ce", "supcon", seeds=(1, 2), progress=lines)
    assert [plan.seed for plan in outcome.skipped] == [1, 1]
    assert [plan.seed for plan in outcome.ran] == [2, 2]
    assert all(line.startswith("done: test weighted f1") for line in lines.lines[:2])
    for folder, (stored, time) in before.items():
        assert tools.content(folder) == stored
        assert (folder / "record.json").stat().st_mtime_ns == time


def test_methods_of_one_seed_come_together(grid):
    """A grid that is cut short holds complete pairs."""
    plans = grid.plans(("ce", "majority"), seeds=(1, 2, 3))
    assert [plan.seed for plan in plans] == [1, 1, 2, 2, 3, 3]
    assert all(one.seed <= other.seed for one, other in pairwise(plans))


@pytest.mark.parametrize("trainable", ["none", "all"])
def test_states_in_float64_are_close_to_those_in_float32_and_recorded_as_such(grid, tools, trainable):
    shared = (f"encoder.trainable={trainable}", "training.epochs=1")
    found = {}
    for precision in ("float32", "float64"):
        outcome = grid.run("eacl", settings=(*shared, f"training.precision={precision}"), save_representations=True)
        assert outcome.failed == []
        folder = grid.folder(outcome.ran[0])
        assert tools.record(folder)["provenance"]["precision"] == precision
        found[precision] = load_file(folder / "arrays.safetensors")["representations.test"]
    # They are stored in half precision: eleven bits.
    np.testing.assert_allclose(found["float64"], found["float32"], atol=2e-3, rtol=2e-3)


class Breaks(Progress):
    """What shows the progress is gone when a cell ends."""

    def hear(self, event):
        if isinstance(event, CellEnded):
            raise BrokenPipeError


def test_a_cell_that_is_written_stays_so_whatever_telling_of_it_raises(grid):
    with pytest.raises(BrokenPipeError):
        grid.run("ce", settings=("encoder.trainable=none",), progress=Breaks())
    (folder,) = grid.folders()
    assert read_cell(folder).status == "done"


def test_epochs_of_an_upstream_are_no_epochs_of_the_cell(grid, monkeypatch):
    heard = []
    monkeypatch.setattr("erc_bench.running.observers.CellObservers.hear", lambda _self, event: heard.append(event))
    settings = ("upstream=utterance-ce", "encoder.trainable=none", "upstream.training.epochs=2", "training.epochs=3")
    grid.run("ce", settings=settings)
    assert [event.epoch for event in heard if isinstance(event, EpochEnded)] == [1, 2, 3]

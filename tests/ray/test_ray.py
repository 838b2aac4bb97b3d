"""Grids on a real Ray cluster with three nodes: the same answers as here, whatever happens to nodes and driver."""

import json
import re
import signal

import pytest
from run_folders import answers, ledger, records

PLUGIN = """
import os
import time

import ray

import erc_bench.api as erc

FOLDER = {folder!r}


class Patient(erc.System):
    \"\"\"Says where it runs, and never ends while a file is not there; answers by the names of dialogues.\"\"\"

    name = "patient"
    source = "this test"

    def fit(self, train, dev, context):
        self.classes = len(context.labels)
        node = ray.get_runtime_context().get_node_id()
        with open(os.path.join(FOLDER, f"begun-{{context.seed}}-{{node}}"), "w"):
            pass
        while not os.path.exists(os.path.join(FOLDER, "open")):
            time.sleep(0.05)

    def predict(self, dialogues):
        place = lambda key: (len(key[0]) + key[1]) % self.classes
        keys = [(dialogue.id, turn) for dialogue in dialogues for turn in dialogue.targets()]
        return {{key: [float(place(key) == label) for label in range(self.classes)] for key in keys}}


class Falling(erc.Objective):
    \"\"\"Fails in its first batch.\"\"\"

    name = "falling"
    source = "this test"

    def loss(self, outputs):
        raise RuntimeError("fallen")


patient = erc.Method("patient", source="this test", summary="Waits.", system=Patient)
falling = erc.Method("falling", source="this test", summary="Falls.", choices={{"objective": "falling"}})
on_falling = erc.Method("on-falling", source="this test", summary="Stands on it.", upstream="falling")
"""
FROZEN = ("encoder.trainable=none", "training.epochs=2", "training.batch_size=8")
UPSTREAM = ("upstream=utterance-ce", "encoder.trainable=none", "encoder.pooling=mean", "upstream.training.epochs=2")


@pytest.fixture
def words(grid, tmp_path, ray_cluster):
    """The words of a run on the cluster."""
    (tmp_path / "patient.py").write_text(PLUGIN.format(folder=str(tmp_path)))

    def words(*methods, seeds="1,2", runs="runs", options=(), settings=(), more=(), ray=True):
        named = [word for method in methods for word in ("--method", method)]
        changed = [word for setting in settings for word in ("--set", setting)]
        asked = [f"address={ray_cluster.address}", *options]
        where = ["--executor", "ray", "--jobs", 3] if ray else []
        where += [word for option in asked if ray for word in ("--executor-option", option)]
        places = ["--backbone", grid.backbone, "--data-dir", grid.data_dir, "--runs", runs, "--device", "cpu"]
        plugin = ["--plugin", "patient.py"] if set(methods) & {"patient", "falling", "on-falling"} else []
        return ["run", *named, "--dataset", "meld", "--seeds", seeds, *places, *where, *plugin, *changed, *more]

    return words


def without_time(value):
    """Leave out what is of a moment: seconds, and the memory of a process."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in ("timings", "peak_memory_mib") and "seconds" not in k}
        return {name: without_time(each) for name, each in kept.items()}
    return [without_time(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("settings", [FROZEN, UPSTREAM], ids=["frozen", "through an upstream"])
def test_here_and_by_ray_the_same_is_stored(words, start, tmp_path, settings):
    asked = {"settings": settings, "more": ["--audit", "--save-representations"]}
    code, _, errors = start(*words("ce", "majority", runs="here", ray=False, **asked)).end()
    assert code == 0, errors
    code, output, errors = start(*words("ce", "majority", **asked)).end()
    assert code == 0, errors
    assert len(re.findall(r"^\[\d/4\]", output, re.MULTILINE)) == 4
    expected = answers(tmp_path / "here")
    assert len(expected) == 4
    assert answers(tmp_path / "runs") == expected
    assert without_time(records(tmp_path / "runs")) == without_time(records(tmp_path / "here"))
    assert [(line["method"], line["seed"]) for line in ledger(tmp_path / "here")] != []
    for arrays in (tmp_path / "here").rglob("arrays.safetensors"):
        assert (tmp_path / "runs" / arrays.relative_to(tmp_path / "here")).read_bytes() == arrays.read_bytes()


def test_a_cell_whose_node_died_begins_again_and_nothing_is_lost(words, start, tmp_path, ray_cluster):
    driver = start(*words("patient", seeds="1,2,3"))
    begun = driver.wait_for(lambda: len(found := list(tmp_path.glob("begun-*"))) == 3 and found)
    nodes = [file.name.rpartition("-")[2] for file in begun]
    assert len(set(nodes)) == 3
    ray_cluster.kill(next(node for node in nodes if node != ray_cluster.head))
    driver.wait_for(lambda: len(list(tmp_path.glob("begun-*"))) == 4)
    (tmp_path / "open").touch()
    code, output, errors = driver.end()
    assert code == 0, errors
    assert re.search(r"patient.* begins again: its node was lost", output)
    assert len(ledger(tmp_path / "runs")) == len(answers(tmp_path / "runs")) == 3
    assert {record["seed"] for record in records(tmp_path / "runs")} == {1, 2, 3}


def test_a_node_that_is_lost_too_often_fails_its_cell(words, start, tmp_path, ray_cluster):
    driver = start(*words("patient", options=["retries=0"]))
    begun = driver.wait_for(lambda: len(found := list(tmp_path.glob("begun-*"))) == 2 and found)
    nodes = [file.name.rpartition("-")[2] for file in begun]
    ray_cluster.kill(next(node for node in nodes if node != ray_cluster.head))
    driver.read_until("its node was lost 1 time")
    (tmp_path / "open").touch()
    code, _, errors = driver.end()
    assert code == 1
    assert "1 cell failed" in errors


def test_a_cell_that_fails_is_told_with_its_line_and_so_is_what_stands_on_it(words, start, tmp_path):
    asked = words("falling", "on-falling", "majority", seeds="1", settings=("training.epochs=1",))
    code, output, errors = start(*asked).end()
    assert code == 1, errors
    told = output + errors
    assert re.search(r"falling .*seed 1: failed: patient\.py, line \d+: RuntimeError: fallen", told)
    assert re.search(r"on-falling .*failed: .*RuntimeError: fallen", told)
    statuses = {file.parts[-5]: json.loads(file.read_text()) for file in (tmp_path / "runs").rglob("status.json")}
    assert {name: status["status"] for name, status in statuses.items()} == {
        "falling": "failed",
        "on-falling": "failed",
        "majority": "done",
    }
    assert "RuntimeError: fallen" in next((tmp_path / "runs").rglob("traceback.txt")).read_text()


def test_ctrl_c_closes_the_cells(words, start, tmp_path):
    driver = start(*words("patient", seeds="1"))
    driver.wait_for(lambda: list(tmp_path.glob("begun-*")))
    driver.popen.send_signal(signal.SIGINT)
    code, _, errors = driver.end()
    assert code == 130, errors
    (status,) = (tmp_path / "runs").rglob("status.json")
    assert json.loads(status.read_text())["status"] == "interrupted"


def test_a_driver_that_was_killed_is_started_again(words, start, tmp_path):
    first = start(*words("patient", seeds="1,2"))
    first.wait_for(lambda: len(list(tmp_path.glob("begun-*"))) == 2)
    first.popen.kill()
    first.end()
    (tmp_path / "open").touch()
    code, _, errors = start(*words("patient", seeds="1,2")).end()
    assert code == 0, errors
    assert len(ledger(tmp_path / "runs")) == len(answers(tmp_path / "runs")) == 2


@pytest.mark.parametrize(
    ("options", "more", "told"),
    [
        (["gpus=1"], (), "no node of the Ray cluster has 1 CPU, 1 GPU"),
        (["cpu=1"], (), "--executor-option cpu=1: did you mean cpus"),
        ((), ["--save-model"], "models are not saved from a Ray cluster"),
        ((), ["--detach"], "--detach is of slurm, and what is asked for ends with this command"),
        (["address=127.0.0.1:1"], (), "there is no Ray cluster to connect to"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(words, start, tmp_path, options, more, told):
    code, output, errors = start(*words("majority", seeds="1", options=options, more=more)).end()
    assert code in (1, 2), output
    assert told in output + errors
    assert "Traceback" not in output + errors

"""Grids on a real Slurm with two nodes: the same answers as here, whatever happens to driver and jobs."""

import json
import re
import signal
import sys
from pathlib import Path

import pytest
from run_folders import answers, ledger, records

PLUGIN = """
import os
import time

import erc_bench.api as erc


class Patient(erc.System):
    \"\"\"Never ends while a file is not there; answers by the names of dialogues.\"\"\"

    name = "patient"
    source = "this test"

    def fit(self, train, dev, context):
        self.classes = len(context.labels)
        if os.environ.get("WAIT_FOR") == "restart":
            while not os.environ.get("SLURM_RESTART_COUNT"):
                time.sleep(0.05)
        elif os.environ.get("WAIT_FOR"):
            while not os.path.exists(os.environ["WAIT_FOR"]):
                time.sleep(0.05)

    def predict(self, dialogues):
        place = lambda key: (len(key[0]) + key[1]) % self.classes
        keys = [(dialogue.id, turn) for dialogue in dialogues for turn in dialogue.targets()]
        return {key: [float(place(key) == label) for label in range(self.classes)] for key in keys}


class Falling(erc.Objective):
    \"\"\"Fails in its first batch.\"\"\"

    name = "falling"
    source = "this test"

    def loss(self, outputs):
        raise RuntimeError("fallen")


patient = erc.Method("patient", source="this test", summary="Waits.", system=Patient)
falling = erc.Method("falling", source="this test", summary="Falls.", choices={"objective": "falling"})
on_falling = erc.Method("on-falling", source="this test", summary="Stands on it.", upstream="falling")
"""
SMALL = ("memory_gb=1", "cpus=1", "poll=0.2")


@pytest.fixture
def words(grid, tmp_path):
    """The words of a run on the cluster."""
    (tmp_path / "patient.py").write_text(PLUGIN)

    def words(*methods, seeds="1,2", runs="runs", options=(), more=(), slurm=True):
        named = [word for method in methods for word in ("--method", method)]
        asked = [word for option in (*SMALL, *options) for word in ("--executor-option", option)] if slurm else []
        where = ["--executor", "slurm", "--jobs", 4, *asked] if slurm else []
        places = ["--backbone", grid.backbone, "--data-dir", grid.data_dir, "--runs", runs, "--device", "cpu"]
        plugin = ["--plugin", "patient.py"] if set(methods) & {"patient", "falling", "on-falling"} else []
        return ["run", *named, "--dataset", "meld", "--seeds", seeds, *places, *where, *plugin, *more]

    return words


@pytest.fixture
def begin(start, slurm):
    """Start ``erc-bench`` where it finds the cluster."""
    return lambda *arguments, **more: start(*arguments, environment={**slurm.environment, **more})


def submitted(folder):
    return [json.loads(file.read_text()) for file in folder.glob(".submissions/*/submitted.json")]


FROZEN = ("--set", "encoder.trainable=none", "--set", "training.epochs=2", "--set", "training.batch_size=8")


def test_here_in_processes_and_by_slurm_the_answers_are_the_same(words, begin, tmp_path):
    short = {"options": ["group_minutes=0"], "more": FROZEN}
    begin(*words("ce", "majority", runs="here", slurm=False, more=FROZEN)).end()
    begin(*words("ce", "majority", runs="several", slurm=False, more=[*FROZEN, "--jobs", 2])).end()
    code, output, errors = begin(*words("ce", "majority", **short)).end()
    assert code == 0, errors
    assert len(re.findall(r"^\[\d/4\]", output, re.MULTILINE)) == 4
    expected = answers(tmp_path / "here")
    assert len(expected) == 4
    assert answers(tmp_path / "several") == answers(tmp_path / "runs") == expected
    assert len({record["provenance"]["hardware"]["name"] for record in records(tmp_path / "runs")}) == 1
    told = begin("status").end()[1]
    assert told.splitlines() == ["4 cells: 4 done"]


def test_a_driver_that_was_killed_is_taken_over_and_nothing_runs_twice(words, begin, tmp_path):
    door = tmp_path / "open"
    first = begin(*words("patient"), WAIT_FOR=str(door))
    first.wait_for(lambda: submitted(tmp_path / "runs"))
    first.popen.kill()
    assert first.end()[0] == -signal.SIGKILL

    second = begin(*words("patient"), WAIT_FOR=str(door))
    second.read_until("under way")
    assert re.search(r"2 cells: (1 running, 1 waiting|2 waiting)", begin("status").end()[1])
    door.touch()
    code, _, errors = second.end()
    assert code == 0, errors
    assert len(submitted(tmp_path / "runs")) == 1
    assert len(ledger(tmp_path / "runs")) == len(answers(tmp_path / "runs")) == 2


def test_a_driver_that_was_interrupted_says_that_its_jobs_go_on(words, begin, tmp_path):
    door = tmp_path / "open"
    driver = begin(*words("patient", seeds="1"), WAIT_FOR=str(door))
    driver.wait_for(lambda: list((tmp_path / "runs").glob("meld/patient/*/*/seed-1")))
    driver.popen.send_signal(signal.SIGINT)
    code, _, errors = driver.end()
    assert code == 130
    assert "The jobs go on" in errors
    door.touch()
    code, _, errors = begin(*words("patient", seeds="1"), WAIT_FOR=str(door)).end()
    assert code == 0, errors
    assert len(submitted(tmp_path / "runs")) == 1


def test_two_drivers_on_one_folder_share_their_cells(words, begin, tmp_path):
    door = tmp_path / "open"
    drivers = [begin(*words("patient", seeds="1-3", options=["group_minutes=0"]), WAIT_FOR=str(door)) for _ in range(2)]
    for driver in drivers:
        driver.wait_for(lambda: submitted(tmp_path / "runs"))
    door.touch()
    assert [driver.end()[0] for driver in drivers] == [0, 0]
    assert len(ledger(tmp_path / "runs")) == 3


def told_that_its_time_is_over(driver, slurm, runs):
    """Give the job of a grid of one cell the signal that Slurm gives it before its end; return the job's name."""
    (submission,) = driver.wait_for(lambda: submitted(runs))
    driver.wait_for(lambda: list(runs.rglob("seed-1/.lock")))  # it runs its cell
    job = f"{submission['job']}_0"
    slurm.ask("scancel", "--batch", "--signal=USR2", job)
    return job


def test_a_job_out_of_time_begins_again_and_goes_on(words, begin, slurm, tmp_path):
    driver = begin(*words("patient", seeds="1"), WAIT_FOR="restart")
    job = told_that_its_time_is_over(driver, slurm, tmp_path / "runs")
    driver.wait_for(lambda: "JobState=PENDING Reason=BeginTime" in slurm.ask("scontrol", "show", "job", job))
    # Slurm lets a job that begins again wait for two minutes; its node needs some seconds to be rid of the first one.
    slurm.ask("scontrol", "update", f"jobid={job}", "StartTime=now+20")
    code, _, errors = driver.end()
    assert code == 0, errors
    assert len(answers(tmp_path / "runs")) == 1


def test_a_job_that_never_gets_done_in_time_fails_with_its_reason(words, begin, slurm, tmp_path):
    driver = begin(*words("patient", seeds="1", options=["restarts=0"]), WAIT_FOR=str(tmp_path / "never"))
    told_that_its_time_is_over(driver, slurm, tmp_path / "runs")
    code, _, errors = driver.end()
    assert code == 1
    assert re.search(r"job \d+_0 ended without it \(FAILED, NonZeroExitCode", errors)
    (log,) = re.findall(r"its log: (\S+)", errors)
    assert "ran out of time 1 times" in Path(log).read_text()


def test_who_stands_on_an_upstream_that_failed_ends_with_it(words, begin, tmp_path):
    more = ["--set", "upstream.training.epochs=1"]
    code, _, errors = begin(*words("on-falling", seeds="1", more=more)).end()
    assert code == 1
    assert "fallen" in errors or "ended without it" in errors
    assert not answers(tmp_path / "runs")


def test_stop_ends_what_runs_and_waits(words, begin, tmp_path):
    code, output, errors = begin(*words("patient", seeds="1-3", more=["--detach"]), WAIT_FOR=str(tmp_path / "no")).end()
    assert code == 0, errors
    assert "with Slurm: 3 cells" in output
    assert begin("stop").end()[1] == "1 job ended\n"
    told = begin("status").end()[1]
    assert told.startswith("3 cells: 3 failed")


def test_a_running_job_that_somebody_ends_does_not_come_back(words, begin, slurm, tmp_path):
    driver = begin(*words("patient", seeds="1"), WAIT_FOR=str(tmp_path / "never"))
    driver.wait_for(lambda: list((tmp_path / "runs").glob("meld/patient/*/*/seed-1")))
    (job,) = [each["job"] for each in submitted(tmp_path / "runs")]
    slurm.ask("scancel", job)
    code, _, errors = driver.end()
    assert code == 1
    assert re.search(r"job \d+_0 ended without it \(CANCELLED", errors)
    assert "JobState=CANCELLED" in slurm.ask("scontrol", "show", "job", f"{job}_0")


def test_a_driver_outlives_an_outage_of_the_controller(words, begin, slurm, tmp_path):
    door = tmp_path / "open"
    driver = begin(*words("patient", seeds="1"), WAIT_FOR=str(door))
    driver.wait_for(lambda: list((tmp_path / "runs").glob("meld/patient/*/*/seed-1")))
    with slurm.without_controller():
        driver.read_until("the jobs go on")
    door.touch()
    code, _, errors = driver.end()
    assert code == 0, errors
    assert len(answers(tmp_path / "runs")) == 1


def test_what_the_cluster_refuses_is_said_before_anything_waits(words, begin):
    code, _, errors = begin(*words("majority", options=["partition=nowhere"])).end()
    assert code == 2
    assert "Slurm takes no job" in errors
    assert "partition" in errors


def test_without_slurm_a_sentence_says_so(words, start):
    code, _, errors = start(*words("majority"), environment={"PATH": str(Path(sys.executable).parent)}).end()
    assert code == 2
    assert "there is no sbatch here" in errors

"""``--micro-batch``: it changes what lies in memory, and neither the numbers nor what a cell is."""

import json

import pytest

SETTINGS = ("encoder.trainable=all", "training.epochs=2", "training.batch_size=24", "training.precision=float32")


@pytest.fixture
def fine_tune(command, tiny_bert, tmp_path):
    """Return a function that fine-tunes on ``demo`` below a folder, and returns the output and the record."""

    def fine_tune(folder, *arguments, settings=SETTINGS):
        runs = tmp_path / folder
        settings = [f"--set={setting}" for setting in ("dataset.size=12", "encoder.length=64", *settings)]
        grid = ("--dataset", "demo", "--backbone", tiny_bert, "--seeds", "1", "--runs", runs)
        outcome = command("run", "--method", "supcon", *grid, *settings, *arguments)
        assert (outcome.code, outcome.err) == (0, "")
        (record,) = runs.glob("*/*/*/*/seed-1/record.json")
        return outcome.out, json.loads(record.read_text())

    return fine_tune


def numbers(record):
    return [record["metrics"], [(epoch["terms"], epoch["dev"]) for epoch in record["epochs"]]]


def approximately(value):
    if isinstance(value, dict):
        return {name: approximately(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [approximately(item) for item in value]
    return pytest.approx(value, rel=1e-5, abs=1e-5)


def plain(value):
    return json.loads(json.dumps(value))


def test_metrics_losses_and_settings_are_those_of_the_undivided_run(fine_tune):
    _, whole = fine_tune("whole")
    _, divided = fine_tune("divided", "--micro-batch", 8)
    assert plain(numbers(divided)) == approximately(plain(numbers(whole)))
    assert divided["settings_hash"] == whole["settings_hash"]
    assert divided["settings"] == whole["settings"]
    assert divided["inputs"] == whole["inputs"]
    assert (whole["provenance"]["micro_batch"], divided["provenance"]["micro_batch"]) == (None, 8)


def test_a_finished_cell_is_done_whatever_its_micro_batch(fine_tune):
    fine_tune("runs")
    out, record = fine_tune("runs", "--micro-batch", 4, "--overwrite", "stale")
    assert ": done: test weighted f1" in out
    assert record["provenance"]["micro_batch"] is None


def test_it_reaches_the_processes_of_several_jobs(fine_tune):
    _, record = fine_tune("runs", "--micro-batch", 16, "--jobs", 2)
    assert record["provenance"]["micro_batch"] == 16


def test_a_frozen_encoder_has_no_use_for_it(fine_tune):
    _, record = fine_tune("runs", "--micro-batch", 4, settings=("training.epochs=1",))
    assert record["provenance"]["micro_batch"] is None


@pytest.mark.parametrize("number", ["0", "-1", "few"])
def test_anything_but_a_number_of_examples_is_refused(command, number):
    outcome = command("run", "--method", "supcon", "--dataset", "demo", "--micro-batch", number)
    assert outcome.code == 2
    assert "--micro-batch" in outcome.err


@pytest.mark.parametrize("name", ["run", "sweep"])
def test_help_names_it(command, name):
    assert "--micro-batch N" in command(name, "--help").out

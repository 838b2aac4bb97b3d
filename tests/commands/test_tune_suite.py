"""``erc-bench tune SUITE``: the same number of trials for every row, and a suite to run with what was found."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tomllib

import pytest

from erc_bench.experiments.tuning.space import SHARED, SUITE_FACTORS
from erc_bench.planning.suites.reading import read_suite
from erc_bench.planning.suites.shipped import FOLDER
from erc_bench.store.index.all_cells import read_cells

ROWS = """\
title = "Two methods and a floor"
methods = ["majority", "ce", "eacl"]
datasets = ["demo"]
backbones = [{backbone}]
seeds = 2

dataset.size = 12
training.epochs = {epochs}

[encoder]
window = 1
length = 48

[method.eacl]
objective.lambda1 = 0.5

[[table]]
baseline = "ce"
"""


@pytest.fixture
def suite(tmp_path, tiny_bert):
    """Return a function that writes the suite."""

    def suite(*more, epochs=1):
        file = tmp_path / "rows.toml"
        text = ROWS.format(backbone=json.dumps(str(tiny_bert)), epochs=epochs)
        file.write_text("\n".join([text, *more]), encoding="utf-8")
        return file

    return suite


@pytest.fixture
def tune(command, tmp_path):
    return lambda file, *more: command("tune", file, "--study", tmp_path / "tuning", "--device", "cpu", *more)


def trials(outcome):
    return [line for line in outcome.out.splitlines() if line.startswith("trial ")]


def entries(file):
    return {entry["method"]: entry for entry in tomllib.loads(file.read_text(encoding="utf-8"))["tuned"]}


def test_every_row_has_as_many_trials_and_test_is_never_scored(tune, suite, tmp_path, command):
    outcome = tune(suite(), "--trials", 3)
    assert (outcome.code, outcome.err) == (0, "")
    file = tmp_path / "tuning" / "tuned.toml"
    assert outcome.out.splitlines()[-1].endswith(f"erc-bench sweep {file}")
    assert len(trials(outcome)) == 6
    found = entries(file)
    counted = {method: (entry["trials"], entry["trials_asked"]) for method, entry in found.items()}
    assert counted == {"ce": (3, 3), "eacl": (3, 3)}
    # What the suite sets is searched beside, for the row that it speaks to.
    assert found["eacl"]["settings"]["objective.lambda1"] == 0.5
    assert "objective.lambda1" not in found["ce"]["settings"]
    cells = read_cells(tmp_path / "tuning" / "cells")
    assert cells
    assert all(cell.record["metrics"]["test"] is None and cell.record["dev_only"] for cell in cells)

    swept = command("sweep", file, "--runs", tmp_path / "runs", "--device", "cpu")
    assert swept.code == 0, swept.err
    text = " ".join(swept.out.split())
    assert "Two methods and a floor" in text
    assert "Unequal budgets" not in text
    records = {cell.method: cell.record for cell in read_cells(tmp_path / "runs")}
    assert records["ce"]["settings_from"] == records["eacl"]["settings_from"] == "tuned on dev, 3 trials"
    assert records["eacl"]["settings"]["objective.lambda1"] == 0.5
    for method, entry in found.items():
        for address, value in entry["settings"].items():
            assert records[method]["settings"][address] == value
    refused = command("sweep", file, "--seeds", "101", "--runs", tmp_path / "other")
    assert "was tuned with seed 101" in refused.err


def test_rows_search_what_all_of_them_share(tune, suite, tmp_path):
    shown = tune(suite(), "--dry-run").out
    assert not (tmp_path / "tuning").exists()
    assert "majority" not in shown
    points = len(SUITE_FACTORS) * len(SHARED["training.weight_decay"]) * len(SHARED["training.schedule"])
    assert f"{points} points, 20 trials by TPE" in shown
    assert shown.count("  training.weight_decay: ") == shown.count("  training.schedule: ") == 2
    assert "  training.head_lr: 0.0001, 0.000333, 0.001, 0.003, 0.01 (its own: 0.001)" in shown.splitlines()
    assert shown.count("objective.temperature: ") == 1


def test_a_method_meets_the_datasets_that_the_suite_gives_it(tune, suite):
    file = suite()
    text = file.read_text(encoding="utf-8").replace('["demo"]', '["demo", "dailydialog"]', 1)
    text = text.replace("dataset.size = 12\n", "").replace(
        "[method.eacl]\n", '[method.ce]\ndatasets = ["demo"]\n[method.eacl]\ndatasets = ["demo"]\n'
    )
    file.write_text(text, encoding="utf-8")
    shown = tune(file, "--dry-run").out
    assert "demo · ce" in shown
    assert "demo · eacl" in shown
    assert "dailydialog" not in shown


def test_a_search_that_is_there_goes_on_with_more_trials(tune, suite, tmp_path):
    file = suite()
    tune(file, "--trials", 1)
    outcome = tune(file, "--trials", 2)
    assert [line.partition(" · ")[0] for line in trials(outcome)] == ["trial 1", "trial 1"]
    assert {entry["trials"] for entry in entries(tmp_path / "tuning" / "tuned.toml").values()} == {2}


@pytest.mark.parametrize(
    ("more", "words", "sentence"),
    [
        ("[axes]\nencoder.window = [0, 1]", (), "the suite rows has axes (encoder.window), so that a method has"),
        ("", ("--method", "ce"), "--method does not go with a suite"),
        ("", ("--dataset", "demo"), "--dataset does not go with a suite"),
        ("", ("--backbone", "minilm"), "--backbone does not go with a suite"),
        ("[method.supcon]\ntraining.epochs = 1", (), "speaks to the method 'supcon', which is not selected"),
        ("[features]\naudio = 'audio.safetensors'", (), "names files of features beside itself"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_trains(tune, suite, tmp_path, more, words, sentence):
    outcome = tune(suite(more), *words)
    assert outcome.code == 2
    assert sentence in " ".join(outcome.err.split())
    assert not (tmp_path / "tuning" / "cells").exists()


def test_what_was_found_is_not_searched_again_nor_written_over(tune, suite, tmp_path):
    file, found = suite(), tmp_path / "tuning" / "tuned.toml"
    tune(file, "--trials", 1)
    assert "has settings of an earlier search (tuned.toml)" in tune(found).err
    changed = tune(suite(epochs=2), "--trials", 1)
    assert changed.code == 2
    assert f"{found} holds what was found for something else than the suite {file} as it is" in changed.err
    assert read_suite(found).settings_files == ("tuned.toml",)


def test_a_suite_is_not_written_over_by_what_was_found_for_it(tune, suite):
    file = suite()
    before = file.read_bytes()
    outcome = tune(file, "--trials", 1, "--output", file)
    assert outcome.code == 2
    assert f"{file} is the suite itself" in outcome.err
    assert file.read_bytes() == before


def test_a_shipped_suite_is_found_by_its_name(tune, command):
    shown = tune("laptop", "--dry-run", "--trials", 5)
    assert "meld · eacl · minilm: " in shown.out, shown.err
    missed = tune("labtop")
    assert missed.code == 2
    assert "there is no suite 'labtop'; did you mean laptop" in missed.err
    assert "there is no suite 'labtop'; did you mean laptop" in command("sweep", "labtop").err
    assert (FOLDER / "laptop.toml").is_file()


def test_nothing_named_is_told(command):
    outcome = command("tune", "--dataset", "demo")
    assert outcome.code == 2
    assert "no methods are named, so there is nothing to run" in outcome.err


def found(study):
    scores = {cell.folder.relative_to(study): cell.record["metrics"]["dev"] for cell in read_cells(study / "cells")}
    return (study / "tuned.toml").read_text(encoding="utf-8"), scores


def test_killed_between_two_rows_and_started_again(command, suite, tmp_path):
    file = suite(epochs=10)

    def asked(study):
        return "tune", file, "--study", tmp_path / study, "--device", "cpu", "--trials", 2

    told = trials(command(*asked("undisturbed")))
    program = [sys.executable, "-m", "erc_bench", *map(str, asked("killed"))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        for line in process.stdout:
            # The first row is searched, and one of the two cells of the second one's first trial is done.
            if line.startswith("[5/8]"):
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL
    # What was found by then is there, and nothing of the row that was not searched to its end.
    assert list(entries(tmp_path / "killed" / "tuned.toml")) == ["ce"]
    with sqlite3.connect(tmp_path / "killed" / "optuna.db") as database:
        states = [state for (state,) in database.execute("SELECT state FROM trials ORDER BY trial_id")]
    database.close()
    assert states == ["COMPLETE", "COMPLETE", "RUNNING"]
    outcome = command(*asked("killed"))
    assert (outcome.code, outcome.err) == (0, "")
    assert trials(outcome) == told[2:]
    assert "2 of 2 trials there from earlier" in outcome.out
    assert found(tmp_path / "killed") == found(tmp_path / "undisturbed")

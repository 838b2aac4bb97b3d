"""``erc-bench tune`` and ``run --settings``: from a search to a record that says what it came from."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tomllib

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.planning.run_requests import seeds_of, tuning_seeds_of
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.reading import read_cell

SMALL = ("dataset.size=12", "training.epochs=2", "encoder.window=1", "encoder.length=48")


def arguments(tiny_bert, study, *more, methods=("ce",), trials=3, settings=SMALL):
    named = [word for method in methods for word in ("--method", method)]
    changed = [word for setting in settings for word in ("--set", setting)]
    place = ("--study", study, "--device", "cpu")
    return ("tune", *named, "--dataset", "demo", "--backbone", tiny_bert, "--trials", trials, *place, *changed, *more)


@pytest.fixture
def study(tmp_path):
    return tmp_path / "tuning"


@pytest.fixture
def tune(command, tiny_bert, study):
    """Return a function that searches with a tiny backbone, in this process."""
    return lambda *more, **asked: command(*arguments(tiny_bert, study, *more, **asked))


@pytest.fixture
def run(command, tiny_bert, tmp_path, study):
    """Return a function that trains with the settings that were found."""

    def run(*more, methods=("ce",), seeds="1", settings=()):
        named = [word for method in methods for word in ("--method", method)]
        changed = [word for setting in settings for word in ("--set", setting)]
        place = ("--runs", tmp_path / "runs", "--device", "cpu", "--settings", study / "tuned.toml")
        return command(
            "run", *named, "--dataset", "demo", "--backbone", tiny_bert, "--seeds", seeds, *place, *changed, *more
        )

    return run


def test_a_search_tells_its_trials_and_writes_what_it_found(tune, study):
    outcome = tune()
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    cells = [line for line in lines if line.startswith("[")]
    assert [line.partition("]")[0] for line in cells] == [f"[{n}/6" for n in range(1, 7)]
    assert all(": dev weighted f1 " in line for line in cells)
    trials = [line for line in lines if line.startswith("trial ")]
    assert trials[0].startswith("trial 0 · demo · ce · ")
    assert trials[0].endswith(" · its own settings")
    assert ["training.head_lr=" in line for line in trials] == [False, True, True]
    assert "test was not scored" in outcome.out
    assert f"erc-bench run --settings {study / 'tuned.toml'}" in lines[-1]
    (entry,) = tomllib.loads((study / "tuned.toml").read_text())["tuned"]
    assert entry["trials"] == entry["trials_asked"] == 3
    assert entry["tuning_seeds"] == [101, 102]
    assert entry["dev_score"] >= entry["own_dev_score"]
    assert {a: entry["settings"][a] for a in ("dataset.size", "training.epochs")} == {
        "dataset.size": 12,
        "training.epochs": 2,
    }


def test_a_second_start_trains_nothing_and_more_trials_go_on(tune, study):
    tune(trials=2, methods=("supcon",))
    again = tune(trials=2, methods=("supcon",))
    assert "2 of 2 trials there from earlier" in again.out
    assert "[" not in again.out
    more = tune(trials=3, methods=("supcon",))
    assert [line.partition(" · ")[0] for line in more.out.splitlines() if line.startswith("trial ")] == ["trial 2"]
    assert "[2/2]" in more.out
    (entry,) = tomllib.loads((study / "tuned.toml").read_text())["tuned"]
    assert entry["trials"] == 3


def test_a_grid_that_ends_first_says_so(tune):
    outcome = tune(trials=5)
    assert "all 3 points are tried, which takes 3 of the 5 trials asked for" in outcome.out
    assert " 3 of 5 " in outcome.out


def test_a_run_with_the_settings_says_what_they_came_from(tune, run, tmp_path):
    tune(trials=4, methods=("supcon",), settings=(*SMALL, "training.head_lr=0.01"))
    outcome = run(methods=("supcon", "ce"), seeds="2", settings=("ce:dataset.size=12", "training.epochs=1"))
    assert outcome.code == 0, outcome.err
    assert "has no settings for demo · ce · " in outcome.out
    assert "Settings: tuned on dev, 4 trials (supcon); default (ce)" in " ".join(outcome.out.split())
    records = {cell.method: cell.record for cell in read_cells(tmp_path / "runs")}
    supcon = records["supcon"]
    assert supcon["settings_from"] == "tuned on dev, 4 trials"
    assert supcon["settings"]["training.head_lr"] == 0.01
    assert supcon["origins"]["training.head_lr"] == "tuned on dev, 4 trials"
    assert (supcon["settings"]["training.epochs"], supcon["origins"]["training.epochs"]) == (1, "--set")
    assert records["ce"]["settings_from"] == "default"


def test_seeds_of_the_search_are_refused(tune, run, tmp_path):
    tune(trials=1)
    outcome = run(seeds="7,102")
    assert outcome.code == 2
    assert "was tuned with seed 102" in outcome.err
    assert not (tmp_path / "runs").exists()


def test_other_data_are_a_warning(tune, run, study):
    tune(trials=1)
    assert run().err == ""
    outcome = run(settings=("dataset.size=14",))
    assert outcome.code == 0
    assert outcome.err == f"Warning: {study / 'tuned.toml'} was tuned on other data than this demo\n"


def test_cells_that_were_there_with_the_same_values_are_named(tune, run, command, tiny_bert, tmp_path):
    tune(trials=1)
    by_hand = [word for setting in SMALL for word in ("--set", setting)]
    place = ("--runs", tmp_path / "runs", "--device", "cpu", "--seeds", "1")
    command("run", "--method", "ce", "--dataset", "demo", "--backbone", tiny_bert, *place, *by_hand)
    outcome = run()
    assert "1 cell was trained earlier with the values of --settings, on record as: default" in outcome.out
    assert "seed 1: done: " in outcome.out


def test_a_suite_names_its_settings_beside_itself(tune, command, tiny_bert, study, tmp_path):
    tune(trials=1)
    text = (
        f'methods = ["ce"]\ndatasets = ["demo"]\nbackbones = [{json.dumps(str(tiny_bert))}]\nseeds = 1\n'
        'settings = ["tuned.toml"]\n[training]\nepochs = 1\n'
    )
    (study / "suite.toml").write_text(text, encoding="utf-8")
    outcome = command("sweep", study / "suite.toml", "--runs", tmp_path / "runs", "--device", "cpu")
    assert outcome.code == 0, outcome.err
    (cell,) = read_cells(tmp_path / "runs")
    assert cell.record["settings_from"] == "tuned on dev, 1 trial"
    assert cell.record["settings"]["dataset.size"] == 12
    assert cell.record["origins"]["training.epochs"] == "suite suite"
    refused = command("sweep", study / "suite.toml", "--seeds", "101,3")
    assert "was tuned with seed 101" in refused.err


def test_a_dry_run_shows_the_space_and_trains_nothing(tune, study):
    outcome = tune("--dry-run", methods=("ce", "supcon"), trials=4)
    assert (outcome.code, outcome.err) == (0, "")
    assert not study.exists()
    ce, supcon = outcome.out.index("· ce ·"), outcome.out.index("· supcon ·")
    assert ce < supcon
    assert "3 points, every point once" in outcome.out
    assert "72 points, 4 trials by TPE" in outcome.out
    assert "  training.head_lr: 0.000333, 0.001, 0.003 (its own: 0.001)" in outcome.out.splitlines()
    assert "  0 trials done, 4 to run; 0 cells done, 8 to train at most" in outcome.out.splitlines()
    tune(trials=2)
    again = tune("--dry-run", trials=4)
    assert "  2 trials done, 1 to run; 4 cells done, 2 to train at most" in again.out.splitlines()


def test_failed_trials_are_counted_and_told(tune, study):
    space = study.with_name("space.toml")
    space.write_text("[ce]\ntraining.head_lr = [1e300, 1e301]\n", encoding="utf-8")
    outcome = tune("--space", space, trials=3)
    assert outcome.code == 0
    failed = [line for line in outcome.out.splitlines() if line.startswith("trial ") and "failed: seed 101" in line]
    assert len(failed) == 2
    (entry,) = tomllib.loads((study / "tuned.toml").read_text())["tuned"]
    assert (entry["trials"], entry["failed"], entry["best_trial"]) == (3, 2, 0)


def test_a_search_in_which_everything_fails_leaves_no_settings(tune, study):
    outcome = tune(trials=1, settings=(*SMALL, "training.weight_decay=1e300"), methods=("ce",))
    assert outcome.code == 1
    assert "all trials failed:\n  seed 101: " in outcome.err
    assert not (study / "tuned.toml").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--seeds", "1;2"), "--seeds '1;2' is neither a number of seeds nor a list of different seeds"),
        (("--seeds", "100-102"), "--seeds 100-102 searches by seed 100; seeds up to 100 are for reports"),
        (("--method", "cee"), "there is no method 'cee'; did you mean ce?"),
        (("--set", "training.epoch=1"), "did you mean epochs?"),
        (("--space", "nowhere.toml"), "there is no file of search spaces nowhere.toml"),
        (("--method", "majority"), "majority: there is nothing to search"),
        (("--device", "gpu"), "'gpu'"),
    ],
)
def test_a_mistake_is_told_before_anything_trains(tune, study, more, sentence):
    outcome = tune(*more)
    assert outcome.code == 2
    assert sentence in outcome.err
    assert not (study / "cells").exists()


def test_an_output_that_is_something_else_is_not_written_over(tune, study):
    other = study.with_name("other.toml")
    other.write_text("[eacl]\n", encoding="utf-8")
    outcome = tune("--output", other)
    assert outcome.code == 2
    assert "is no file of settings of this version" in outcome.err
    assert other.read_text() == "[eacl]\n"
    assert not study.exists()


def test_data_that_are_missing_are_told_before_anything_trains(command, tiny_bert, study, tmp_path):
    place = ("--study", study, "--data-dir", tmp_path / "none", "--device", "cpu")
    outcome = command("tune", "--method", "ce", "--dataset", "meld", "--backbone", tiny_bert, *place)
    assert outcome.code == 2
    assert "3 of 3 files are missing" in outcome.err


@pytest.mark.parametrize(
    ("text", "seeds"), [("101,102", (101, 102)), ("2", (101, 102)), ("1", (101,)), ("101-103", (101, 102, 103))]
)
def test_a_number_counts_seeds_as_it_does_in_reports(text, seeds):
    assert tuning_seeds_of(text) == seeds
    assert [seed - 100 for seed in seeds] == list(seeds_of(str(len(seeds))))


@pytest.mark.parametrize("text", ["", "0", "101,101", "-1", "a", "101,", "1.5"])
def test_anything_else_names_no_seeds(text):
    with pytest.raises(ErcBenchError, match="is neither a number of seeds nor a list of different seeds"):
        tuning_seeds_of(text)


def test_a_number_that_names_a_seed_is_no_count():
    with pytest.raises(ErcBenchError, match="asks for 107 seeds for each trial") as refused:
        tuning_seeds_of("107")
    assert "--seeds 107-107" in refused.value.hint
    assert tuning_seeds_of("107-107") == (107,)


@pytest.mark.parametrize("text", ["1,2", "100-102", "101,7", "0,101"])
def test_seeds_of_reports_are_not_searched_by(text):
    with pytest.raises(ErcBenchError, match="seeds up to 100 are for reports") as refused:
        tuning_seeds_of(text)
    assert "--seeds 101,102" in refused.value.hint


def test_without_optuna_the_extra_is_named(tune, monkeypatch):
    monkeypatch.setattr("erc_bench.commands.tune.find_spec", lambda name: None)
    outcome = tune()
    assert outcome.code == 2
    assert "pip install 'erc-bench[tune]'" in outcome.err


def test_a_method_shows_what_is_searched(command):
    shown = command("show", "method.supcon").out
    assert "searched by tune: objective.contrastive_weight = [0.1, 0.3, 0.5, 0.7, 0.9, 1.0], " in shown
    assert "search space comes from: paper: the grids of Gunel et al. 2021" in shown
    assert "searched by tune: training.head_lr" in command("show", "method.ce").out
    assert "searched" not in command("show", "method.majority").out


def found(study):
    """Return what a search found, without where it was, and the trials' cells with their scores."""
    scores = {}
    for cell in read_cells(study / "cells"):
        assert read_cell(cell.folder).status == "done"
        scores[cell.folder.relative_to(study)] = cell.record["metrics"]["dev"]
    return tomllib.loads((study / "tuned.toml").read_text()), scores


def test_killed_in_the_middle_of_a_trial_and_started_again(command, tiny_bert, tmp_path):
    # Cells that take long enough for the kill to find the second one of a trial training.
    long = (*SMALL, "training.epochs=25")

    def asked(study):
        return arguments(tiny_bert, tmp_path / study, methods=("supcon",), trials=3, settings=long)

    told = [line for line in command(*asked("undisturbed")).out.splitlines() if line.startswith("trial ")]
    program = [sys.executable, "-m", "erc_bench", *map(str, asked("killed"))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        for line in process.stdout:
            # The first of the two cells of trial 1 is done: the trial is not.
            if line.startswith("[3/6]"):
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL
    killed = optuna_states(tmp_path / "killed")
    assert killed == ["COMPLETE", "RUNNING"]

    outcome = command(*asked("killed"))
    assert (outcome.code, outcome.err) == (0, "")
    again = [line for line in outcome.out.splitlines() if line.startswith("trial ")]
    assert again == told[1:]
    assert ": done: dev weighted f1 " in outcome.out
    assert found(tmp_path / "killed") == found(tmp_path / "undisturbed")


def optuna_states(study):
    with sqlite3.connect(study / "optuna.db") as database:
        states = [row[0] for row in database.execute("SELECT state FROM trials ORDER BY number")]
    database.close()
    return states

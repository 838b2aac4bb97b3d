"""``erc-bench run``: what is asked for, what is shown, exit codes. Training has its own tests."""

import json

import pytest
import store_fixture

from erc_bench.errors import ErcBenchError
from erc_bench.planning.run_requests import seeds_of


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("1", (1,)),
        ("5", (1, 2, 3, 4, 5)),
        ("1,3,7", (1, 3, 7)),
        ("0,42", (0, 42)),
        ("7,", None),
        (" 2 ", (1, 2)),
        ("1001", None),
        ("1-5", (1, 2, 3, 4, 5)),
        ("3-3", (3,)),
        ("7,1-2", (7, 1, 2)),
        ("0-999", tuple(range(1000))),
        ("0-1000", None),
        ("1-999999999999", None),
        ("1-3,2", None),
    ],
)
def test_seeds_are_a_number_or_a_list(text, seeds):
    if seeds is None:
        with pytest.raises(ErcBenchError):
            seeds_of(text)
    else:
        assert seeds_of(text) == seeds


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "many", "1,1", "1,-2", "1;2", "1.5", "1,,2", "5-1", "1-", "-", "1-2-3"]
)
def test_anything_else_is_refused(command, text):
    outcome = command("run", "--method", "ce", "--dataset", "demo", "--seeds", text)
    assert outcome.code == 2
    assert outcome.err == (
        f"Error: --seeds {text!r} is neither a number of seeds nor a list of different seeds such as 1,3,7\n"
    )


@pytest.fixture
def dry_run(command, tmp_path):
    """Return a function that plans a run below a folder of its own."""

    def dry_run(*arguments):
        runs = tmp_path / "runs"
        outcome = command("run", "--dataset", "demo", "--backbone", "minilm", "--runs", runs, "--dry-run", *arguments)
        assert not runs.exists()
        return outcome

    return dry_run


def test_a_dry_run_names_cells_folders_and_what_a_dataset_suggests(dry_run, tmp_path):
    outcome = dry_run("--method", "ce", "--method", "majority", "--seeds", "2,5")
    assert (outcome.code, outcome.err) == (0, "")
    first, *cells, count = outcome.out.splitlines()
    assert first == "encoder.trainable = none (suggested by dataset demo)"
    assert count == "4 cells, 4 to run"
    labels = [line.partition(":")[0] for line in cells]
    assert labels == [f"demo · {row} · seed {seed}" for seed in (2, 5) for row in ("ce · minilm", "majority · none")]
    assert all(": missing  " in line and str(tmp_path / "runs" / "demo") in line for line in cells)


def test_what_the_user_set_is_no_suggestion(dry_run):
    assert "suggested" not in dry_run("--method", "ce", "--set", "encoder.trainable=none", "--seeds", "1").out


def test_all_mistakes_are_told_at_once_and_nothing_else(dry_run):
    arguments = ("--method", "eacl", "--set", "objective.temprature=1", "--set", "training.epochs=0")
    outcome = dry_run(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    lines = outcome.err.splitlines()
    assert lines[0] == "Error: 2 things are wrong:"
    assert "did you mean temperature?" in outcome.err
    assert "training.epochs: must be at least 1, got 0 (--set)" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--method", "eakl"), "there is no method 'eakl'; did you mean eacl"),
        (("--method", "ce", "--set", "oops"), "--set 'oops' is not of the form slot.option=value"),
        (("--method", "ce", "--set", "classifier=haed"), "ce: there is no classifier 'haed'; did you mean head?"),
        (("--method", "ce", "--readout", "haed"), "ce: there is no classifier 'haed'; did you mean head?"),
        (("--method", "ce", "--audit", "--dev-only"), "--audit scores every epoch on test, and --dev-only never"),
        (("--method", "ce", "--save-representations", "--dev-only"), "--save-representations stores what test becomes"),
        (("--method", "ce", "--baseline", "supcon"), "the baseline 'supcon' is none of the methods of this run; known"),
    ],
)
def test_one_mistake_is_one_sentence(dry_run, arguments, sentence):
    outcome = dry_run(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"Error: {sentence}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dataset", "demo"),
        ("--method", "ce"),
        ("--method", "ce", "--dataset", "demo", "--limit", "0"),
        ("--method", "ce", "--dataset", "demo", "--overwrite", "some"),
    ],
)
def test_a_request_that_cannot_be_read_is_wrong(command, arguments):
    outcome = command("run", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error: " in outcome.err


def test_an_unknown_device_is_told_before_anything_runs(command, tmp_path):
    outcome = command(
        "run", "--method", "majority", "--dataset", "demo", "--device", "gpu", "--runs", tmp_path / "runs"
    )
    assert outcome.code == 2
    assert "'gpu'" in outcome.err
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def majority(command, tmp_path):
    """Return a function that runs the one method that needs no training."""

    def majority(*arguments):
        fixed = ("--method", "majority", "--seeds", "2", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data")
        return command("run", *fixed, "--set", "dataset.size=12", *arguments)

    return majority


def test_a_run_ends_with_its_table(majority, tmp_path):
    outcome = majority("--dataset", "demo")
    assert (outcome.code, outcome.err) == (0, "")
    assert "[2/2] demo · majority · none · seed 2: test weighted f1" in outcome.out
    assert "\n majority " in outcome.out
    assert "over seeds 1-2" in outcome.out
    records = [json.loads(path.read_text()) for path in sorted((tmp_path / "runs").rglob("record.json"))]
    assert [record["seed"] for record in records] == [1, 2]


def test_what_is_done_is_skipped_and_shown(majority):
    majority("--dataset", "demo")
    again = majority("--dataset", "demo")
    assert again.code == 0
    assert "seed 1: done: test weighted f1" in again.out
    assert "\n majority " in again.out
    assert ": done  " in majority("--dataset", "demo", "--dry-run").out


@pytest.mark.parametrize(("overwrite", "going"), [("missing", 1), ("failed", 1), ("stale", 2), ("always", 3)])
def test_a_dry_run_finds_what_the_run_would_find(majority, tmp_path, overwrite, going):
    majority("--dataset", "demo")
    stale = next((tmp_path / "runs").rglob("seed-2/record.json"))
    record = json.loads(stale.read_text())
    record["inputs"]["code"]["system"] = "0"
    stale.write_text(json.dumps(record))
    store_fixture.write_status(stale.parent)
    asked = ("--dataset", "demo", "--seeds", "3", "--overwrite", overwrite)
    planned = majority(*asked, "--dry-run")
    assert (planned.code, planned.err) == (0, "")
    *_, first, second, third, count = planned.out.splitlines()
    assert "seed 1: done  " in first
    assert "seed 2: stale (the code of system changed since)  " in second
    assert "seed 3: missing  " in third
    assert count == f"3 cells, {going} to run"
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("status.json")}
    majority(*asked)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("status.json")}
    assert sum(before.get(path) != moment for path, moment in after.items()) == going


@pytest.fixture
def damaged(tmp_path):
    """A data directory whose MELD is all there and cannot be read."""
    for split in ("train", "dev", "test"):
        file = tmp_path / "data" / "meld" / f"{split}_sent_emo.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("nothing,of,this\n1,2,3\n", encoding="utf-8")


@pytest.mark.usefixtures("damaged")
def test_cells_that_fail_are_listed_after_the_table_and_the_exit_code_is_1(command, tmp_path):
    fixed = ("--method", "majority", "--seeds", "2", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data")
    outcome = command("run", *fixed, "--dataset", "meld", "--dataset", "demo")
    assert outcome.code == 1
    assert "\n majority " in outcome.out
    lines = outcome.err.splitlines()
    assert lines[:3] == ["2 cells failed:", "  meld · majority · none · seed 1", "  meld · majority · none · seed 2"]
    assert "train_sent_emo.csv" in lines[3]


def test_a_corpus_that_is_missing_is_told_once_before_anything_runs(command, tmp_path):
    fixed = ("--method", "majority", "--seeds", "2", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data")
    outcome = command("run", *fixed, "--dataset", "meld", "--dataset", "demo")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: meld: 3 of 3 files are missing in")
    assert outcome.err.count("erc-bench data fetch meld") == 1
    assert not (tmp_path / "runs").exists()
    outcome = command("run", *fixed, "--dataset", "meld", "--dataset", "emorynlp")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: 2 corpora are missing:\nmeld: 3 of 3 files are missing")
    assert "\nemorynlp: 3 of 3 files are missing" in outcome.err


def test_a_backbone_that_cannot_be_had_is_told_once_before_anything_runs(command, tmp_path):
    fixed = ("--method", "ce,supcon", "--dataset", "demo", "--seeds", "3", "--runs", tmp_path / "runs")
    outcome = command("run", *fixed, "--backbone", "owner/nowhere")
    assert outcome.code == 2
    (first, *_) = outcome.err.splitlines()
    assert first.startswith("Error: backbone 'huggingface': owner/nowhere is not in the cache")
    assert "--backbone minilm" in first
    assert outcome.err.count("owner/nowhere is not in the cache") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("damaged")
def test_no_table_where_all_cells_fail(command, tmp_path):
    fixed = ("--method", "majority", "--seeds", "1", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data")
    outcome = command("run", *fixed, "--dataset", "meld")
    assert outcome.code == 1
    assert outcome.err.startswith("1 cell failed:\n  meld · majority · none · seed 1\n")
    assert "majority  " not in outcome.out


@pytest.mark.usefixtures("damaged")
def test_a_table_that_cannot_be_made_hides_no_failure(command, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise ErcBenchError("nothing to compare")

    monkeypatch.setattr("erc_bench.experiments.compare.compare_cells", refuse)
    fixed = ("--method", "majority", "--seeds", "1", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data")
    outcome = command("run", *fixed, "--dataset", "meld", "--dataset", "demo")
    assert outcome.code == 1
    assert outcome.err.startswith("There is no table: nothing to compare\n1 cell failed:")

"""``erc-bench sweep``: a suite from file to tables. Training has its own tests."""

import json
import re
from textwrap import dedent

import pytest
import store_fixture

from erc_bench.commands.sweep import duration

SUITE = """
    title = "A trial"
    text = "It tells [nothing]."
    methods = ["majority"]
    datasets = ["demo"]
    seeds = 2

    [axes]
    dataset.size = [12, 16]
"""


@pytest.fixture
def sweep(command, tmp_path):
    """Return a function that writes a suite and sweeps it below a folder of its own."""

    def sweep(text, *arguments):
        file = tmp_path / "trial.toml"
        file.write_text(dedent(text), encoding="utf-8")
        return command("sweep", file, "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data", *arguments)

    return sweep


def test_a_suite_ends_with_its_tables(sweep, tmp_path):
    tables = """
        [[table]]
        title = "Main [1]"
        metric = "macro_f1"

        [[table]]
        per_class = true
    """
    outcome = sweep(dedent(SUITE) + dedent(tables))
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[:2] == ["A trial", "It tells [nothing]."]
    assert "[4/4] demo · majority · none · seed 2: test weighted f1" in outcome.out
    assert lines.index("Main [1]") > 5
    assert "Macro F1 on the test split" in outcome.out
    assert "F1 of each class, macro F1, weighted F1" in outcome.out
    records = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("record.json")]
    assert sorted((record["seed"], record["settings"]["dataset.size"]) for record in records) == [
        *((1, 12), (1, 16), (2, 12), (2, 16))
    ]
    assert {record["origins"]["dataset.size"] for record in records} == {"suite trial"}


def test_a_dry_run_shows_the_grid_what_is_done_and_what_can_be_judged(sweep, tmp_path):
    outcome = sweep(SUITE, "--dry-run")
    assert (outcome.code, outcome.err) == (0, "")
    assert not (tmp_path / "runs").exists()
    assert outcome.out.splitlines()[2:] == [
        "demo · majority · none · dataset.size=12: 2 missing",
        "demo · majority · none · dataset.size=16: 2 missing",
        "4 cells, 4 to run",
        "No record to judge 4 cells by: demo · majority · none · dataset.size=12,"
        " demo · majority · none · dataset.size=16",
        "2 seeds find a true difference of 11.5 times the standard deviation of the seed-wise differences with a"
        " probability of 80 % (one paired t-test at .05; erc-bench power says more)",
    ]
    sweep(SUITE, "--seeds", "1")
    *rows, count, judged, _ = sweep(SUITE, "--dry-run").out.splitlines()[2:]
    assert [re.sub(r"\d\.\d s", "SECONDS", row) for row in rows] == [
        "demo · majority · none · dataset.size=12: 1 done, 1 missing, about SECONDS each",
        "demo · majority · none · dataset.size=16: 1 done, 1 missing, about SECONDS each",
    ]
    assert count == "4 cells, 2 to run"
    assert re.match(r"2 cells will take about \d\.\d s one after the other, judged by 2 recorded on \w", judged)
    assert sweep(SUITE, "--dry-run", "--overwrite", "always").out.splitlines()[4] == "4 cells, 4 to run"


def test_a_dry_run_counts_what_is_stale(sweep, tmp_path):
    sweep(SUITE, "--seeds", "1")
    for path in (tmp_path / "runs").rglob("record.json"):
        record = json.loads(path.read_text())
        record["inputs"]["data"] = "0"
        path.write_text(json.dumps(record))
        store_fixture.write_status(path.parent)
    for overwrite, going in (("missing", 2), ("stale", 4)):
        told = sweep(SUITE, "--dry-run", "--overwrite", overwrite).out
        assert told.count(": 1 stale, 1 missing, about ") == 2
        assert f"\n4 cells, {going} to run\n" in told


def test_what_is_done_is_skipped_and_shown(sweep):
    sweep(SUITE)
    again = sweep(SUITE)
    assert again.code == 0
    assert "seed 1: done: test weighted f1" in again.out
    assert "\n majority " in again.out


def test_what_is_typed_wins(sweep, tmp_path):
    outcome = sweep(SUITE, "--seeds", "4,9", "--set", "dataset.size=14", "--limit", "6")
    assert outcome.code == 0
    records = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("record.json")]
    shown = sorted((record["seed"], record["settings"]["dataset.size"], record["limit"]) for record in records)
    assert shown == [(4, 14, 6), (9, 14, 6)]


def test_a_table_shows_its_methods_and_datasets_alone(sweep, tmp_path):
    for split in ("train", "dev", "test"):
        file = tmp_path / "data" / "meld" / f"{split}_sent_emo.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("no,columns,of,meld\n", encoding="utf-8")
    tables = """
        [[table]]
        datasets = ["demo"]
        reported = ["eacl2024"]
    """
    text = SUITE.replace('["demo"]', '["demo", "meld"]').partition("[axes]")[0]
    outcome = sweep(dedent(text) + dedent(tables))
    assert outcome.code == 1
    assert outcome.err.startswith("2 cells failed:\n  meld · majority · none · seed 1\n")
    assert "eacl2024 reports no number that may stand beside demo" in outcome.out


def test_an_option_that_no_dataset_has_is_refused(sweep):
    outcome = sweep(SUITE.replace('["demo"]', '["meld"]').replace("dataset.size", "dataset.sizes"))
    assert outcome.code == 2
    assert "dataset.sizes" in outcome.err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('"majority"', '"majorty"'), "there is no method 'majorty'; did you mean majority?"),
        (("seeds = 2", "sedes = 2"), "sedes: there is no such key; did you mean"),
        (("seeds = 2", "seeds = "), "is no TOML file"),
    ],
)
def test_a_mistake_in_a_suite_is_one_sentence(sweep, tmp_path, change, sentence):
    outcome = sweep(SUITE.replace(*change))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: ")
    assert sentence in outcome.err
    assert not (tmp_path / "runs").exists()


def test_a_suite_that_is_not_there(command, tmp_path):
    outcome = command("sweep", tmp_path / "none.toml")
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: there is no suite {tmp_path / 'none.toml'}\n")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.26, "0.3 s"),
        (9.96, "10 s"),
        (89.4, "89 s"),
        (91, "2 min"),
        (3600, "60 min"),
        (5400, "1 h 30 min"),
        (86460, "24 h 01 min"),
    ],
)
def test_times_are_told_roughly(seconds, words):
    assert duration(seconds) == words


def test_a_suite_declares_its_comparisons_before_it_runs(sweep, command, tmp_path):
    suite = dedent(SUITE).replace('["majority"]', '["majority", "ce"]').replace("seeds = 2", "seeds = 1")
    suite = suite.replace("[axes]", '[method.ce]\nbackbones = ["none"]\n[axes]')
    sweep(suite, "--dry-run")
    assert not (tmp_path / "runs" / "declarations.jsonl").exists()
    sweep(SUITE)
    (line,) = (tmp_path / "runs" / "declarations.jsonl").read_text().splitlines()
    declared = json.loads(line)
    assert declared["suite"] == "trial"
    assert declared["comparisons"] == [
        {"baseline": "majority", "methods": ["majority"], "datasets": ["demo"], "readouts": [], "all_pairs": False}
    ]
    scored = [json.loads(line)["scored"] for line in (tmp_path / "runs" / "ledger.jsonl").read_text().splitlines()]
    assert declared["declared"] <= min(scored)
    sweep(SUITE)
    assert (tmp_path / "runs" / "declarations.jsonl").read_text().splitlines() == [line]

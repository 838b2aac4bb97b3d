"""``erc-bench rm``: what it shows, asks, refuses and says."""

import subprocess
import sys
from typing import get_args

import pytest

from erc_bench.planning.table_requests import CellsRequest, State
from erc_bench.store.housekeeping import selecting
from erc_bench.store.reading import CellStatus
from erc_bench.store.writing import CellWriter


@pytest.fixture
def runs(store):
    for seed in (1, 2, 3, 5):
        store.add("ce", seed)
    store.add("eacl", 1, limit=10)
    store.fail("ce", 7, "out of memory")
    return store.runs


@pytest.fixture
def rm(command, runs):
    return lambda *arguments: command("rm", "--runs", runs, *arguments)


def cells(runs):
    return sorted(f"{folder.parts[-4]} {folder.name}" for folder in runs.glob("*/*/*/*/seed-*"))


def test_the_states_are_those_that_there_are():
    assert get_args(State) == (*get_args(CellStatus), selecting.PARTIAL, selecting.STALE)


def test_what_chooses_cells():
    assert not CellsRequest(runs="elsewhere", yes=True).selects
    assert CellsRequest(older_than=0).selects
    assert CellsRequest(seed=[0]).selects


def test_it_refuses_to_be_told_nothing(rm, runs):
    outcome = rm("--yes")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: rm is not told which cells\n")
    assert len(cells(runs)) == 6


def test_without_a_terminal_and_yes_it_shows_and_refuses(rm, runs):
    outcome = rm("--method", "ce")
    assert outcome.code == 2
    first, *rest = outcome.out.splitlines()
    assert first.split() == [
        "dataset",
        "method",
        "backbone",
        "settings",
        "seeds",
        "MiB",
        "ended",
        "state,",
        "and",
        "why",
    ]
    assert [line.split()[:5] for line in rest] == [
        ["meld", "ce", "minilm", "a" * 12, "1-3,"],
        ["meld", "ce", "minilm", "a" * 12, "7"],
    ]
    assert rest[0].rstrip().endswith("done")
    assert rest[1].rstrip().endswith("failed; out of memory")
    assert outcome.err.startswith("Error: nothing was removed: 5 cells, 0.0 MiB would go\n")
    assert len(cells(runs)) == 6


def test_with_yes_it_removes_and_says_so(rm, runs):
    outcome = rm("--state", "failed", "--yes")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "Removed: 1 cell, 0.0 MiB"
    assert cells(runs) == ["ce seed-1", "ce seed-2", "ce seed-3", "ce seed-5", "eacl seed-1"]


def test_nothing_to_remove_is_no_mistake(rm):
    outcome = rm("--state", "damaged", "--yes")
    assert (outcome.code, outcome.out, outcome.err) == (0, "There is no such cell.\n", "")


def test_what_is_left_is_named_and_the_exit_code_says_so(rm, runs):
    folder = runs.joinpath("meld", "ce", "minilm", "a" * 12)
    (folder / "seed-2" / "notes.txt").write_text("mine")
    with CellWriter(folder / "seed-3").open():
        outcome = rm("--method", "ce", "--yes")
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        f"Left: {folder / 'seed-2'}: it holds notes.txt, which no run wrote",
        f"Left: {folder / 'seed-3'}: another process is running it",
    ]
    assert outcome.out.splitlines()[-1] == "Removed: 3 cells, 0.0 MiB"
    assert cells(runs) == ["ce seed-2", "ce seed-3", "eacl seed-1"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--method", "eacle"), "no cell here has the method 'eacle'; did you mean eacl?"),
        (("--seed", "-1"), "Invalid value for '--seed'"),
        (("--state", "old"), "Invalid value for '--state'"),
        (("--older-than", "-1"), "Invalid value for '--older-than'"),
    ],
)
def test_a_mistake_removes_nothing(rm, runs, arguments, sentence):
    outcome = rm(*arguments, "--yes")
    assert outcome.code == 2
    assert sentence in outcome.err
    assert len(cells(runs)) == 6


def test_age_and_partial_runs(rm, runs):
    assert "Removed: 1 cell," in rm("--state", "partial", "--yes").out
    assert rm("--older-than", "100000", "--yes").out == "There is no such cell.\n"
    # Those of the fixture ended in 2025; the failed one does not say when, and was written just now.
    assert "Removed: 4 cells," in rm("--older-than", "1", "--yes").out
    assert cells(runs) == ["ce seed-7"]


def test_no_torch_but_for_what_is_stale(runs):
    script = (
        "import sys; from erc_bench.cli import main\n"
        f"main(['rm', '--runs', {str(runs)!r}, '--state', 'failed', '--yes'])\n"
        "print([name for name in ('torch', 'transformers', 'pandas', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"

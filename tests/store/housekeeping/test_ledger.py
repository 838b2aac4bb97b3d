"""Cells come and go; the ledger only grows."""

import json
import shutil

import pytest
import store_fixture
from click.testing import CliRunner

from erc_bench.commands.archive import archive
from erc_bench.commands.rm import rm
from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.housekeeping.removing import keep_in_ledger
from erc_bench.store.ledger import append, entry_of, read_ledger
from erc_bench.store.reading import read_cell


@pytest.fixture
def ledgered(store):
    """Two cells that were scored, and are in the ledger, and one that only looked at dev."""
    folders = [store.add("ce", seed) for seed in (1, 2)]
    append(store.runs, [entry_of(folder, read_cell(folder).record) for folder in folders])
    store.add("ce", 3, dev_only=True)
    return store.runs


def command(what, runs, *arguments):
    done = CliRunner().invoke(what, ["--runs", str(runs), *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def seeds(runs):
    return [entry.address.seed for entry in read_ledger(runs)]


def test_no_cell_is_looked_for_in_a_ledger(ledgered):
    found = find_cells(ledgered)
    assert [cell.seed for cell in found.cells] == [1, 2, 3]
    assert (found.foreign_entries, found.aside) == ([], [])


def test_removing_keeps_the_ledger_and_says_nothing_of_it(ledgered):
    before = (ledgered / "ledger.jsonl").read_bytes()
    told = command(rm, ledgered, "--method", "ce", "--yes")
    assert "ledger" not in told
    assert find_cells(ledgered).cells == []
    assert (ledgered / "ledger.jsonl").read_bytes() == before


def test_cells_of_before_the_ledger_are_entered_when_they_go(store):
    folder = store.add("ce", 1)
    expected = entry_of(folder, read_cell(folder).record).result
    command(rm, store.runs, "--method", "ce", "--yes")
    (entry,) = read_ledger(store.runs)
    assert entry.result == expected
    # When the cell ended, not when it went.
    assert entry.scored.startswith("2025-01-01")


def test_archiving_away_keeps_the_ledger(ledgered, tmp_path):
    before = (ledgered / "ledger.jsonl").read_bytes()
    command(archive, ledgered, "--method", "ce", "--output", tmp_path / "cells.tar.gz", "--remove", "--yes")
    assert find_cells(ledgered).cells == []
    assert (ledgered / "ledger.jsonl").read_bytes() == before


def test_restoring_adds_what_is_not_there(ledgered, tmp_path):
    file = tmp_path / "cells.tar.gz"
    command(archive, ledgered, "--method", "ce", "--output", file)
    command(archive, tmp_path / "new", "--restore", file)
    assert seeds(tmp_path / "new") == [1, 2]
    shutil.rmtree(ledgered / "meld")
    command(archive, ledgered, "--restore", file)
    assert seeds(ledgered) == [1, 2]


def test_copying_takes_the_cells_lines_along(ledgered, tmp_path):
    command(archive, ledgered, "--seed", "2", "--to", tmp_path / "copy")
    assert seeds(tmp_path / "copy") == [2]


def test_another_result_of_the_same_cell_is_added(ledgered):
    (folder,) = ledgered.glob("*/*/*/*/seed-1")
    file = folder / "predictions.csv"
    file.write_text(file.read_text().replace("joy,joy", "joy,anger"))
    store_fixture.write_status(folder)
    keep_in_ledger(find_cells(ledgered).cells, ledgered)
    assert seeds(ledgered) == [1, 2, 1]


def test_a_ledger_that_cannot_be_written_stops_a_removal(store):
    folder = store.add("ce", 1)
    (store.runs / "ledger.jsonl").mkdir()
    done = CliRunner().invoke(rm, ["--runs", str(store.runs), "--method", "ce", "--yes"])
    assert isinstance(done.exception, ErcBenchError)
    assert "ledger.jsonl cannot be written" in done.exception.message
    assert json.loads((folder / "status.json").read_text())["status"] == "done"

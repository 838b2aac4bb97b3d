"""Whoever scores a cell on test is in the ledger, even where the cell never came to be done."""

import pytest

from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.ledger import read_ledger
from erc_bench.store.writing import CellWriter

MAJORITY = ("majority",)


def named(grid):
    return [(entry.address.method, entry.address.seed) for entry in read_ledger(grid.runs)]


def test_every_cell_that_is_scored_is_entered_once(grid):
    grid.run(*MAJORITY, seeds=(1, 2))
    grid.run(*MAJORITY, seeds=(1, 2))
    assert named(grid) == [("majority", 1), ("majority", 2)]
    (entry, _), (cell, _) = read_ledger(grid.runs), read_cells(grid.runs)
    assert entry.address.folder(grid.runs) == cell.folder
    assert entry.data_fingerprint == cell.record["data"]["fingerprint"]
    assert (entry.regime, entry.limit) == (cell.record["regime"], None)
    assert entry.version == cell.record["provenance"]["versions"]["erc-bench"]


def test_running_again_is_another_look(grid):
    grid.run(*MAJORITY)
    grid.run(*MAJORITY, overwrite="always")
    assert named(grid) == [("majority", 1)] * 2


def test_a_partial_run_says_so(grid):
    grid.run(*MAJORITY, limit=2)
    assert [entry.limit for entry in read_ledger(grid.runs)] == [2]


def test_a_cell_that_never_sees_test_is_not_entered(grid):
    grid.run(*MAJORITY, dev_only=True)
    assert [cell.status for cell in read_cells(grid.runs)] == ["done"]
    assert not (grid.runs / "ledger.jsonl").exists()


@pytest.mark.parametrize("method", ["finish", "write_record"])
def test_a_kill_before_the_cell_is_done_hides_nothing(grid, monkeypatch, method):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(CellWriter, method, killed)
    with pytest.raises(KeyboardInterrupt):
        grid.run(*MAJORITY)
    assert [cell.status for cell in read_cells(grid.runs)] != ["done"]
    assert named(grid) == [("majority", 1)]


def test_without_a_ledger_no_cell_is_done(grid):
    (grid.runs / "ledger.jsonl").mkdir(parents=True)
    grid.run(*MAJORITY)
    (cell,) = read_cells(grid.runs)
    assert cell.status == "failed"
    assert "ledger.jsonl" in cell.error

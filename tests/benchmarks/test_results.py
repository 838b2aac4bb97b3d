"""Committed tables are what the committed records and answers give."""

from pathlib import Path

import pytest

from erc_bench.experiments.compare import suite_tables
from erc_bench.store.index.all_cells import read_cells

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("name", ["laptop", "dialogue-laptop", "dialogue-laptop-speakers"])
def test_committed_tables_come_out_of_the_committed_cells(name):
    results = BENCHMARKS / "results" / name
    cells = read_cells(results)
    assert [cell.name for cell in cells if cell.status != "done"] == []
    notes = []
    tables = dict(suite_tables(BENCHMARKS / "suites" / f"{name}.toml", cells, "markdown", None, notes.append))
    committed = {file.name: file.read_text(encoding="utf-8") for file in (results / "tables").iterdir()}
    assert committed == tables

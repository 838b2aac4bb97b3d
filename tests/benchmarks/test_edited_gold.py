"""The replay of edited gold labels over committed cells: what was a dagger is a sentence."""

import importlib.util
import sys
from pathlib import Path

import pytest

from erc_bench.comparison import compare
from erc_bench.store.index.all_cells import read_cells

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "edited_gold.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("edited_gold", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_sixty_edited_labels_in_each_seed_leave_a_method_out(script, tmp_path):
    script.copy_cells(tmp_path, ["ce", "eacl", "supcon"])
    honest = read_cells(tmp_path)
    assert len(script.edit_cells(tmp_path, "eacl", 60)) == 5
    cells = read_cells(tmp_path)
    assert {cell.status for cell in cells} == {"done"}
    gained = [
        after.record["metrics"]["test"]["weighted_f1"] - before.record["metrics"]["test"]["weighted_f1"]
        for before, after in zip(honest, cells, strict=True)
        if after.method == "eacl"
    ]
    assert min(gained) > 1.5
    comparison = compare(cells)
    assert [row.key.method for row in comparison.rows] == ["ce", "supcon"]
    expected = (
        "meld: 5 cells of eacl (seeds 1-5) are left out: 60 of 2610 gold labels differ from those of 10 other cells"
    )
    assert expected in comparison.notes

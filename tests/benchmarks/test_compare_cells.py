"""The benchmark of `compare`: its cells are whole and consistent, and every command is measured."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from erc_bench import comparison
from erc_bench.output.tables import render
from erc_bench.store.index.all_cells import read_cells

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "compare_cells.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("compare_cells", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_a_thousand_cells_are_named(script):
    addresses = [address for _, _, address in script.Size().addresses()]
    assert script.Size().cells == len(set(addresses)) == 1000


@pytest.mark.parametrize("packed", [False, True])
def test_records_and_answers_agree_and_are_of_the_size_of_meld(script, tmp_path, packed):
    script.write_cells(tmp_path, script.Size(2, 2, 2), packed)
    cells = read_cells(tmp_path)
    assert [cell.error for cell in cells] == [""] * 8
    checked = comparison.compare(cells)
    assert checked.notes == ()
    assert {(column.dialogues, column.utterances) for column in checked.columns} == {(280, 2610)}
    believed = comparison.compare(cells, tests=comparison.Tests(unit="seed"))
    tables = [json.loads(render(each, "json")) for each in (checked, believed)]
    for read, recorded in zip(tables[0]["columns"], tables[1]["columns"], strict=True):
        for ours, theirs in zip(read["scores"], recorded["scores"], strict=True):
            assert ours["values"] == pytest.approx(theirs["values"])


def test_every_command_is_measured_in_turn_with_other_code(script):
    command = [sys.executable, str(SCRIPT), "--quick", "--against", str(SCRIPT.parents[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, titles, *lines = done.stdout.splitlines()
    assert first.startswith("24 cells (2 datasets x 3 methods x 4 seeds), 1 repetition")
    assert titles.split()[0] == "command"
    assert [line[:28].strip() for line in lines[::2]] == list(script.COMMANDS)
    assert [line[28:36].strip() for line in lines] == ["this", "other"] * len(script.COMMANDS)
    for line in lines:
        assert all(float(figure) > 0 for figure in line[36:].split())

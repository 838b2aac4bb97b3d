"""A finished cell that was damaged: every command sees it, no command trips over it, and a run repairs it."""

import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import store_fixture

from erc_bench.running.state import find
from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.housekeeping.packing import pack
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.reading import REMEDY, read_cell


def _program():
    """Load the benchmark that makes the damage."""
    file = Path(__file__).parents[2] / "benchmarks" / "damage.py"
    specification = importlib.util.spec_from_file_location("damage", file)
    module = importlib.util.module_from_spec(specification)
    sys.modules["damage"] = module
    specification.loader.exec_module(module)
    return module


damage = _program()
DAMAGES = [pytest.param(name, kind, id=f"{name}-{kind.__name__}") for name in damage.FILES for kind in damage.KINDS]
SAID = ["damaged", "runs again", "left out, named", "left out, named", "left, named", "removed"]


@pytest.fixture
def first(done):
    """The cell that is damaged."""
    return done.folders()[0]


def run(grid, tools, **asked):
    return grid.run("ce", seeds=(1, 2), settings=tools.frozen, **asked)


@pytest.mark.parametrize(("name", "kind"), DAMAGES)
def test_every_command_sees_the_damage_and_the_other_cell(done, first, name, kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    present = read_cell(first).record["inputs"]
    kind(first / name)
    cell = read_cell(first)
    assert cell.error.startswith(name)
    assert cell.remedy == REMEDY
    assert list(damage.said(first, done.runs, present, 120)) == SAID
    (other,) = read_cells(done.runs)
    assert (other.status, other.verified) == ("done", True)


@pytest.mark.parametrize(("name", "kind"), DAMAGES)
def test_a_run_repairs_the_damage_and_leaves_what_a_link_led_to(done, first, tools, name, kind):
    predictions = (first / "predictions.csv").read_bytes()
    content = (first / name).read_bytes()
    kind(first / name)
    outcome = run(done, tools, overwrite="missing")
    assert [plan.seed for plan in outcome.ran] == [1]
    assert [plan.seed for plan in outcome.skipped] == [2]
    assert read_cell(first).verified
    assert (first / "predictions.csv").read_bytes() == predictions
    if kind is damage.replaced_by_a_link:
        assert (done.runs.parent / f"copy of {name}").read_bytes() == content


@pytest.mark.parametrize("name", damage.FILES)
def test_a_folder_that_holds_something_is_left_and_named(done, first, tools, name):
    before = tools.content(first)
    (first / name).unlink()
    (first / name).mkdir()
    (first / name / "mine").write_text("mine")
    assert read_cell(first).remedy == f"Move {name} away, which holds mine, and run the cell again."
    outcome = run(done, tools, overwrite="always")
    ((plan, reason),) = outcome.failed
    assert plan.seed == 1
    assert reason == (
        f"{first / name} is a folder that holds mine, where a file of the cell belongs\n"
        "Move it away, then run the cell again."
    )
    others = [each for each in before if each != name]
    assert tools.content(first, *others) == {each: before[each] for each in others}
    (foreign_entry,) = find_cells(done.runs).foreign_entries
    assert foreign_entry.why == f"it holds {name}/mine, which no run wrote"
    (first / name).rename(done.runs.parent / "away")
    assert len(run(done, tools).ran) == 1
    assert read_cell(first).status == "done"


@pytest.mark.parametrize("name", [".lock", ".record.json.part", "traceback.txt", "model", ".model.part"])
@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_whatever_lies_in_the_place_of_another_file_a_run_makes_room(done, first, tools, name, kind):
    elsewhere = done.runs.parent / "elsewhere"
    elsewhere.write_text("mine")
    (first / name).unlink(missing_ok=True)
    put = {"pipe": os.mkfifo, "link": lambda path: path.symlink_to(elsewhere), "folder": Path.mkdir}
    put[kind](first / name)
    assert len(run(done, tools, overwrite="always").ran) == 2
    assert elsewhere.read_text() == "mine"
    names = {path.name for path in first.iterdir()}
    assert names == {"predictions.csv", "arrays.safetensors", "record.json", "status.json", ".lock"}


def test_a_pipe_in_a_failed_cell_stops_nothing(done, first, tools):
    store_fixture.write_status(first, [])
    (first / "status.json").write_text('{"status": "failed", "error": "once", "files": [], "inputs": {}}')
    for name in ("record.json", "traceback.txt", "arrays.safetensors"):
        (first / name).unlink(missing_ok=True)
        os.mkfifo(first / name)
    assert (read_cell(first).status, read_cell(first).error) == ("failed", "once")
    cells = find_cells(done.runs).cells
    packed = pack(cells, done.runs.parent / "cells.tar.gz")
    assert [(cell.seed, why) for cell, why in packed.left] == [(1, "arrays.safetensors is a pipe, not a file")]
    assert "earlier" in run(done, tools).failed[0][1]
    assert [plan.seed for plan in run(done, tools, overwrite="failed").ran] == [1]


def test_a_cell_that_did_not_say_what_it_held_is_done_and_not_verified(done, first, tools):
    store_fixture.without_contents(first)
    cell = read_cell(first)
    assert (cell.status, cell.verified) == ("done", False)
    assert len(run(done, tools).skipped) == 2
    damage.replaced_by_a_link(first / "arrays.safetensors")
    assert read_cell(first).error == "arrays.safetensors is a link, not a file"


def test_what_no_status_lists_is_not_read(done, first):
    (first / "predictions.csv.gz").write_bytes(b"another one's")
    assert read_cell(first).error == "predictions.csv.gz is there, which status.json does not list"


def test_the_commands_take_no_part_of_a_cell_for_another_ones(done, first):
    other = done.folders()[1]
    (first / "record.json").write_bytes((other / "record.json").read_bytes())
    store_fixture.write_status(first)
    assert read_cell(first).error.startswith("record.json is that of another cell, meld/ce/")


def test_a_look_ahead_says_what_is_damaged(done, first):
    damage.emptied(first / "predictions.csv")
    plain = SimpleNamespace(readouts=(), audit=False, save_representations=False, save_model=False)
    found = find(first, read_cell(done.folders()[1]).record["inputs"], plain)
    assert found.state == "missing"
    assert found.reason.startswith("predictions.csv is damaged: 0 bytes of ")

"""Cells go as a whole or not at all, and nothing else goes."""

import pytest

from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.housekeeping.removing import put_aside, remove_cell, remove_leftovers
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.writing import CellWriter

MANY = 10


def test_a_cell_goes_and_its_empty_folders_with_it(runs, cell_at, contents):
    before = contents(runs)
    assert remove_cell(cell_at("eacl", 1, "emorynlp"), runs) == ""
    assert contents(runs) == {name: content for name, content in before.items() if not name.startswith("emorynlp")}
    assert remove_cell(cell_at("ce", 3), runs) == ""
    assert [cell.seed for cell in find_cells(runs).cells] == [1, 2, 4, 5, 6]


def test_a_parent_that_holds_something_else_stays(runs, cell_at):
    (runs / "emorynlp" / "notes.txt").write_text("mine")
    assert remove_cell(cell_at("eacl", 1, "emorynlp"), runs) == ""
    assert [path.name for path in (runs / "emorynlp").iterdir()] == ["notes.txt"]


def test_the_folder_of_runs_stays(store):
    store.add("ce", 1)
    (cell,) = find_cells(store.runs).cells
    assert remove_cell(cell, store.runs) == ""
    assert list(store.runs.iterdir()) == []


def test_a_cell_that_another_process_runs_is_left(runs, cell_at, hold, contents):
    cell = cell_at("ce", 5)
    hold(cell.path)
    before = contents(runs)
    assert remove_cell(cell, runs) == "another process is running it"
    assert contents(runs) == before


def test_what_a_link_in_the_place_of_a_lock_leads_to_stays(runs, cell_at, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (cell_at("ce", 1).path / ".lock").symlink_to(elsewhere)
    assert remove_cell(cell_at("ce", 1), runs) == ""
    assert elsewhere.read_text() == "mine"


def test_a_cell_that_ended_after_it_was_listed_is_left(runs, cell_at):
    cell = cell_at("ce", 5)
    with CellWriter(cell.path).open() as writer:
        writer.finish("done")
    assert remove_cell(cell, runs) == "it changed in the meantime"
    assert cell.path.is_dir()


def test_a_file_that_came_after_the_cell_was_listed_stays_with_it(runs, cell_at):
    cell = cell_at("ce", 1)
    (cell.path / "notes.txt").write_text("mine")
    assert remove_cell(cell, runs) != ""
    assert (cell.path / "notes.txt").read_text() == "mine"
    assert (cell.path / "record.json").is_file()


def test_a_cell_that_is_gone_already_is_told(runs, cell_at):
    cell = cell_at("ce", 1)
    assert remove_cell(cell, runs) == ""
    assert remove_cell(cell, runs) == "it is gone already"
    assert not cell.path.exists()


def test_a_cell_that_was_put_aside_is_no_cell(runs, cell_at):
    aside = put_aside(cell_at("ce", 1).path)
    assert aside.parent == cell_at("ce", 2).path.parent
    assert "seed-1" not in {cell.folder.name for cell in read_cells(runs) if cell.method == "ce"}
    found = find_cells(runs)
    assert found.aside == [aside]
    assert len(found.cells) == 6
    assert remove_leftovers(found.aside, runs, before=0.0) == 1
    assert not aside.exists()


def test_an_unpacking_that_may_go_on_is_left(runs):
    incoming = runs / ".incoming-0123456789ab"
    incoming.mkdir()
    moment = incoming.stat().st_mtime
    assert remove_leftovers(find_cells(runs).aside, runs, before=moment - 1) == 0
    assert remove_leftovers(find_cells(runs).aside, runs, before=moment + 1) == 1


def test_hidden_folders_of_others_are_left(runs):
    for name in (".removed-mine", ".removed-0123456789abc", ".git"):
        (runs / name).mkdir()
    (runs / ".removed-0123456789ab").symlink_to(runs / "meld")
    assert find_cells(runs).aside == []


@pytest.mark.parametrize("removals", [1, MANY // 2])
def test_a_removal_that_is_killed_leaves_whole_cells_and_the_next_one_tidies_up(
    runs, store, command_line, killed_at, contents, removals
):
    folders = [store.add("many", seed, dataset="demo") for seed in (1, 2, 3)]
    # The removal of the second one is killed in its middle.
    (folders[1] / "model").mkdir()
    for number in range(MANY):
        (folders[1] / "model" / f"{number}.part.json").write_text("{}")
    before = contents(runs)
    removed = ("rm", "--runs", runs, "--dataset", "demo", "--yes")
    assert killed_at("os.remove", ".part.json", removals, *removed)
    assert not folders[0].exists()
    left = {name: content for name, content in contents(runs).items() if ".removed-" not in name}
    # What still has its name is what it was, byte for byte; what has not is no cell.
    assert left.items() <= before.items()
    assert {name for name in before if name.startswith(cell_name(folders[2], runs))} <= left.keys()
    assert [cell.folder for cell in read_cells(runs) if cell.dataset == "demo"] == [folders[2]]
    assert list(runs.rglob(".removed-*"))
    done = command_line(*removed)
    assert done.returncode == 0, done.stderr
    assert not list(runs.rglob(".removed-*"))
    assert not (runs / "demo").exists()
    assert contents(runs) == {name: content for name, content in before.items() if not name.startswith("demo")}


def cell_name(folder, runs):
    return folder.relative_to(runs).as_posix()

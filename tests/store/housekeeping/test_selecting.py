"""Which cells are meant."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.housekeeping.selecting import DAY, CellSelection, choose


@pytest.fixture
def pick(runs):
    """Return method and seed of the cells that a selection means."""

    def pick(now=0.0, stale=(), **asked):
        def staleness(cells):
            assert all(cell.status == "done" for cell in cells)
            return {cell.path: "the data changed since" for cell in cells if (cell.parts[1], cell.seed) in stale}

        chosen = choose(find_cells(runs), CellSelection(**asked), now, staleness)
        return [(cell.parts[1], cell.seed) for cell in chosen.cells]

    return pick


@pytest.mark.parametrize(
    ("asked", "cells"),
    [
        ({"methods": ["eacl"]}, [("eacl", 1)]),
        ({"datasets": ["emorynlp", "meld"], "seeds": [1]}, [("eacl", 1), ("ce", 1)]),
        ({"backbones": ["org/model"]}, [("eacl", 1)]),
        ({"backbones": ["org--model"]}, [("eacl", 1)]),
        ({"states": ["failed"]}, [("ce", 3)]),
        ({"states": ["interrupted", "half-written"]}, [("ce", 4), ("ce", 5)]),
        ({"states": ["partial"]}, [("ce", 2)]),
        ({"states": ["done"]}, [("eacl", 1), ("ce", 1), ("ce", 2)]),
        ({"states": ["damaged"], "methods": ["eacl"]}, []),
        ({"settings": ["aaaa"], "states": ["damaged"]}, [("ce", 6)]),
        ({"states": ["stale"], "stale": [("ce", 1)]}, [("ce", 1)]),
        ({"states": ["stale", "failed"], "stale": [("ce", 1)]}, [("ce", 1), ("ce", 3)]),
        ({"states": ["stale"], "methods": ["eacl"], "stale": [("ce", 1)]}, []),
    ],
)
def test_all_that_is_asked_must_hold_and_one_of_each_suffices(pick, asked, cells):
    assert pick(**asked) == cells


@pytest.mark.parametrize("name", ["x/y", "x--y"])
def test_names_that_share_a_folder_are_told_apart_by_the_records(store, runs, name):
    store.add("x/y", 1)
    store.add("x--y", 1, settings_hash="bbbbbbbbbbbb")
    # Of which of the two this is nobody knows.
    store.fail("x--y", 2, "out of memory")
    cells = choose(find_cells(runs), CellSelection(methods=[name]), 0.0, lambda cells: {}).cells
    assert [cell.names[1] for cell in cells if cell.names] == [name]
    assert [cell.seed for cell in cells if not cell.names] == [2]


def test_what_has_no_record_is_called_as_its_neighbours(store, runs):
    store.add("x--y", 1)
    store.fail("x--y", 2, "out of memory")
    found = find_cells(runs)
    for name, seeds in (("x--y", [1, 2]), ("x/y", [])):
        cells = choose(found, CellSelection(methods=[name]), 0.0, lambda cells: {}).cells
        assert [cell.seed for cell in cells] == seeds


def test_age_is_counted_from_the_end(pick, cell_at):
    ended = cell_at("ce", 1).moment
    assert pick(now=ended + 10 * DAY, older_than=11) == []
    assert ("ce", 1) in pick(now=ended + 10 * DAY, older_than=9)


def test_staleness_is_looked_at_where_it_is_asked_for(runs):
    def never(cells):
        raise AssertionError

    choose(find_cells(runs), CellSelection(states=["done"]), 0.0, never)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"methods": ["eacle"]}, "no cell here has the method 'eacle'; did you mean eacl?"),
        ({"datasets": ["medl"]}, "did you mean meld?"),
        ({"backbones": ["simcse"]}, "no cell here has the backbone 'simcse'"),
        ({"settings": ["b"]}, "no cell here has settings whose hash begins with 'b'"),
    ],
)
def test_a_name_that_nothing_bears_is_an_error(pick, asked, sentence):
    with pytest.raises(ErcBenchError, match=sentence.replace("?", r"\?")):
        pick(**asked)


def test_foreign_entries_are_told_where_they_stand_among_what_is_meant(runs, cell_at):
    (cell_at("ce", 1).path / "notes.txt").write_text("mine")
    (runs / "linked").symlink_to(runs / "meld")

    def foreign_entries(**asked):
        chosen = choose(find_cells(runs), CellSelection(**asked), 0.0, lambda _: {})
        return [foreign_entry.path.name for foreign_entry in chosen.foreign_entries]

    assert foreign_entries(methods=["ce"]) == ["linked", "seed-1"]
    assert foreign_entries(datasets=["meld"]) == ["seed-1"]
    assert foreign_entries(datasets=["emorynlp"]) == []
    assert foreign_entries(datasets=["meld"], seeds=[2]) == []

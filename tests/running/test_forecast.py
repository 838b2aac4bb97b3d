"""What a dry run looks at: the states that a run would find."""

import json

import pytest
import store_fixture

from erc_bench.running.staleness import Outlook

FROZEN = ("encoder.trainable=none", "training.epochs=2")


@pytest.fixture
def look(grid):
    """Return states and reasons by method, and what was told."""

    def look(*methods, data_dir=None, **asked):
        told = []
        outlook = Outlook(grid.runs, data_dir or grid.data_dir, told.append)
        plans = grid.plans(methods, settings=FROZEN, **asked)
        found = {(plan.address.method, plan.seed): outlook.find(plan) for plan in plans}
        return {key: (each.state, each.reason) for key, each in found.items()}, told

    return look


@pytest.fixture
def ran(grid):
    grid.run("ce", "majority", settings=FROZEN)
    return grid


def change(grid, method, **inputs):
    """Write into a record that its inputs were others."""
    (folder,) = [folder for folder in grid.folders() if folder.parts[-4] == method]
    record = json.loads((folder / "record.json").read_text())
    record["inputs"] |= inputs
    (folder / "record.json").write_text(json.dumps(record))
    store_fixture.write_status(folder)


def test_what_is_done_and_what_is_missing(ran, look):
    assert look("ce", "majority", seeds=(1, 2)) == (
        {
            ("ce", 1): ("done", ""),
            ("majority", 1): ("done", ""),
            ("ce", 2): ("missing", ""),
            ("majority", 2): ("missing", ""),
        },
        [],
    )


def test_what_changed_and_what_is_asked_for_besides(ran, look):
    change(ran, "ce", backbone="0")
    change(ran, "majority", data="0")
    assert look("ce", "majority")[0] == {
        ("ce", 1): ("stale", "the backbone changed since"),
        ("majority", 1): ("stale", "the data changed since"),
    }
    assert look("ce", readouts=("centroid",))[0] == {("ce", 1): ("missing", "it has not been read by centroid yet")}


def test_a_corpus_that_is_not_here_is_told_once_and_counts_as_unchanged(ran, look, tmp_path):
    change(ran, "majority", code={"system": "0"})
    found, told = look("ce", "majority", data_dir=tmp_path / "nothing")
    assert found == {("ce", 1): ("done", ""), ("majority", 1): ("stale", "the code of system changed since")}
    (sentence,) = told
    assert sentence.startswith("the corpus meld was not looked at: ")

"""Whether the comparisons of a table were declared before its cells were scored on test."""

from dataclasses import replace

import pytest

from erc_bench.comparison import compare
from erc_bench.comparison.declared_family import DeclaredFamily
from erc_bench.comparison.families import Contrasts
from erc_bench.comparison.rows import Baseline
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.ledger import append, entry_of

TIMES = [f"2026-03-0{day}T12:00:00+00:00" for day in range(1, 7)]


@pytest.fixture
def scored(store):
    """Six cells, scored on six days."""
    store.add_seeds("ce", [0.5, 0.52, 0.48])
    store.add_seeds("eacl", [0.6, 0.58, 0.63])
    cells = read_cells(store.runs)
    append(
        store.runs,
        [replace(entry_of(cell.folder, cell.record), scored=time) for cell, time in zip(cells, TIMES, strict=True)],
    )
    return store


def told(store, since, others=0):
    family = DeclaredFamily("table2", (Contrasts(Baseline("ce"), ("ce", "eacl")),), since, others)
    caption = compare(read_cells(store.runs), baseline="ce", declared=family, short_caption=True).caption
    (sentence,) = (each for each in caption if "suite table2" in each)
    return sentence


def test_a_declaration_before_all_runs(scored):
    assert told(scored, "2026-02-28T08:30:00+00:00") == (
        "The comparisons are those that suite table2 declared, on record since 2026-02-28 08:30 UTC: before any of"
        " these cells was scored on test."
    )


def test_a_declaration_after_some_of_them(scored):
    assert "12:00 UTC: 3 of the 6 cells had been scored on test by then." in told(scored, TIMES[3])


def test_none_on_record(scored):
    assert told(scored, "") == (
        "The comparisons are those of suite table2 as it is now: there is no record in this folder of runs of when they"
        " were declared."
    )


def test_other_comparisons_of_a_suite_of_that_name(scored):
    assert told(scored, TIMES[0], others=2).endswith(" It declared 2 other sets of comparisons as well.")


def test_cells_of_which_no_ledger_tells_the_time(scored):
    scored.add("ce", 4, accuracy=0.5)
    scored.add("eacl", 4, accuracy=0.5)
    assert "of 2 of the 8 cells it is not known when they were scored" in told(scored, TIMES[0])


def test_without_a_suite_nothing_is_said(scored):
    assert "declared" not in " ".join(compare(read_cells(scored.runs), baseline="ce").caption)

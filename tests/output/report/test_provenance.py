import json
from dataclasses import replace

from erc_bench.output.report.provenance import data_table, hardware_table, runs_table, settings_table, software_table


def with_provenance(shown, **changes):
    """Return the row with another provenance in the record of its first seed."""
    first = shown.score.seeds[0]
    cell = shown.cells[first]
    record = json.loads(json.dumps(cell.record))
    record["provenance"] |= changes
    return replace(shown, cells={**shown.cells, first: replace(cell, record=record)})


def test_runs(found):
    rows = runs_table(found.shown).rows
    assert len(rows) == 8
    by_name = {(row[0], row[1]): row[2:] for row in rows}
    ce = by_name["talk", "ce · minilm"]
    assert ce == ("1-3", "aaaaaaaaaaaa", "default", "dev: 5, 5, 5", "-", "cpu, float32", "13")


def test_degenerate_seeds_are_named_with_their_reason(found):
    shown = found.shown[0]
    shown = replace(
        shown, score=replace(shown.score, degenerate={1: "predicts only joy", 2: "predicts only joy", 3: "it is low"})
    )
    assert "seeds 1-2: predicts only joy; seed 3: it is low" in runs_table([shown]).rows[0]


def test_reasons_that_differ_in_numbers_are_one(found):
    shown = found.shown[0]
    reasons = {1: "F1 31.02 is not above 73.43", 2: "F1 9.58 is not above 73.43", 3: "F1 30.00 is not above 73.43"}
    changed = replace(shown, score=replace(shown.score, degenerate=reasons))
    assert "seeds 1-3: F1 9.58 to 31.02 is not above 73.43" in runs_table([changed]).rows[0]


def test_software_counts_the_cells_of_each_state(found):
    assert software_table(found.shown).rows == (("not recorded", "not recorded", "24"),)
    git = {"revision": "0123456789abcdef", "dirty": True}
    changed = with_provenance(found.shown[0], git=git, versions={"python": "3.11.7", "torch": "2.13.0"})
    rows = software_table([changed, *found.shown[1:]]).rows
    assert rows[0][-1] == "23"
    assert rows[1] == ("0123456789ab with uncommitted changes", "python 3.11.7, torch 2.13.0", "1")


def test_a_cell_that_two_classifiers_read_counts_once(found):
    shown = found.shown[0]
    assert hardware_table([shown, shown]).rows == (("cpu", "Some CPU", "-", "Linux", "2", "3"),)


def test_records_without_provenance_are_told_as_such(found):
    shown = found.shown[0]
    cells = {
        seed: replace(cell, record={**cell.record, "provenance": {}, "data": {}}) for seed, cell in shown.cells.items()
    }
    bare = [replace(shown, cells=cells)]
    assert hardware_table(bare).rows == (("-", "-", "-", "-", "-", "3"),)
    assert data_table(bare).rows[0][1:] == ("not recorded", "-", "", "", "-")
    assert "unknown" in runs_table(bare).rows[0]


def test_data(found):
    rows = {row[0]: row[1:] for row in data_table(found.shown).rows}
    assert list(rows) == ["meld", "talk"]
    dialogues = "train 12, dev 12, test 12"
    assert rows["meld"] == ("f00dfeedcafe", "-", dialogues, "train 96, dev 96, test 96", "-")


def test_settings_have_their_origins(found):
    rows = settings_table(found.shown[0]).rows
    assert ("objective", "cross-entropy", "choice") in rows
    assert ("training.epochs", "8", "default (frozen)") in rows
    assert ("objective.temperature", "0.1", "paper") in rows

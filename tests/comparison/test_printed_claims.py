"""Claims of printed tables, read from the printed numbers, and our readings of them."""

import numpy as np
import pytest
from scipy import stats

from erc_bench.comparison import compare
from erc_bench.comparison.against_reported import printed_claims
from erc_bench.comparison.comparison_data import ReportedRow
from erc_bench.comparison.reported_numbers import reported_numbers
from erc_bench.output.tables.against_reported import MOST, printed_notes, printed_table, readings_notes, readings_table
from erc_bench.store.index.all_cells import read_cells


def compared(store, *reported, **request):
    return compare(read_cells(store.runs), reported=reported, **request)


@pytest.fixture
def filled(store):
    store.add_seeds("ce", [0.5, 0.52, 0.51])
    store.add_seeds("eacl", [0.6, 0.62, 0.59])
    return store


def test_the_daggers_of_table_two_need_so_small_a_spread(filled):
    comparison = compared(filled, "eacl2024/table-2")
    found = {comparison.reported[claim.other].system: claim for claim in comparison.printed_claims}
    assert len(found) == 12
    t = stats.t.ppf(0.975, 4)
    assert found["CoMPM"].largest_sd.value == pytest.approx(0.60 * np.sqrt(5) / t)
    # At that spread the test is on the edge, whatever the five scores were.
    sd = found["SACL"].largest_sd.value
    scores = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    scores = 67.12 + scores * sd / scores.std(ddof=1)
    assert stats.ttest_1samp(scores, 66.45).pvalue == pytest.approx(0.05)
    assert {comparison.reported[claim.claimed].system for claim in found.values()} == {"EACL"}
    origins = {system: comparison.reported[claim.other].origin for system, claim in found.items()}
    assert [system for system, origin in origins.items() if origin == "re-run"] == ["SPCL+CL"]
    assert set(origins.values()) == {"re-run", "copied"}


def test_the_table_of_claims_says_what_it_is(filled):
    comparison = compared(filled, "eacl2024/table-2")
    table = printed_table(comparison)
    assert ("meld", "EACL - CoMPM", "5", "67.12", "66.52", "+0.60", "0.48") in table.rows
    assert ("meld", "EACL - SPCL+CL (re-run)", "5", "67.12", "65.74", "+1.38", "1.11") in table.rows
    notes = " ".join(printed_notes(comparison))
    assert "no run of ours takes part" in notes
    assert "the paper ran that system as well" in notes
    assert printed_table(compared(filled)) is None


def row(system, value, origin="copied", seeds=None, table="Table 2"):
    return ReportedRow(system, "some", "citation", (table,), (value,), origin, seeds)


def test_claims_are_made_within_one_printed_table_by_its_best_own_row():
    rows = [
        row("old", 60.0),
        row("ours", 62.0, "own", 5),
        row("ours, ablated", 61.0, "own", 5),
        row("ours, elsewhere", 65.0, "own", 5, "Table 9"),
        row("newer", 63.0),
        row("of nobody", 50.0, table="Table 10"),
    ]
    claims = printed_claims(rows, 0.05)
    assert [(rows[each.claimed].system, rows[each.other].system) for each in claims] == [
        ("ours", "old"),
        ("ours", "newer"),
    ]
    assert claims[1].largest_sd.reason == "no claim: printed as no better"
    assert printed_claims([], 0.05) == ()


def test_every_number_says_who_ran_it():
    for number in reported_numbers("eacl2024"):
        assert number.origin in ("own", "re-run", "copied")
        own = number.citation == number.printed_in.partition(",")[0]
        assert (number.origin == "own") == own
        assert number.seeds in ((5, None) if own else (None,))


def test_seeds_without_variance_still_leave_a_largest_sd(store):
    constant = ["joy"] * len(store.split.rows())
    store.add_seeds("majority", [0.0] * 5, predicted=constant)
    store.add_seeds("ce", [0.5, 0.52, 0.48, 0.51, 0.50])
    comparison = compared(store, "eacl2024/table-2")
    reading = next(each for each in comparison.readings if comparison.rows[each.row].label == "majority")
    score = comparison.columns[0].scores[reading.row]
    assert score.summary.sd == 0
    difference = score.summary.mean - comparison.reported[reading.reported].values[0]
    t = stats.t.ppf(0.975, 4)
    assert reading.largest_sd.value == pytest.approx(abs(difference) * np.sqrt(5) / t)
    assert all(cells[-1] != "-" for cells in readings_table(comparison).rows)


def test_of_many_readings_those_that_are_looked_for_are_shown(filled):
    for method in ("supcon", "kcl", "spcl-cl"):
        filled.add_seeds(method, [0.3, 0.32, 0.31])
    comparison = compared(filled, "eacl2024/table-2")
    assert len(comparison.readings) == 4 * 13 > MOST
    shown = [cells[1] for cells in readings_table(comparison).rows]
    assert len(shown) == 14
    assert all(cells.startswith("eacl - ") for cells in shown if cells != "spcl-cl - SPCL+CL")
    assert "spcl-cl - SPCL+CL" in shown
    assert "the other 38 are in the JSON" in " ".join(readings_notes(comparison))
    few = compared(filled, "eacl2024/table-4", methods=["ce", "eacl"])
    assert "in the JSON" not in " ".join(readings_notes(few))

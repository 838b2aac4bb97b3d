"""Tests that do not pair the seeds: they read all seeds of either side, and every table says so."""

import numpy as np
import pytest
from scipy import stats

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.output.tables import RENDERERS, render
from erc_bench.output.tables.detail_table import detail_note, detail_table
from erc_bench.output.tables.table_cells import details
from erc_bench.store.index.all_cells import read_cells

CE, EACL = [0.30, 0.32, 0.28, 0.31, 0.30, 0.33, 0.29, 0.27], [0.7, 0.72, 0.69, 0.74]


@pytest.fixture
def store(store):
    store.add_seeds("ce", CE)
    for seed, accuracy in enumerate(EACL, start=7):
        store.add("eacl", seed, accuracy=accuracy)
    for seed, accuracy in enumerate([0.5, 0.52, 0.48], start=20):
        store.add("lacon", seed, accuracy=accuracy)
    return store


def compared(store, **tests):
    return compare(read_cells(store.runs), tests=Asked(**tests))


def text(comparison):
    return " ".join((*comparison.caption, *comparison.notes, detail_note(comparison)))


@pytest.mark.parametrize("test", ["welch", "mann-whitney"])
def test_both_numbers_of_seeds_are_told(store, test):
    comparison = compared(store, test=test, unit="seed")
    assert [each.seeds for each in details(comparison)] == ["4 and 8", "3 and 8"]
    assert "n=3 and 8" in render(comparison, "rich")
    assert "shared seeds" not in text(comparison)


@pytest.mark.parametrize("test", ["welch", "mann-whitney"])
def test_the_interval_is_that_of_all_seeds(store, test):
    comparison = compared(store, test=test, unit="seed")
    first, second = (comparison.columns[0].scores[row].values for row in (2, 0))
    pair = next(pair for pair in comparison.columns[0].pairs if comparison.rows[pair.row].label == "lacon")
    assert comparison.rows[2].label == "lacon"
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    found = pair.interval_test
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.difference == pair.difference == pytest.approx(np.mean(first) - np.mean(second))
    assert "Welch interval over all seeds" in detail_note(comparison)
    shown = next(each for each in details(comparison) if each.comparison == "lacon - ce")
    assert shown.interval == f"[{expected.low:.2f}, {expected.high:.2f}]"
    line = next(line for line in render(comparison, "csv").splitlines() if ",lacon,lacon," in line)
    assert f",{found.difference},{found.low},{found.high}," in line


@pytest.mark.parametrize("test", ["welch", "mann-whitney"])
@pytest.mark.parametrize("unit", ["seed", "both"])
def test_nothing_paired_stands_beside_an_unpaired_test(store, test, unit):
    comparison = compared(store, test=test, unit=unit)
    titles = detail_table(comparison).titles
    assert not {"sign-flip p", "g_z", "r"} & set(titles)
    assert all(len(row) == len(titles) for row in detail_table(comparison).rows)
    for words in ("sign-flip", "g_z", "correlation", "paired t-test"):
        assert words not in text(comparison)
    for form in RENDERERS:
        assert render(comparison, form)


def test_the_joint_test_of_shared_seeds_says_so(store):
    notes = compared(store, test="welch").notes
    assert (
        "meld: the joint test of eacl and ce is over shared seeds; seeds 9-10 exist only for eacl and seeds 1-6 exist"
        " only for ce" in notes
    )
    assert "meld: eacl is compared with ce on shared seeds" not in " ".join(notes)
    paired = compared(store, test="paired-t").notes
    assert any("eacl is compared with ce on shared seeds" in note for note in paired)


def test_what_welch_detects_has_the_power_it_claims(store):
    comparison = compared(store, test="welch", unit="seed")
    pair = next(pair for pair in comparison.columns[0].pairs if comparison.rows[pair.row].label == "eacl")
    first, second = (np.array(comparison.columns[0].scores[row].values) for row in (1, 0))
    error = np.sqrt(first.var(ddof=1) / 4 + second.var(ddof=1) / 8)
    critical = stats.t.isf(0.025, pair.unpaired.df)
    shift = pair.detectable.value / error
    assert stats.nct.sf(critical, pair.unpaired.df, shift) == pytest.approx(0.8, abs=1e-6)
    assert "With these seeds a Welch t-test finds" in text(comparison)

import shutil

import numpy as np
import pytest
from scipy import stats

from erc_bench.comparison import compare, requested_tests
from erc_bench.comparison.declared_family import DeclaredFamily
from erc_bench.comparison.families import Contrasts
from erc_bench.comparison.rows import Baseline
from erc_bench.statistics.corrections import CORRECTIONS
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.ledger import append, entry_of

CE = [0.5, 0.52, 0.51, 0.5, 0.53]
ROWS = {
    "eacl": [0.56, 0.55, 0.58, 0.54, 0.57],
    "supcon": [0.52, 0.5, 0.54, 0.51, 0.5],
    "spcl": [0.7, 0.72, 0.69, 0.71, 0.7],
}


@pytest.fixture
def four(store):
    store.add_seeds("ce", CE)
    for method, accuracies in ROWS.items():
        store.add_seeds(method, accuracies)
    return store


def compared(store, **asked):
    tests = requested_tests.Tests(**{key: asked.pop(key) for key in ("all_pairs", "unit", "by") if key in asked})
    return compare(read_cells(store.runs), baseline="ce", tests=tests, **asked)


def pair_of(comparison, label):
    (row,) = (index for index, row in enumerate(comparison.rows) if row.label == label)
    return comparison.columns[0].pair_of(row)


def p_of(comparison, label):
    pair, column = pair_of(comparison, label), comparison.columns[0]
    ours, theirs = (np.array(column.scores[row].values) for row in (pair.row, pair.baseline))
    return stats.ttest_rel(ours, theirs).pvalue


def test_choosing_rows_moves_no_corrected_p(four):
    whole, chosen = compared(four), compared(four, methods=["eacl"])
    assert [row.label for row in chosen.rows] == ["ce", "eacl"]
    for asked in (pair_of(whole, "eacl"), pair_of(chosen, "eacl")):
        expected = CORRECTIONS["holm"]([p_of(whole, name) for name in ROWS])[list(ROWS).index("eacl")]
        assert asked.adjusted_p == pytest.approx(expected)
    assert pair_of(chosen, "eacl").joint_adjusted_p == pytest.approx(pair_of(whole, "eacl").joint_adjusted_p)
    assert (chosen.columns[0].family, chosen.columns[0].joint_family) == (3, 3)
    told = " ".join(chosen.caption)
    assert "over the 3 comparisons of the dataset" in told
    assert "Corrected for as well: comparisons of this folder of runs that are not shown (meld 2)." in told
    assert "not shown" not in " ".join(whole.caption)


def test_a_narrower_family_says_so(four):
    comparison = compared(four, methods=["eacl"], family="shown")
    assert pair_of(comparison, "eacl").adjusted_p == pytest.approx(p_of(comparison, "eacl"))
    assert comparison.columns[0].family == 1
    assert any(
        sentence.startswith("Narrower than usual: only comparisons that are shown") for sentence in comparison.caption
    )


def test_the_family_of_all_datasets_holds_what_is_not_shown_of_each(four):
    four.add_seeds("ce", CE, dataset="emorynlp")
    four.add_seeds("eacl", ROWS["eacl"], dataset="emorynlp")
    comparison = compared(four, methods=["eacl"], family="table")
    assert {column.family for column in comparison.columns} == {4}


def test_a_floor_is_no_comparison_of_the_family(four):
    for seed in range(1, 6):
        four.add("majority", seed, predicted=["neutral"] * len(four.split.rows()), backbone="none")
    comparison = compared(four)
    assert comparison.columns[0].family == 3
    assert pair_of(comparison, "majority").adjusted_p is None
    assert compared(four, methods=["eacl"]).columns[0].family == 3


def test_another_regime_is_another_family(four):
    four.add_seeds("frozen", [0.9, 0.91, 0.92, 0.9, 0.93], regime="frozen")
    assert compared(four, methods=["eacl"]).columns[0].family == 3
    # Where both are shown, both count.
    assert compared(four).columns[0].family == 4


def test_removed_rows_are_remembered(four):
    folders = [four.add("lost", seed, accuracy=0.5 + seed / 100) for seed in (1, 2, 3)]
    once = four.add("once", 1)
    cells = {cell.folder: cell.record for cell in read_cells(four.runs)}
    append(four.runs, [entry_of(folder, cells[folder]) for folder in (*folders, once)])
    assert compared(four).columns[0].family == 4
    for folder in (*folders, once):
        shutil.rmtree(folder)
    comparison = compared(four)
    # What was scored with one seed could not have been tested.
    assert (comparison.columns[0].removed, comparison.columns[0].family) == (1, 4)
    p_values = [p_of(comparison, name) for name in ROWS]
    assert pair_of(comparison, "spcl").adjusted_p == pytest.approx(min(1.0, 4 * min(p_values)))
    assert "removed since count, as if they came last (meld 1)." in " ".join(comparison.caption)


def test_a_suite_declares_its_comparisons(four):
    contrasts = [Contrasts(Baseline("ce"), ("ce", "eacl")), Contrasts(Baseline("supcon"), ("supcon", "spcl"))]
    comparison = compared(four, methods=["eacl"], declared=DeclaredFamily("table2", tuple(contrasts)))
    assert comparison.columns[0].family == 2
    ours, theirs = (
        [cell.record["metrics"]["test"]["weighted_f1"] for cell in read_cells(four.runs) if cell.method == name]
        for name in ("spcl", "supcon")
    )
    expected = CORRECTIONS["holm"]([p_of(comparison, "eacl"), stats.ttest_rel(ours, theirs).pvalue])
    assert pair_of(comparison, "eacl").adjusted_p == pytest.approx(expected[0])
    assert "comparisons that the suite declares that are not shown (meld 1)" in " ".join(comparison.caption)


def test_what_two_tables_of_a_suite_share_counts_once(four):
    contrasts = [Contrasts(Baseline("ce"), ("ce", "eacl", "supcon")), Contrasts(Baseline("ce"), ("eacl",))]
    declared = DeclaredFamily("table2", tuple(contrasts))
    assert compared(four, methods=["eacl"], declared=declared).columns[0].family == 2


def test_all_pairs_of_the_folder_are_the_family_of_all_pairs(four):
    assert compared(four, methods=["eacl", "supcon"], all_pairs=True).columns[0].family == 6


def test_older_settings_of_a_shown_row_count(four):
    older = [four.add("eacl", seed, accuracy=0.5, settings_hash="bbbbbbbbbbbb") for seed in (1, 2, 3)]
    cells = [cell for cell in read_cells(four.runs) if cell.folder not in older]
    comparison = compare(cells, baseline="ce", methods=["eacl"], all_cells=read_cells(four.runs))
    assert comparison.columns[0].family == 4


def test_claims_over_datasets_are_corrected_for_rows_that_are_not_shown(four):
    for method, accuracies in {"ce": CE, **ROWS}.items():
        four.add_seeds(method, accuracies, dataset="emorynlp")
    whole, chosen = compared(four), compared(four, methods=["eacl"])

    def claim(comparison):
        (found,) = (each for each in comparison.over_datasets if comparison.rows[each.row].label == "eacl")
        return found

    assert claim(chosen).adjusted == pytest.approx(claim(whole).adjusted)
    assert claim(chosen).combined_adjusted_p == pytest.approx(claim(whole).combined_adjusted_p)
    assert len(chosen.over_datasets) == 1

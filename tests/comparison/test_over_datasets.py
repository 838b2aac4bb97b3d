"""Claims over several datasets: on how many, by rank, and equal within a margin."""

import numpy as np
import pytest
from scipy import stats

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.statistics.corrections import CORRECTIONS, holm_chains
from erc_bench.store.index.all_cells import read_cells

NAMES = ("meld", "emorynlp", "iemocap", "dailydialog", "demo")


def compared(store, *, per_class=False, **tests):
    return compare(read_cells(store.runs), tests=Asked(**tests), per_class=per_class)


def row_of(comparison, label):
    return [row.label for row in comparison.rows].index(label)


def claim_of(comparison, label):
    return next(each for each in comparison.over_datasets if each.row == row_of(comparison, label))


def values(comparison, column, label):
    return comparison.columns[column].scores[row_of(comparison, label)].values


@pytest.fixture
def three(store):
    """EACL is better on two of three datasets, SupCon on none."""
    for name, good in zip(NAMES, (0.8, 0.9, 0.5), strict=False):
        store.add_seeds("ce", [0.5, 0.52, 0.48, 0.51, 0.50], dataset=name)
        store.add_seeds("supcon", [0.51, 0.50, 0.52, 0.49, 0.47], dataset=name)
        store.add_seeds("eacl", [good, good + 0.01, good - 0.02, good + 0.02, good], dataset=name)
    return store


def test_a_row_is_better_on_at_least_so_many_datasets(three):
    comparison = compared(three)
    chains = []
    for label in ("eacl", "supcon"):
        pairs = [(values(comparison, column, label), values(comparison, column, "ce")) for column in range(3)]
        p = sorted(stats.ttest_rel(ours, theirs, alternative="greater").pvalue for ours, theirs in pairs)
        found = claim_of(comparison, label)
        chain = np.maximum.accumulate([min(1.0, 3 * p[0]), min(1.0, 2 * p[1]), p[2]])
        assert [test.p for test in found.better] == pytest.approx(chain)
        assert found.combined.p == pytest.approx(stats.combine_pvalues(p, method="stouffer").pvalue)
        chains.append(chain)
    expected = dict(zip(("eacl", "supcon"), holm_chains(chains), strict=True))
    assert {label: list(claim_of(comparison, label).adjusted) for label in expected} == {
        label: pytest.approx(chain) for label, chain in expected.items()
    }
    assert (claim_of(comparison, "eacl").at_least, claim_of(comparison, "supcon").at_least) == (2, 0)
    combined = [claim_of(comparison, label) for label in ("eacl", "supcon")]
    assert [each.combined_adjusted_p for each in combined] == pytest.approx(
        CORRECTIONS["holm"]([each.combined.p for each in combined])
    )


def test_dialogues_alone_have_claims_over_datasets_of_their_own(three):
    comparison = compared(three, unit="dialogue")
    tests = [column.pair_of(row_of(comparison, "eacl")).over_dialogues.test for column in comparison.columns]
    one_sided = [test.p / 2 if test.difference > 0 else 1 - test.p / 2 for test in tests]
    assert claim_of(comparison, "eacl").better[-1].p == pytest.approx(max(one_sided))


@pytest.mark.parametrize("test", ["wilcoxon", "mann-whitney"])
@pytest.mark.parametrize("unlucky", ["ce", "eacl"])
def test_ranks_against_the_mean_are_no_claim(store, test, unlucky):
    # One seed of one method is bad: by the mean it is worse, by its ranks better.
    gold = [row[2] for row in store.split.rows()]
    wrong = [store.split.labels[store.split.labels.index(label) - 1] for label in gold]
    for name in NAMES[:2]:
        for seed in range(1, 10):
            bad = 4 if seed < 9 else 17
            for method in ("ce", "eacl"):
                misses = bad if method == unlucky else 5
                store.add(method, seed, predicted=[*wrong[:misses], *gold[misses:]], dataset=name)
    comparison = compared(store, test=test, unit="seed")
    for column in comparison.columns:
        pair = column.pair_of(row_of(comparison, "eacl"))
        assert pair.seed_test.leaning * pair.difference < 0
    found = claim_of(comparison, "eacl")
    assert found.at_least == 0
    assert found.better[-1].p >= 0.5


@pytest.mark.parametrize("test", ["wilcoxon", "mann-whitney"])
def test_ranks_with_the_mean_are_a_claim(three, test):
    comparison = compared(three, test=test, unit="seed")
    exact = {"wilcoxon": stats.wilcoxon, "mann-whitney": stats.mannwhitneyu}[test]
    p = min(
        exact(*(values(comparison, column, label) for label in ("eacl", "ce")), method="exact").pvalue
        for column in range(3)
    )
    assert claim_of(comparison, "eacl").better[0].p == pytest.approx(min(1.0, 3 * p / 2))


def test_what_cannot_be_tested_counts_against_the_claim(store):
    for name in NAMES[:2]:
        store.add_seeds("ce", [0.5, 0.52, 0.48], dataset=name)
        store.add_seeds("eacl", [0.9, 0.93, 0.94], dataset=name)
    for method, value in (("ce", 0.5), ("eacl", 0.9)):
        store.add(method, 1, accuracy=value, dataset="demo")
    found = claim_of(compared(store), "eacl")
    assert len(found.columns) == 3
    assert found.better[-1].p == 1.0
    assert found.combined.n == 2


def test_a_dataset_in_two_columns_is_not_two_datasets(three):
    comparison = compared(three)
    assert claim_of(comparison, "eacl").columns == (0, 1, 2)
    hardware = {"hardware": {"class": "cuda", "name": "Some GPU", "platform": "Linux"}, "device": "cuda"}
    three.add_seeds("ce", [0.5, 0.52], provenance=hardware, settings_hash="bbbbbbbbbbbb")
    three.add_seeds("eacl", [0.8, 0.82], provenance=hardware, settings_hash="bbbbbbbbbbbb")
    comparison = compared(three)
    titles = [comparison.columns[position].dataset for position in claim_of(comparison, "eacl").columns]
    assert "meld" not in titles
    assert len(titles) == 2


def test_two_readings_of_one_corpus_are_not_two_datasets(store):
    for dataset, data in (("meld", {}), ("iemocap", {}), ("iemocap-cosmic", {"variant_of": "iemocap"}), ("demo", {})):
        described = {"fingerprint": "f00dfeedcafe", "counts": {}, **data}
        store.add_seeds("ce", [0.5, 0.52, 0.48], dataset=dataset, data=described)
        store.add_seeds("eacl", [0.8, 0.82, 0.79], dataset=dataset, data=described)
    comparison = compared(store, ranks=True)
    for positions in (claim_of(comparison, "eacl").columns, comparison.ranking.columns):
        assert [comparison.columns[position].dataset for position in positions] == ["demo", "meld"]


def test_one_dataset_says_nothing_over_datasets(store):
    store.add_seeds("ce", [0.5, 0.52])
    store.add_seeds("eacl", [0.9, 0.93])
    assert compared(store).over_datasets == ()


def test_ranks_are_tested_from_five_datasets_on(three):
    comparison = compared(three, ranks=True)
    assert comparison.ranking.test.p is None
    assert "3 datasets, too few for ranks" in comparison.ranking.test.reason
    assert comparison.ranking.distance.value is None
    forced = compared(three, force_ranks=True).ranking
    means = [[np.mean(values(comparison, column, row.label)) for row in comparison.rows] for column in range(3)]
    assert forced.test.average_ranks == pytest.approx(np.mean([stats.rankdata(-np.array(m)) for m in means], axis=0))
    assert forced.test.chi_squared == pytest.approx(stats.friedmanchisquare(*np.transpose(means)).statistic)
    assert forced.distance.value > 0


def test_rows_are_apart_by_nemenyis_distance(store):
    for name in NAMES:
        for place in range(6):
            store.add_seeds(f"m{place}", [0.2 + 0.12 * place] * 2, dataset=name)
    store.add("lacon", 1)
    ranking = compared(store, ranks=True).ranking
    assert [len(ranking.columns), len(ranking.rows), len(ranking.left_out)] == [5, 6, 1]
    q = stats.studentized_range.ppf(0.95, 6, np.inf) / np.sqrt(2)
    assert ranking.distance.value == pytest.approx(q * np.sqrt(6 * 7 / (6 * 5)), rel=1e-4)
    first, second, last = ranking.rows[0], ranking.rows[1], ranking.rows[-1]
    assert ranking.apart(first, last, 0.05)
    assert not ranking.apart(first, second, 0.05)


def test_ranks_without_a_common_row_are_an_error(store):
    store.add("ce", 1)
    store.add("eacl", 1, dataset="emorynlp")
    with pytest.raises(ErcBenchError, match="no row has a score on every dataset"):
        compared(store, ranks=True)


def test_equal_within_a_margin_is_a_claim_of_its_own(three):
    comparison = compared(three, margin=20.0)
    column = comparison.columns[0]
    expected = []
    for label in ("eacl", "supcon"):
        difference = np.subtract(values(comparison, 0, label), values(comparison, 0, "ce"))
        sides = [
            stats.ttest_1samp(difference, -20, alternative="greater").pvalue,
            stats.ttest_1samp(difference, 20, alternative="less").pvalue,
        ]
        assert column.pair_of(row_of(comparison, label)).equivalence.p == pytest.approx(max(sides))
        expected.append(max(sides))
    adjusted = [column.pair_of(row_of(comparison, label)).equivalence_adjusted_p for label in ("eacl", "supcon")]
    assert adjusted == pytest.approx(CORRECTIONS["holm"](expected))
    supcon, eacl = (column.pair_of(row_of(comparison, label)) for label in ("supcon", "eacl"))
    assert (supcon.equivalent, supcon.verdict, eacl.equivalent, eacl.verdict) == (True, "", False, "better")
    told = " ".join(comparison.caption)
    assert "≈ equal to ce within ±20 points" in told
    assert "after Holm over the 2 comparisons of each dataset's table" in told
    assert compared(three).columns[0].pairs[0].equivalence is None


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf")])
def test_a_margin_is_a_number_of_points(margin):
    with pytest.raises(ErcBenchError, match="a margin is a number of points above 0"):
        Asked(margin=margin)


def test_a_margin_belongs_to_seeds_and_neither_goes_with_classes(three):
    with pytest.raises(ErcBenchError, match="a margin belongs to the tests over seeds"):
        Asked(margin=0.5, unit="dialogue")
    for tests in ({"margin": 0.5}, {"ranks": True}):
        with pytest.raises(ErcBenchError, match="a table per class has no tests, no ranks"):
            compared(three, per_class=True, **tests)

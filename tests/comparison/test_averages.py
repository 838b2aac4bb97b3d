"""The average of a row over datasets: of each seed, never tested, refused where there is none."""

import numpy as np
import pytest

from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.output.tables import render
from erc_bench.output.tables.table_cells import panels
from erc_bench.store.index.all_cells import read_cells

CE, EACL = [0.5, 0.52, 0.48], [0.6, 0.58, 0.63]


@pytest.fixture
def two(store):
    for dataset, gain in (("meld", 0.0), ("emorynlp", 0.1)):
        store.add_seeds("ce", [value + gain for value in CE], dataset=dataset)
        store.add_seeds("eacl", [value - gain for value in EACL], dataset=dataset)
    return store


def averaged(store, **asked):
    return compare(read_cells(store.runs), baseline="ce", average=True, **asked)


def test_an_average_is_that_of_each_seed(two):
    comparison = averaged(two)
    for row in range(2):
        values = [column.scores[row].values for column in comparison.columns]
        by_seed = np.mean(values, axis=0)
        assert comparison.averages[row].mean == pytest.approx(by_seed.mean())
        assert comparison.averages[row].sd == pytest.approx(by_seed.std(ddof=1))
    ranks = [average.rank for average in comparison.averages]
    best = max(comparison.averages, key=lambda average: average.mean)
    assert sorted(ranks) == ["best", "second"]
    assert best.rank == "best"
    assert "Average: mean over the 2 columns of datasets, of each seed" in " ".join(comparison.caption)


def test_an_average_stands_in_every_format(two):
    comparison = averaged(two)
    shown = f"{comparison.averages[0].mean:.2f}"
    (panel,) = panels(comparison)
    assert panel.headers[-1] == ("average", "")
    for form in ("rich", "markdown", "latex", "html"):
        assert "average" in render(comparison, form)
        assert shown in render(comparison, form)
    header, first, *_ = render(comparison, "csv").splitlines()
    position = header.split(",").index("average_mean")
    assert first.split(",")[position] == str(comparison.averages[0].mean)


def test_seeds_that_differ_give_an_average_of_means_without_a_spread(two):
    two.add("eacl", 4, accuracy=0.6, dataset="meld")
    average = averaged(two).averages[1]
    assert average.sd is None
    means = [column.scores[1].summary.mean for column in averaged(two).columns]
    assert average.mean == pytest.approx(np.mean(means))


def test_a_row_that_lacks_a_dataset_has_none(two):
    two.add_seeds("supcon", CE, dataset="meld")
    comparison = averaged(two)
    assert [row.label for row in comparison.rows][-1] == "supcon"
    assert comparison.averages[-1] is None


@pytest.mark.parametrize("asked", [{"datasets": ["meld"]}, {"per_class": True}])
def test_without_two_datasets_there_is_no_average(two, asked):
    with pytest.raises(ErcBenchError, match="an average is one over datasets"):
        averaged(two, **asked)


def test_where_no_row_stands_everywhere_there_is_no_average(store):
    store.add_seeds("ce", CE, dataset="meld")
    store.add_seeds("eacl", EACL, dataset="emorynlp")
    with pytest.raises(ErcBenchError, match="no row has a score on every dataset: there is no average"):
        compare(read_cells(store.runs), average=True)


def test_averages_move_no_test(two):
    plain, with_average = compare(read_cells(two.runs), baseline="ce"), averaged(two)
    assert plain.columns == with_average.columns

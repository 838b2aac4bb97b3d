"""Chosen columns are shown, in their order; what is tested and corrected stays what it was."""

import pytest

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import read_cells

SLICED = {
    "fingerprint": "f00dfeedcafe",
    "counts": {},
    "groups": {"slice": {"scripted": [*"012345"], "improvised": [*"6789", "10", "11"]}},
}


@pytest.fixture
def two(store):
    for dataset in ("meld", "emorynlp"):
        store.add_seeds("ce", [0.5, 0.52, 0.48], dataset=dataset)
        store.add_seeds("eacl", [0.6, 0.58, 0.63], dataset=dataset)
    return store


def chosen(store, *names, **asked):
    return compare(read_cells(store.runs), baseline="ce", columns=names, **asked)


def shown(comparison):
    return [(column.dataset, column.class_name or column.metric) for column in comparison.columns]


def test_classes_and_metrics_are_shown_in_the_order_that_was_asked_for(two):
    comparison = chosen(two, "weighted_f1", "anger", per_class=True)
    order = ["weighted_f1", "anger"]
    assert shown(comparison) == [(dataset, name) for dataset in ("emorynlp", "meld") for name in order]
    whole = compare(read_cells(two.runs), baseline="ce", per_class=True)
    assert [column for column in whole.columns if column in comparison.columns]
    told = next(sentence for sentence in comparison.caption if sentence.startswith("Columns not shown"))
    left = [(column.class_name or column.metric) for column in whole.columns if column.dataset == "meld"]
    assert all(f"{name}" in told for name in left if name not in order)
    assert "weighted_f1" not in told


def test_a_reported_number_stays_with_its_column(two):
    asked = {"per_class": True, "reported": ["eacl2024/table-7"], "datasets": ["meld"]}
    whole = compare(read_cells(two.runs), baseline="ce", **asked)
    comparison = chosen(two, "weighted_f1", "joy", **asked)
    names = [column.class_name or column.metric for column in whole.columns]
    for before, after in zip(whole.reported, comparison.reported, strict=True):
        assert after.values == (before.values[names.index("weighted_f1")], before.values[names.index("joy")])


def test_slices_are_chosen_and_their_tests_stay(store):
    for method, accuracies in {"ce": [0.5, 0.52, 0.48], "eacl": [0.6, 0.58, 0.63]}.items():
        store.add_seeds(method, accuracies, data=SLICED)
    asked = {"tests": Asked(by="slice")}
    whole, comparison = compare(read_cells(store.runs), baseline="ce", **asked), chosen(store, "scripted", **asked)
    assert [column.slice_name for column in comparison.columns] == ["scripted"]
    assert comparison.columns[0] == next(column for column in whole.columns if column.slice_name == "scripted")
    assert "Columns not shown: meld all, improvised." in comparison.caption


def test_ranks_need_the_whole_test_split(store):
    for dataset in ("meld", "emorynlp"):
        for method in ("ce", "eacl"):
            store.add_seeds(method, [0.5, 0.52, 0.48], dataset=dataset, data=SLICED)
    with pytest.raises(ErcBenchError, match="the column 'all' is not among those to show"):
        chosen(store, "scripted", tests=Asked(by="slice", ranks=True))
    assert chosen(store, "all", tests=Asked(by="slice", ranks=True)).ranking.columns == (0, 1)


def test_another_name_is_refused_with_the_nearest(two):
    with pytest.raises(ErcBenchError, match="the table has no column 'angr'; did you mean anger"):
        chosen(two, "angr", per_class=True)


def test_datasets_are_no_columns_to_choose(two):
    with pytest.raises(ErcBenchError, match="the columns of this table are datasets") as raised:
        chosen(two, "meld")
    assert "--dataset" in str(raised.value.hint) or "datasets" in str(raised.value.hint)

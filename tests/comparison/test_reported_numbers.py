"""Published numbers beside ours."""

import csv

import pytest

from erc_bench.comparison import compare
from erc_bench.comparison.reported_numbers import FOLDER, reported_numbers
from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import read_cells
from erc_bench_plugins.datasets.emorynlp import EmoryNLP
from erc_bench_plugins.datasets.iemocap import Iemocap
from erc_bench_plugins.datasets.iemocap.cosmic import IemocapCosmic
from erc_bench_plugins.datasets.meld import Meld

DATASETS = {dataset.name: dataset for dataset in (Meld, EmoryNLP, Iemocap, IemocapCosmic)}


def compared(store, *reported, **request):
    return compare(read_cells(store.runs), reported=reported, **request)


def values(comparison, system):
    return [row.values for row in comparison.reported if row.system == system]


@pytest.fixture
def filled(store):
    store.add_seeds("ce", [0.5, 0.52])
    store.add_seeds("eacl", [0.6, 0.62])
    store.add("ce", 1, dataset="emorynlp")
    store.add("ce", 1, dataset="dailydialog", scored_labels=["anger", "joy"], headline_metric="micro_f1")
    return store


def test_rows_follow_the_columns_with_backbone_and_source(filled):
    comparison = compared(filled, "eacl2024/table-2")
    assert [column.dataset for column in comparison.columns] == ["dailydialog", "emorynlp", "meld"]
    (row,) = [row for row in comparison.reported if row.system == "SPCL+CL"]
    assert row.values == (None, 39.52, 65.74)
    assert row.label == "SPCL+CL · SimCSE-RoBERTa-large (reported)"
    assert row.citation == "Song et al. 2022"
    assert row.printed_in == ("Yu et al. 2024, arXiv:2403.20289, Table 2",)


def test_what_finds_no_number_is_named(filled):
    assert "eacl2024 reports no number that may stand beside dailydialog" in compared(filled, "eacl2024").notes
    comparison = compared(filled, "eacl2024", metric="accuracy")
    assert comparison.reported == ()
    assert not any("Reported" in sentence for sentence in comparison.caption)
    assert "eacl2024 reports no number that may stand beside dailydialog, emorynlp, meld" in comparison.notes


def test_numbers_stand_beside_runs_on_the_turns_that_they_are_of(store):
    for dataset in ("iemocap", "iemocap-cosmic"):
        store.add("ce", 1, dataset=dataset)
    both = compared(store, "eacl2024/table-2")
    assert [column.dataset for column in both.columns] == ["iemocap", "iemocap-cosmic"]
    # COSMIC, CoMPM and SACL read the pickle, EACL and DAG-ERC the files with the other turns.
    expected = {"COSMIC": 65.25, "CoMPM": 69.46, "SACL": 69.22}
    assert {row.system: row.values for row in both.reported if row.values[1] is not None} == {
        system: (None, value) for system, value in expected.items()
    }
    assert values(both, "EACL") == [(70.41, None)]
    assert not any("in one column with others" in note for note in both.notes)
    alone = compared(store, "eacl2024/table-2", datasets=["iemocap"])
    assert not {row.system for row in alone.reported} & set(expected)
    assert (
        "eacl2024/table-2 prints COSMIC, CoMPM, SACL in one column with others, though scored on iemocap-cosmic and not"
        " on iemocap: they stand beside runs on iemocap-cosmic"
    ) in alone.notes


def test_they_change_neither_ranks_nor_tests(filled):
    alone, beside = compared(filled), compared(filled, "eacl2024")
    assert beside.columns == alone.columns
    assert beside.rows == alone.rows


def test_the_caption_says_what_they_are(filled):
    caption = " ".join(compared(filled, "eacl2024").caption)
    assert "Reported rows are copied from print" in caption
    assert "neither tested nor ranked and carry no marks" in caption
    assert "Song et al. 2022 (SPCL+CL, SPCL+CL as published)" in caption


def test_a_system_is_one_row_for_each_backbone_in_whatever_tables_it_stands(filled):
    comparison = compared(filled, "eacl2024", "eacl2024/table-5", datasets=["meld"])
    labels = [row.label for row in comparison.reported]
    assert len(set(labels)) == len(labels)
    assert values(comparison, "EACL") == [(67.12,), (67.80,), (67.38,)]


def test_metrics_and_classes_meet_their_columns(filled):
    assert values(compared(filled, "eacl2024", datasets=["meld"], metric="macro_f1"), "SPCL+CL") == [(50.43,)]
    comparison = compared(filled, "eacl2024/table-7", datasets=["meld"], per_class=True)
    assert [column.class_name or column.metric for column in comparison.columns] == [
        *("anger", "joy", "neutral", "macro_f1", "weighted_f1")
    ]
    assert values(comparison, "EACL")[0] == (55.28, 65.34, 80.43, 53.99, 67.8)


@pytest.mark.parametrize("changes", [{"limit": 3}, {"dev_only": True}])
def test_they_do_not_stand_beside_partial_data_or_dev_scores(store, changes):
    store.add("ce", 1, **changes)
    comparison = compared(store, "eacl2024")
    assert comparison.reported == ()
    assert any("no number that may stand beside meld" in note for note in comparison.notes)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("eacl2042", "no reported numbers are named 'eacl2042'; did you mean eacl2024?"),
        ("eacl2024/table4", "eacl2024 has no reported table 'table4'; did you mean table-4 "),
        ("../eacl2024", "no reported numbers are named '..'"),
    ],
)
def test_an_unknown_name_is_answered_with_a_near_one(filled, name, sentence):
    with pytest.raises(ErcBenchError) as error:
        compared(filled, name)
    assert error.value.message.startswith(sentence)


def test_every_number_carries_its_sources_and_meets_labels_of_its_dataset():
    for number in reported_numbers("eacl2024"):
        assert number.citation
        assert number.printed_in
        assert number.dataset in {*DATASETS, "average"}
        assert number.class_name in {"", *(DATASETS[number.dataset].labels if number.dataset in DATASETS else ())}
        assert -5 < number.value < 100 if number.metric.endswith("_difference") else 0 < number.value < 100


def test_numbers_that_are_printed_twice_agree():
    printed = {}
    for number in reported_numbers("eacl2024"):
        where = (number.system, number.backbone, *number.address)
        assert printed.setdefault(where, number.value) == number.value


def test_class_scores_agree_with_the_macro_score_printed_beside_them():
    by_row = {}
    for number in reported_numbers("eacl2024"):
        key = (number.system, number.backbone, number.dataset, number.printed_in)
        by_row.setdefault(key, {})[number.metric, number.class_name] = number.value
    rows = [row for row in by_row.values() if ("macro_f1", "") in row]
    assert len(rows) == 15
    for row in rows:
        classes = [value for (metric, _), value in row.items() if metric == "f1"]
        assert sum(classes) / len(classes) == pytest.approx(row["macro_f1", ""], abs=0.05)


def test_every_file_has_the_same_columns():
    for file in FOLDER.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as stream:
            assert csv.DictReader(stream).fieldnames == [
                *("system", "citation", "dataset", "corpus", "backbone", "metric", "class", "value", "printed_in"),
                *("origin", "seeds"),
            ]

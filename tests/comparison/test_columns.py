"""Tables per class: F1 of each class, then the metrics over all classes."""

import pytest
from sklearn.metrics import f1_score

from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import read_cells

FORMS = ("anger", "joy", "neutral")


def compared(store, **request):
    return compare(read_cells(store.runs), per_class=True, **request)


def named(comparison):
    return [(column.dataset, column.class_name or column.metric) for column in comparison.columns]


def test_each_class_has_the_f1_of_the_stored_answers(store):
    accuracies = [0.5, 0.7, 0.6]
    store.add_seeds("ce", accuracies)
    comparison = compared(store)
    gold = [row[2] for row in store.split.rows()]
    for column in comparison.columns[:3]:
        expected = [
            100 * f1_score(gold, store.split.answers(value, seed), labels=[column.class_name], average=None)[0]
            for seed, value in enumerate(accuracies, start=1)
        ]
        (score,) = column.scores
        assert score.values == pytest.approx(expected)
        assert score.summary.mean == pytest.approx(sum(expected) / 3)
    for column, average in zip(comparison.columns[3:], ("macro", "weighted"), strict=True):
        expected = [
            100 * f1_score(gold, store.split.answers(value, seed), average=average)
            for seed, value in enumerate(accuracies, start=1)
        ]
        assert column.scores[0].values == pytest.approx(expected)


def test_the_columns_are_those_of_each_dataset(store):
    store.add("ce", 1)
    store.add("ce", 1, dataset="dailydialog", scored_labels=["anger", "joy"], headline_metric="micro_f1")
    comparison = compared(store, datasets=["meld", "dailydialog"])
    assert named(comparison) == [
        *(("meld", name) for name in (*FORMS, "macro_f1", "weighted_f1")),
        *(("dailydialog", name) for name in (*FORMS, "micro_f1", "macro_f1", "weighted_f1")),
    ]


def test_classes_are_described_and_not_tested(store):
    store.add_seeds("ce", [0.3, 0.32, 0.31])
    store.add_seeds("eacl", [0.8, 0.82, 0.83])
    comparison = compared(store)
    assert not any(column.pairs for column in comparison.columns)
    assert comparison.caption[0].startswith("F1 of each class, macro F1, weighted F1 on the test split (described, not")
    assert not any("†" in sentence for sentence in comparison.caption)


def test_the_caption_tells_each_dataset_once_with_the_metric_of_its_floor(store):
    store.add_seeds("ce", [0.3, 0.32])
    floor = next(cell.record["floor"] for cell in read_cells(store.runs))
    told = [sentence for sentence in compared(store).caption if sentence.startswith("meld, test split")]
    assert told == [
        "meld, test split: 12 dialogues with 96 labelled utterances;"
        f" always answering {floor['label']} scores {floor['weighted_f1']:.2f} in weighted F1."
    ]


def test_another_metric_is_one_too_many(store):
    store.add("ce", 1)
    with pytest.raises(ErcBenchError, match="'macro_f1' is one too many"):
        compared(store, metric="macro_f1")


def test_dev_scores_have_no_classes(store):
    store.add("ce", 1)
    store.add("ce", 1, dataset="emorynlp", dev_only=True)
    comparison = compared(store)
    assert {column.dataset for column in comparison.columns} == {"meld"}
    assert "emorynlp is left out: it has dev scores alone" in comparison.notes
    with pytest.raises(ErcBenchError, match="no F1 of classes"):
        compared(store, datasets=["emorynlp"])


def test_other_readouts_have_classes_too(store):
    store.add("ce", 1, readouts={"centroid": store.split.answers(0.9, 7)})
    comparison = compared(store, readouts=["centroid"])
    gold = [row[2] for row in store.split.rows()]
    expected = 100 * f1_score(gold, store.split.answers(0.9, 7), labels=["joy"], average=None)[0]
    assert [row.label for row in comparison.rows] == ["ce", "ce · read by centroid"]
    assert comparison.columns[1].scores[1].values == pytest.approx((expected,))

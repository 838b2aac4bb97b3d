import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import (
    NO_ANSWER,
    best_labels,
    confusion,
    constant_floor,
    degenerate,
    from_counts,
    grouped_confusion,
    label_indices,
    leave_one_out,
    score,
    with_answers,
)

LABELS = ("anger", "joy", "neutral", "sadness")
SCORED = ("anger", "joy", "sadness")
pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60)


def slow_f1(gold, predicted, label):
    hits = sum(g == p == label for g, p in zip(gold, predicted, strict=True))
    found, there = list(predicted).count(label), list(gold).count(label)
    if hits == 0:
        return 0.0
    precision, recall = hits / found, hits / there
    return 100 * 2 * precision * recall / (precision + recall)


@given(pairs)
def test_scores_equal_an_obvious_loop(rows):
    gold, predicted = zip(*rows, strict=True)
    metrics = score(gold, predicted, LABELS)
    by_class = {label: slow_f1(gold, predicted, label) for label in LABELS}
    assert metrics["per_class_f1"] == pytest.approx(by_class)
    assert metrics["macro_f1"] == pytest.approx(sum(by_class.values()) / len(LABELS))
    assert metrics["weighted_f1"] == pytest.approx(sum(by_class[label] for label in gold) / len(gold))
    assert metrics["accuracy"] == pytest.approx(100 * sum(g == p for g, p in rows) / len(rows))
    assert metrics["support"] == {label: gold.count(label) for label in LABELS}


@given(pairs)
def test_scores_equal_scikit_learn(rows):
    gold, predicted = zip(*rows, strict=True)
    metrics = score(gold, predicted, LABELS, SCORED)

    def theirs(average, labels=LABELS):
        return 100 * f1_score(gold, predicted, labels=list(labels), average=average, zero_division=0)

    assert metrics["weighted_f1"] == pytest.approx(theirs("weighted"))
    assert metrics["macro_f1"] == pytest.approx(theirs("macro"))
    assert metrics["micro_f1"] == pytest.approx(theirs("micro", SCORED))
    assert metrics["accuracy"] == pytest.approx(100 * accuracy_score(gold, predicted))
    assert list(metrics["per_class_f1"].values()) == pytest.approx(list(theirs(None)))
    assert (confusion(gold, predicted, LABELS) == confusion_matrix(gold, predicted, labels=list(LABELS))).all()


def test_micro_f1_is_there_only_for_scored_labels():
    assert "micro_f1" not in score(["joy"], ["joy"], LABELS)
    assert score(["joy", "neutral"], ["joy", "joy"], LABELS, SCORED)["micro_f1"] == pytest.approx(200 / 3)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1))
def test_leaving_a_group_out_equals_scoring_the_others(rows):
    groups, gold, predicted = (list(column) for column in zip(*rows, strict=True))
    counts = grouped_confusion(
        label_indices(gold, LABELS), label_indices(predicted, LABELS), len(LABELS), np.array(groups), 5
    )
    assert (counts.sum(0) == confusion(gold, predicted, LABELS)).all()
    for metric in ("weighted_f1", "macro_f1", "accuracy", "micro_f1"):
        scored = (0, 1, 3)
        fast = leave_one_out(counts, metric, scored)
        for left_out in range(5):
            kept = [(g, p) for group, g, p in rows if group != left_out]
            expected = score(*zip(*kept, strict=True), LABELS, SCORED)[metric] if kept else 0.0
            assert fast[left_out] == pytest.approx(expected)


def test_metrics_of_many_confusions_at_once():
    counts = np.random.default_rng(0).integers(0, 9, (2, 3, 4, 4))
    many = from_counts(counts, "weighted_f1")
    assert many.shape == (2, 3)
    assert many[1, 2] == pytest.approx(float(from_counts(counts[1, 2], "weighted_f1")))


def test_constant_floor_of_meld():
    # MELD's test split: 1256 of its 2610 utterances are neutral.
    counts = {"neutral": 1256, "joy": 402, "anger": 345, "surprise": 281, "sadness": 208, "disgust": 68, "fear": 50}
    gold = [label for label, count in counts.items() for _ in range(count)]
    floor = constant_floor(gold, tuple(counts))
    assert floor["label"] == "neutral"
    assert (round(floor["weighted_f1"], 2), round(floor["accuracy"], 2)) == (31.27, 48.12)


def test_floor_of_equally_frequent_labels_is_the_first():
    assert constant_floor(["joy", "anger"], LABELS)["label"] == "anger"


@pytest.mark.parametrize(
    ("predicted", "reason"),
    [
        (["neutral"] * 6, "weighted F1 33.33 is not above 33.33, which one answer everywhere scores"),
        (["neutral", "neutral", "neutral", "joy", "joy", "joy"], "predicts only joy and neutral"),
        (["neutral", "neutral", "neutral", "joy", "anger", "sadness"], ""),
    ],
)
def test_degenerate_results_have_a_reason(predicted, reason):
    gold = ["neutral", "neutral", "neutral", "joy", "anger", "sadness"]
    assert degenerate(score(gold, predicted, LABELS), predicted, constant_floor(gold, LABELS)) == reason


def test_two_classes_are_all_of_a_binary_task():
    gold, predicted = ["a", "b", "a", "b", "a"], ["a", "b", "a", "b", "b"]
    assert degenerate(score(gold, predicted, ("a", "b")), predicted, constant_floor(gold, ("a", "b"))) == ""
    assert degenerate(score(gold, ["b"] * 5, ("a", "b")), ["b"] * 5, {}) == "predicts only b"


def test_headline_metric_at_its_floor_is_degenerate():
    gold = ["neutral"] * 2 + ["joy", "anger", "sadness"]
    predicted = ["neutral"] * 2 + ["anger", "sadness", "joy"]
    metrics, floor = score(gold, predicted, LABELS, SCORED), constant_floor(gold, LABELS, SCORED)
    assert metrics["weighted_f1"] > floor["weighted_f1"]
    assert "micro F1" in degenerate(metrics, predicted, floor, "micro_f1")


def test_wrong_input_is_named():
    with pytest.raises(ErcBenchError, match="'boredom' is not a label"):
        score(["joy"], ["boredom"], LABELS)
    with pytest.raises(ErcBenchError, match="1 gold labels and 2 predictions"):
        score(["joy"], ["joy", "joy"], LABELS)
    with pytest.raises(ErcBenchError, match="no labelled utterance"):
        score([], [], LABELS)


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, "", "happy"))), min_size=1, max_size=60))
def test_answers_that_are_no_label_are_misses_and_no_more(rows):
    gold, predicted = zip(*rows, strict=True)
    metrics = score(gold, predicted, LABELS, SCORED, unknown_as_wrong=True)
    by_class = {label: slow_f1(gold, predicted, label) for label in LABELS}
    assert metrics["per_class_f1"] == pytest.approx(by_class)
    assert metrics["macro_f1"] == pytest.approx(sum(by_class.values()) / len(LABELS))
    assert metrics["weighted_f1"] == pytest.approx(sum(by_class[label] for label in gold) / len(gold))
    assert metrics["accuracy"] == pytest.approx(100 * sum(g == p for g, p in rows) / len(rows))
    micro = f1_score(gold, predicted, labels=list(SCORED), average="micro", zero_division=0)
    assert metrics["micro_f1"] == pytest.approx(100 * micro)
    assert metrics["support"] == {label: gold.count(label) for label in LABELS}


def test_answers_that_are_no_label_are_no_class_that_is_predicted():
    gold, predicted = ["neutral", "joy", "joy", "anger"], ["neutral", "joy", "joy", "dunno"]
    metrics = score(gold, predicted, LABELS, unknown_as_wrong=True)
    assert metrics["per_class_f1"]["anger"] == 0
    assert degenerate(metrics, [], {}) == "predicts no label"
    with pytest.raises(ErcBenchError, match="'dunno' is not a label"):
        score(gold, predicted, LABELS)


def test_the_best_label_of_each_row_and_none_for_a_row_of_nan():
    scores = np.array([[0.1, 0.9], [np.nan, np.nan], [-3.0, -4.0]])
    assert best_labels(scores, ["joy", "anger"]) == ["anger", NO_ANSWER, "joy"]


def test_no_answer_is_counted_and_wrong():
    found = score(["joy", "joy", "anger"], ["joy", NO_ANSWER, "anger"], ["joy", "anger"], unknown_as_wrong=True)
    assert found["unanswered"] == 1
    assert found["accuracy"] == pytest.approx(200 / 3)
    assert found["per_class_f1"] == pytest.approx({"joy": 200 / 3, "anger": 100})
    assert "unanswered" not in score(["joy"], ["what"], ["joy"], unknown_as_wrong=True)


def test_further_columns_change_no_score():
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 9, (3, 4, 4))
    for metric in ("weighted_f1", "macro_f1", "accuracy", "micro_f1"):
        expected = from_counts(counts, metric, [0, 2])
        assert from_counts(with_answers(counts, 5), metric, [0, 2]).tolist() == expected.tolist()

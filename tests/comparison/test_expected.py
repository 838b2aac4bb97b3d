"""Scores that ring an alarm, in a comparison and in the shipped file."""

import tomllib
from pathlib import Path

import pytest

from erc_bench.comparison import compare
from erc_bench.comparison.expected import FILE, Alarm, shipped_alarms
from erc_bench.statistics.metrics import METRIC_WORDS, score
from erc_bench.store.index.all_cells import read_cells

LOW = Alarm("meld", "weighted_f1", "something is wrong", "minilm", "small", below=50)
HIGH = Alarm("meld", "weighted_f1", "labels leak", above=80)


def notes(store, *alarms, **request):
    return [note for note in compare(read_cells(store.runs), alarms=alarms, **request).notes if "suspect" in note]


def mean(store, accuracies):
    gold = [row[2] for row in store.split.rows()]
    values = [
        score(gold, store.split.answers(value, seed), store.split.labels)["weighted_f1"]
        for seed, value in enumerate(accuracies, start=1)
    ]
    return sum(values) / len(values)


def test_a_mean_below_or_above_a_threshold_is_named_with_its_row(store):
    low, high = [0.1, 0.15], [0.95, 0.97]
    store.add_seeds("ce", low)
    store.add_seeds("supcon", [0.6, 0.62])
    store.add_seeds("eacl", high)
    assert notes(store, LOW, HIGH) == [
        f"meld: suspect that something is wrong: weighted F1 below 50 with minilm (small): ce {mean(store, low):.2f}",
        f"meld: suspect that labels leak: weighted F1 above 80: eacl {mean(store, high):.2f}",
    ]


@pytest.mark.parametrize(
    "changes",
    [{"backbone": "simcse"}, {"regime": "frozen"}, {"dataset": "emorynlp"}, {"limit": 5}, {"dev_only": True}],
)
def test_other_conditions_ring_nothing(store, changes):
    store.add_seeds("ce", [0.1, 0.1], **changes)
    assert notes(store, LOW) == []


def test_an_alarm_reads_its_own_metric_whatever_the_table_shows(store):
    store.add_seeds("ce", [0.1, 0.1])
    assert notes(store, LOW, metric="accuracy") == notes(store, LOW) == notes(store, LOW, per_class=True)
    assert len(notes(store, LOW)) == 1


def test_further_classifiers_are_not_watched(store):
    store.add("ce", 1, accuracy=0.6, readouts={"centroid": store.split.answers(0.05, 1)})
    assert notes(store, LOW, readouts=["centroid"]) == []


def test_micro_f1_rings_only_where_labels_are_scored(store):
    alarm = Alarm("dailydialog", "micro_f1", "the neutral class is counted", above=70)
    store.add("ce", 1, accuracy=0.95, dataset="dailydialog")
    assert notes(store, alarm) == []
    store.add("eacl", 1, accuracy=0.95, dataset="dailydialog", scored_labels=["anger", "joy", "neutral"])
    assert len(notes(store, alarm)) == 1


def test_the_shipped_alarms():
    found = {(a.dataset, a.metric, a.backbone, a.regime, a.below, a.above) for a in shipped_alarms()}
    assert found == {
        ("meld", "weighted_f1", "minilm", "frozen", 41, None),
        ("emorynlp", "weighted_f1", "minilm", "frozen", 22, None),
        ("dailydialog", "micro_f1", "minilm", "frozen", 28, None),
        ("meld", "weighted_f1", "minilm", "small", 52, None),
        ("emorynlp", "weighted_f1", "minilm", "small", 27, None),
        ("dailydialog", "micro_f1", "minilm", "small", 42, None),
        ("meld", "weighted_f1", "minilm", "", None, 62),
        ("emorynlp", "weighted_f1", "minilm", "", None, 37),
        ("dailydialog", "micro_f1", "", "", None, 70),
    }
    assert {alarm.metric for alarm in shipped_alarms()} <= METRIC_WORDS.keys()


def test_there_is_one_file_of_them():
    beside_the_suites = Path(__file__).resolve().parents[2] / "benchmarks" / "expected.toml"
    assert beside_the_suites.resolve() == FILE
    assert len(tomllib.loads(beside_the_suites.read_text())["alarm"]) == len(shipped_alarms())

"""Checks of a dataset's declarations, without its files."""

from __future__ import annotations

from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.findings import Check


def _labels(trial: DatasetTrial) -> str:
    dataset, name = trial.component, trial.name
    labels, words = dataset.labels, dataset.words()
    assert len(labels) > 1, f"{name}: it declares fewer than two labels"
    assert len(set(labels)) == len(labels), f"{name}: a label is declared twice"
    unknown = sorted((set(dataset.label_words) | set(dataset.scored_labels)) - set(labels))
    assert not unknown, f"{name}: label_words or scored_labels name {unknown[0]!r}, which is not a label"
    assert all(words), f"{name}: the word of a label is empty"
    assert len(set(words)) == len(labels), f"{name}: two labels have the same word"
    return f"{len(labels)} labels, each with a word of its own: {', '.join(words)}"


def _metric(trial: DatasetTrial) -> str:
    dataset, name, metric = trial.component, trial.name, trial.component.headline_metric
    assert metric in METRIC_WORDS, f"{name}: headline_metric is {metric!r}, which is not a metric"
    counted = metric != "micro_f1" or dataset.scored_labels
    assert counted, f"{name}: micro_f1 is its headline metric, and it declares no scored_labels"
    scored = f" over {', '.join(dataset.scored_labels)}" if dataset.scored_labels else ""
    return f"tables begin with {METRIC_WORDS[metric]}{scored}"


def _licence(trial: DatasetTrial) -> str:
    assert trial.component.licence, f"{trial.name}: it names no licence"
    assert trial.component.obtain, f"{trial.name}: it does not say how to obtain the corpus"
    return trial.component.licence


DECLARATION_CHECKS: tuple[Check[DatasetTrial], ...] = (
    Check(
        "labels",
        "The labels, their order and the words that stand for them are read.",
        "Emotion words become anchors: a label without a word of its own has no anchor of its own.",
        _labels,
    ),
    Check(
        "metric",
        "The headline metric is looked up, and the labels that micro F1 counts.",
        "DailyDialog's micro F1 leaves the neutral class out; with it the majority class alone has 82.",
        _metric,
    ),
    Check(
        "licence",
        "The licence and how to obtain the corpus are read.",
        "Who may use a corpus, and where it is, is the first question of everybody who repeats a result.",
        _licence,
    ),
)

"""Conformance of datasets: ``check_dataset(MyDataset, folder)`` in a plugin's own tests.

``folder`` holds the files of one layout; a few invented dialogues are enough. That the published
files are complete is what ``erc-bench data verify`` checks.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from erc_bench.contracts.dataset import Dataset
from erc_bench.metrics import METRIC_WORDS
from erc_bench.testing.components import check_component
from erc_bench.types import Dialogue, Utterance


def check_dataset(dataset_class: type[Dataset], folder: Path, options: Any = None) -> None:
    """Run all checks on a dataset.

    Raises ``AssertionError`` with a sentence that says what does not hold.
    """
    check_component(dataset_class)
    check_declarations(dataset_class)
    splits = dataset_class(options).load(folder)
    again = dataset_class(options).load(folder)
    assert splits == again, f"{dataset_class.name}: loading it twice gives different dialogues"
    for split, dialogues in splits.items():
        where = f"{dataset_class.name}, {split} split"
        assert dialogues, f"{where}: it has no dialogues"
        _check_ids(dialogues, where)
        for dialogue in dialogues:
            _check_dialogue(dialogue, dataset_class.labels, f"{where}, dialogue {dialogue.id!r}")
        assert any(dialogue.targets() for dialogue in dialogues), f"{where}: no utterance is scored"


def check_declarations(dataset_class: type[Dataset]) -> None:
    """Labels, label words and metrics fit together, and the user is told how to get the corpus."""
    name, labels = dataset_class.name, dataset_class.labels
    assert len(labels) > 1, f"{name}: it declares fewer than two labels"
    assert len(set(labels)) == len(labels), f"{name}: a label is declared twice"
    strangers = sorted((set(dataset_class.label_words) | set(dataset_class.scored_labels)) - set(labels))
    assert not strangers, f"{name}: label_words or scored_labels name {strangers[0]!r}, which is no label"
    assert all(dataset_class.words()), f"{name}: the word of a label is empty"
    assert len(set(dataset_class.words())) == len(labels), f"{name}: two labels have the same word"
    metric = dataset_class.headline_metric
    assert metric in METRIC_WORDS, f"{name}: headline_metric is {metric!r}, which is no metric"
    counted = metric != "micro_f1" or dataset_class.scored_labels
    assert counted, f"{name}: micro_f1 is its headline metric, and it declares no scored_labels"
    assert dataset_class.licence, f"{name}: it names no licence"
    assert dataset_class.obtain, f"{name}: it does not say how to obtain the corpus"


def _check_ids(dialogues: tuple[Dialogue, ...], where: str) -> None:
    repeated = [name for name, times in Counter(dialogue.id for dialogue in dialogues).items() if times > 1]
    assert not repeated, f"{where}: the dialogue id {repeated[0]!r} occurs twice"


def _check_dialogue(dialogue: Dialogue, labels: tuple[str, ...], where: str) -> None:
    assert dialogue.id, f"{where}: its id is empty"
    assert dialogue.utterances, f"{where}: it has no utterances"
    for position, utterance in enumerate(dialogue.utterances):
        _check_utterance(utterance, labels, f"{where}, position {position}")


def _check_utterance(utterance: Utterance, labels: tuple[str, ...], where: str) -> None:
    texts = isinstance(utterance.text, str) and isinstance(utterance.speaker, str)
    assert texts, f"{where}: text and speaker must be texts"
    known = utterance.label is None or utterance.label in labels
    assert known, f"{where}: {utterance.label!r} is no label of the dataset"
    labelled = utterance.label is not None or not utterance.scored
    assert labelled, f"{where}: it is scored and has no label"

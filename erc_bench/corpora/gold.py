"""The gold labels of test splits, read from corpora: what stored answers are held against."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.options import specs
from erc_bench.contracts.protocol import gold_labels
from erc_bench.contracts.types import UtteranceKey
from erc_bench.corpora.corpus import Corpus, load_corpus

Gold = Mapping[UtteranceKey, str]
"""The label of each utterance that a task scores."""
GoldOf = Callable[[Mapping[str, Any]], Gold | None]
"""From the record of a cell to the gold labels of its test split; ``None`` where nobody knows them."""


def configured(dataset: type[Dataset], record: Mapping[str, Any]) -> Dataset:
    """Return the dataset with the options that a record's run had.

    Raises :class:`ErcBenchError` for an option that the dataset does not take any more.
    """
    settings = {**record.get("settings", {})}
    options = {
        name: spec.convert(settings[f"dataset.{name}"])
        for name, spec in specs(dataset.Options).items()
        if f"dataset.{name}" in settings
    }
    return dataset(dataset.Options(**options))


class CorpusGold:
    """Looks up the gold labels that records were scored against; each corpus is read once.

    ``dataset_of`` returns the dataset of a name, ``data_dir`` is where corpora lie (``None``: ``$ERC_BENCH_DATA``,
    else the cache).
    """

    def __init__(self, dataset_of: Callable[[str], type[Dataset]], data_dir: Path | None) -> None:
        self._dataset_of = dataset_of
        self._data_dir = data_dir
        self._corpora: dict[str, Corpus | None] = {}

    def __call__(self, record: Mapping[str, Any]) -> Gold | None:
        """Return the gold labels; ``None`` where the corpus cannot be read or is another than the record's."""
        options = {name: value for name, value in record.get("settings", {}).items() if name.startswith("dataset.")}
        key = json.dumps([record["dataset"], options], sort_keys=True)
        if key not in self._corpora:
            self._corpora[key] = self._read(record)
        corpus = self._corpora[key]
        if corpus is None or corpus.fingerprint != record.get("data", {}).get("fingerprint"):
            return None
        return gold_labels(corpus.splits.limited(record.get("limit")).test)

    def _read(self, record: Mapping[str, Any]) -> Corpus | None:
        try:
            return load_corpus(configured(self._dataset_of(record["dataset"]), record), self._data_dir)
        except Exception:  # a dataset is a stranger's code, and most tables are made where no corpus is
            return None

"""The files of features that cells read: found by their digest, held against the corpus, made ready for encoders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from erc_bench.contracts.types import Splits
from erc_bench.corpora.corpus import Corpus, limited, load_corpus
from erc_bench.corpora.features.feature_file import Features, read_features, sha256_of
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.plan import Plan
from erc_bench.training.file_features import NO_FEATURES, FileFeatures


class FeatureFiles:
    """The files of one grid, by the sha256 that plans name them by; what the last cell read is kept."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._ready: tuple[str, FileFeatures] | None = None

    def of(self, plan: Plan, corpus: Corpus) -> FileFeatures:
        """Return the features of a cell and of its upstream, for all turns of the splits that it reads.

        Raises :class:`ErcBenchError` for a file that is not here or is another by now, and for turns without a vector.
        """
        digests = plan.all_features()
        if not digests:
            return NO_FEATURES
        key = json.dumps([digests, corpus.fingerprint, plan.limit, plan.dev_only])
        if self._ready is None or self._ready[0] != key:
            self._ready = None
            splits = replace(corpus.splits, test=()) if plan.dev_only else corpus.splits
            read = [self._read(name, digest) for name, digest in digests.items()]
            for features in read:
                check_coverage(features, corpus.splits, plan.address.dataset)
            self._ready = (key, FileFeatures.of(read, splits))
        return self._ready[1]

    def _read(self, name: str, digest: str) -> Features:
        if digest not in self._files:
            raise ErcBenchError(
                f"the file of the feature {name!r} with the sha256 {digest[:12] or 'none'} was not handed to this run",
                f"Name it: {OptionName('features'):{name}=FILE.safetensors}.",
            )
        file = self._files[digest]
        features = read_features(file)
        if sha256_of(file) != digest:
            raise ErcBenchError(
                f"{file} has changed since the run was planned", "Start it again: another file is another cell."
            )
        return features


def check_features(plans: Iterable[Plan], files: Mapping[str, Path], data_dir: Path | None) -> None:
    """Raise :class:`ErcBenchError` where a file that a cell reads lacks a turn of its corpus.

    A corpus that cannot be loaded fails its cells, and is told there.
    """
    reader = FeatureFiles(files)
    checked: set[str] = set()
    for plan in plans:
        key = json.dumps([plan.address.dataset, plan.resolved.slot("dataset"), plan.limit, plan.all_features()])
        if plan.all_features() and key not in checked:
            checked.add(key)
            corpus = _corpus_of(plan, data_dir)
            if corpus is not None:
                reader.of(plan, corpus)


def _corpus_of(plan: Plan, data_dir: Path | None) -> Corpus | None:
    try:
        return limited(load_corpus(plan.dataset(plan.build("dataset", plan.dataset)), data_dir), plan.limit)
    except Exception:  # a dataset is a stranger's code
        return None


def check_coverage(features: Features, splits: Splits, dataset: str) -> None:
    """Raise :class:`ErcBenchError` where a turn has no vector, of any split: those that are not scored are context."""
    for part in features.coverage(splits):
        if part.missing:
            raise ErcBenchError(
                f"the feature {features.name!r} has no vector for {len(part.missing):,} of the {part.turns:,} turns of"
                f" {dataset}'s {part.split} split, the first of them {part.missing[0]}",
                f"erc-bench features verify FILE --dataset {dataset} lists them.",
            )

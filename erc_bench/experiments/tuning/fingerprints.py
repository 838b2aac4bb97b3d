"""The fingerprint of the corpus that a plan would read."""

from __future__ import annotations

import json
from pathlib import Path

from erc_bench.corpora.corpus import load_corpus
from erc_bench.planning.plan import Plan


class Fingerprints:
    """Loads each corpus once."""

    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir
        self._known: dict[str, str] = {}

    def of(self, plan: Plan) -> str:
        """Return the fingerprint; raise :class:`ErcBenchError` where the corpus cannot be loaded."""
        key = json.dumps([plan.address.dataset, plan.resolved.slot("dataset")], sort_keys=True)
        if key not in self._known:
            dataset = plan.dataset(plan.build("dataset", plan.dataset))
            self._known[key] = load_corpus(dataset, self._data_dir).fingerprint
        return self._known[key]

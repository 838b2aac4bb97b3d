"""What a search was begun with: trials with other data or settings are not of the same search."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from erc_bench.corpora.corpus import load_corpus
from erc_bench.experiments.tuning.search import Search, differing
from erc_bench.planning.plan import Plan
from erc_bench.running.state import changes, inputs

_WORDS = {"space": "search space", "seeds": "tuning seeds", "sampler": "--sampler-seed", "limit": "--limit"}


def identity(search: Search, fingerprint: str, backbone: str, sampler_seed: int) -> dict[str, Any]:
    """Return everything that decides what the trials of a search are worth, as JSON holds it.

    ``fingerprint`` is the corpus's, ``backbone`` the identity of the backbone's weights.
    """
    own = search.plans(search.own_point())[0]
    known = {
        "space": {address: list(values) for address, values in search.space.values.items()},
        "seeds": list(search.seeds),
        "sampler": sampler_seed,
        "limit": search.request.limit,
        "settings": {**own.choices(), **own.resolved.values},
        "inputs": inputs(own, fingerprint, backbone),
    }
    return dict(json.loads(json.dumps(known)))


def differences(stored: Mapping[str, Any], present: Mapping[str, Any]) -> Iterator[str]:
    """Name what is no longer as it was when the search began."""
    yield from (words for key, words in _WORDS.items() if stored.get(key) != present[key])
    settings = differing(stored.get("settings", {}), present["settings"])
    if settings:
        yield f"settings ({', '.join(settings)})"
    yield from (name.removeprefix("the ") for name in changes(stored.get("inputs", {}), present["inputs"]))


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

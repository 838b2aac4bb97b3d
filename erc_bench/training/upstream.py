"""Upstream cells: train the language model that other cells read through, once, and keep its weights in the cache.

The weights depend on train and dev alone, so that a run with ``--dev-only`` shares them with a run that scores test.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_model

from erc_bench.planning.plan import Plan
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.plugin_host.provenance import versions
from erc_bench.pretrained.adapters import merge_adapters
from erc_bench.store.feature_files import SUFFIX, cache_folder, dated, mark_used, write_entry
from erc_bench.training.cell import Cell
from erc_bench.training.core_versions import versions_used
from erc_bench.training.events import Hear, Noted
from erc_bench.training.features import computing_alone
from erc_bench.training.preparation import CellData
from erc_bench.training.process_state import stream
from erc_bench.training.readout import scores_of
from erc_bench.training.result import CellResult, TrainedParts
from erc_bench.training.upstream_weights import UpstreamWeights, digest_of, held_out
from erc_bench.training.workspace import Workspace

_FACTS = "facts"


def entry_of_key(key: str) -> Path:
    """Return where the cache has the weights of a key, or would have them."""
    return cache_folder() / "upstream" / f"{key}{SUFFIX}"


@dataclass(frozen=True)
class UpstreamTrainer:
    """Finds the weights of upstream cells in the cache, or trains them."""

    workspace: Workspace
    hear: Hear

    def weights_for(self, plan: Plan, data: CellData, fingerprint: str) -> UpstreamWeights | None:
        """Return the weights that a cell reads through; ``None`` where it has no upstream."""
        if plan.upstream is None:
            return None
        own = self._weights(plan.upstream, data, fingerprint)
        count = plan.resolved.values.get("upstream.folds")
        if not count:
            return own
        order = list(range(len(data.train)))
        stream(plan.seed, "sampling").shuffle(order)
        folds = []
        for ids in held_out(data.train, min(count, len(order)), order):
            rest = replace(data, train=[dialogue for dialogue in data.train if dialogue.id not in ids])
            without = hashlib.sha256(json.dumps(sorted(ids)).encode()).hexdigest()[:12]
            weights = self._weights(plan.upstream, rest, f"{fingerprint} without {without}")
            folds.append(replace(weights, read_for=ids))
        return replace(own, folds=tuple(folds))

    def _weights(self, upstream: Plan, data: CellData, fingerprint: str) -> UpstreamWeights:
        path = entry_of_key(self._key(upstream, fingerprint))
        with computing_alone(path):
            found = _read(path)
            if found is None:
                self._train(upstream, data, fingerprint, path)
                found = _read(path)
        assert found is not None
        return found

    def _key(self, upstream: Plan, fingerprint: str) -> str:
        """Name everything that decides the weights."""
        covered = {
            "data": [upstream.address.dataset, fingerprint, upstream.limit, list(upstream.dataset.labels)],
            "backbone": self.workspace.backbone_key(upstream),
            "choices": upstream.choices(),
            "settings": dict(upstream.resolved.values),
            "seed": upstream.seed,
            "code": code_digests(upstream.code()),
            "core": versions_used(upstream.resolved.values),
            "device": self.workspace.device.type,
            "libraries": {name: versions()[name] for name in ("torch", "transformers")},
        }
        return hashlib.sha256(json.dumps(covered, sort_keys=True, default=list).encode()).hexdigest()[:40]

    def _train(self, upstream: Plan, data: CellData, fingerprint: str, path: Path) -> None:
        self.hear(Noted(f"training the upstream {upstream.label()}"))
        # Test is not even read, and the trained parts are handed over instead of thrown away.
        plan = replace(upstream, dev_only=True, save_model=True)
        cell = Cell(plan, replace(data, sealed_test=None), fingerprint, self.workspace, self.hear)
        result = cell.run()
        assert isinstance(result.model, TrainedParts)
        facts = _facts(upstream, result, result.model)
        _write(path, result.model, facts, self.workspace.identity(upstream))
        dev, train = (facts[split][upstream.dataset.headline_metric] for split in ("dev", "train"))
        self.hear(Noted(f"upstream {upstream.label()}: dev {dev:.2f}, train {train:.2f}"))


def _facts(upstream: Plan, result: CellResult, trained: TrainedParts) -> dict[str, Any]:
    """Return the facts of the training for a record: where such a cell lies, and how far train is ahead of dev."""
    assembly, composition = trained.assembly, trained.composition
    _, ready = assembly.prepare(composition.encoder, composition.row_encoder)
    own = assembly.own_classifier
    outputs = composition.represent(ready.train)
    scores = scores_of(trained.classifiers[own], outputs, len(upstream.dataset.labels))
    return {
        "method": upstream.method.name,
        "settings_hash": upstream.address.settings_hash,
        "dev": result.readings[own].dev,
        "train": assembly.scorer.metrics(ready.train.labels, scores),
        "selection": result.selection,
        "seconds": round(sum(result.timings.values()), 1),
    }


def _write(path: Path, trained: TrainedParts, facts: Mapping[str, Any], identity: str) -> None:
    address, model = trained.assembly.plan.address, trained.composition.encoder.language_model
    # What reads through it knows of no adapters; the cell is over.
    merge_adapters(model)
    told = dated(
        {
            "backbone": f"{address.backbone} trained by {address.method}",
            "identity": identity,
            "dataset": address.dataset,
            "precision": str(next(model.parameters()).dtype).removeprefix("torch."),
            _FACTS: json.dumps({**facts, "key": path.stem, "weights": digest_of(model)}),
        }
    )
    write_entry(path, lambda file: save_model(model, file, told))


def _read(path: Path) -> UpstreamWeights | None:
    """Return weights of the cache; ``None`` where they are not there or are damaged."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()[_FACTS])
            digest = facts.pop("weights")
    except (SafetensorError, AttributeError, KeyError, OSError, ValueError, TypeError):
        return None
    mark_used(path)
    return UpstreamWeights(path, digest, facts)

"""The record of a cell: settings, provenance, dev metrics, and test metrics that the runner computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from erc_bench.contracts.types import UtteranceKey
from erc_bench.corpora.corpus import Corpus, groups
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.plugin_host.provenance import git_state, versions
from erc_bench.statistics.metrics import degenerate, majority_floor, score
from erc_bench.store.layout import RECORD_FORMAT
from erc_bench.training.core_versions import versions_used
from erc_bench.training.result import CellResult, Readout

Row = tuple[UtteranceKey, str, str]


def inputs(plan: Plan, fingerprint: str | None, identity: str | None) -> dict[str, Any]:
    """Return what a stored cell must still agree with, else it is stale; ``None`` is what was not looked at."""
    code = code_digests(plan.code())
    return {"data": fingerprint, "backbone": identity, "code": code, "core": versions_used(plan.resolved.values)}


def scored_rows(
    plan: Plan, keys: Sequence[UtteranceKey], scores: np.ndarray, gold: Mapping[UtteranceKey, str]
) -> list[Row]:
    """Join scores (n, classes) with the labels that only the runner holds, in the order of the split."""
    best = dict(zip(keys, scores.argmax(-1).tolist(), strict=True))
    if best.keys() != gold.keys() or len(keys) != len(gold):
        raise ErcBenchError(
            f"{plan.address.method} scored {len(keys)} utterances ({len(best)} different ones), "
            f"and {len(gold)} are to be scored"
        )
    return [(key, label, plan.dataset.labels[best[key]]) for key, label in gold.items()]


def make_record(
    plan: Plan,
    corpus: Corpus,
    result: CellResult,
    test_rows: Mapping[str, Sequence[Row]],
    stored_inputs: Mapping[str, Any],
    machine: Mapping[str, Any],
) -> dict[str, Any]:
    """Gather everything that is known of a finished cell. ``test_rows`` is empty without a test score."""
    dataset, resolved = plan.dataset, plan.resolved
    own, *others = result.readings
    floor = _floor(plan, test_rows.get(own, ()))
    metrics = _metrics(plan, result.readings[own], test_rows.get(own), floor)
    return {
        "format": RECORD_FORMAT,
        "method": plan.address.method,
        "dataset": plan.address.dataset,
        "backbone": plan.address.backbone,
        "seed": plan.seed,
        "settings_hash": plan.address.settings_hash,
        "choices": plan.choices(),
        "readouts": list(plan.readouts),
        "settings": dict(resolved.values),
        "origins": dict(resolved.origins),
        "overrides": dict(resolved.overrides),
        "settings_from": plan.method.settings_from,
        "regime": resolved.regime,
        "limit": plan.limit,
        "dev_only": plan.dev_only,
        "labels": list(dataset.labels),
        "headline_metric": dataset.headline_metric,
        "scored_labels": list(dataset.scored_labels),
        "sees_future": result.facts.get("sees_future", False),
        **({"upstream": result.facts["upstream"]} if "upstream" in result.facts else {}),
        "selection": result.selection,
        "data": {
            "fingerprint": corpus.fingerprint,
            "layout": corpus.layout_name,
            "counts": _counts(corpus),
            "departures": list(corpus.departures),
            "groups": groups(corpus.splits.test),
        },
        "inputs": dict(stored_inputs),
        "provenance": {"git": git_state(), "versions": versions(), **machine, **_without(result.facts, "upstream")},
        "timings": {name: round(seconds, 3) for name, seconds in result.timings.items()},
        "epochs": result.epochs,
        "metrics": {"dev": metrics["dev"], "test": metrics["test"]},
        "floor": floor,
        "degenerate": metrics["degenerate"],
        "readouts_metrics": {
            name: _metrics(plan, result.readings[name], test_rows.get(name), floor) for name in others
        },
        "readouts_epochs": {name: reading.epochs for name, reading in result.readings.items() if reading.epochs},
        "readouts_selection": {name: reading.selection for name, reading in result.readings.items() if reading.epochs},
    }


def _without(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {fact: value for fact, value in facts.items() if fact != name}


def _metrics(
    plan: Plan, reading: Readout, rows: Sequence[Row] | None, floor: Mapping[str, Any] | None
) -> dict[str, Any]:
    if rows is None or floor is None:
        return {"dev": reading.dev, "test": None, "degenerate": ""}
    predicted = [row[2] for row in rows]
    test = score([row[1] for row in rows], predicted, plan.dataset.labels, plan.dataset.scored_labels)
    return {
        "dev": reading.dev,
        "test": test,
        "degenerate": degenerate(test, predicted, floor, plan.dataset.headline_metric),
    }


def _floor(plan: Plan, rows: Sequence[Row]) -> dict[str, Any] | None:
    if not rows:
        return None
    return majority_floor([row[1] for row in rows], plan.dataset.labels, plan.dataset.scored_labels)


def _counts(corpus: Corpus) -> dict[str, Any]:
    return {
        split: {"dialogues": c.dialogues, "utterances": c.utterances, "labelled": c.labelled}
        for split, c in corpus.counts.items()
    }

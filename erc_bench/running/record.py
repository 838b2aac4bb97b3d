"""What a finished cell leaves behind: its record with the metrics on test, its audit, predictions and arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from erc_bench.contracts.types import UtteranceKey
from erc_bench.corpora.corpus import Corpus, groups
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.plan import Plan
from erc_bench.plugin_host.provenance import git_state, versions
from erc_bench.statistics.metrics import METRIC_WORDS, best_labels, constant_floor, degenerate, score
from erc_bench.store.layout import RECORD_FORMAT, CellAddress
from erc_bench.store.reading import read_cell
from erc_bench.store.writing import CellWriter
from erc_bench.training.events import Event, Hear, ScoredOnTest
from erc_bench.training.result import CellResult, Readout

Row = tuple[UtteranceKey, str, str]


def scored_rows(
    plan: Plan, keys: Sequence[UtteranceKey], scores: np.ndarray, gold: Mapping[UtteranceKey, str]
) -> list[Row]:
    """Join scores (n, classes) with the labels that only the runner holds, in the order of the split.

    A row of nan is no answer, which stands as an empty text.
    """
    best = dict(zip(keys, best_labels(scores, plan.dataset.labels), strict=True))
    if best.keys() != gold.keys() or len(keys) != len(gold):
        raise ErcBenchError(
            f"{plan.address.method} scored {len(keys)} utterances ({len(best)} different ones), "
            f"and {len(gold)} are to be scored"
        )
    return [(key, label, best[key]) for key, label in gold.items()]


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
    upstream = {name: fact for name, fact in result.facts.items() if name == "upstream"}
    facts = {name: fact for name, fact in result.facts.items() if name != "upstream"}
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
        **upstream,
        "selection": result.selection,
        "data": {
            "fingerprint": corpus.fingerprint,
            "layout": corpus.layout_name,
            "counts": {split: asdict(found) for split, found in corpus.counts.items()},
            "departures": list(corpus.departures),
            "groups": groups(corpus.splits.test),
            **{name: said for name in ("variant_of", "public_text") if (said := getattr(dataset, name))},
        },
        "inputs": dict(stored_inputs),
        "provenance": {"git": git_state(), "versions": versions(), **machine, **facts, **_generating(plan)},
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


def _metrics(
    plan: Plan, reading: Readout, rows: Sequence[Row] | None, floor: Mapping[str, Any] | None
) -> dict[str, Any]:
    if rows is None or floor is None:
        return {"dev": reading.dev, "test": None, "degenerate": ""}
    predicted = [row[2] for row in rows]
    dataset = plan.dataset
    gold = [row[1] for row in rows]
    test = score(gold, predicted, dataset.labels, dataset.scored_labels, unknown_as_wrong=True)
    reason = degenerate(test, [label for label in predicted if label], floor, dataset.headline_metric)
    return {"dev": reading.dev, "test": test, "degenerate": reason}


def _generating(plan: Plan) -> dict[str, bool]:
    """Say that a language model that writes text takes part: one that is asked for nothing else may know text, too."""
    writes = plan.sends_text or (plan.backbone is not None and (plan.is_system or plan.backbone.generates))
    return {"generates": True} if writes else {}


def _floor(plan: Plan, rows: Sequence[Row]) -> dict[str, Any] | None:
    if not rows:
        return None
    dataset = plan.dataset
    gold = [row[1] for row in rows]
    return constant_floor(gold, dataset.labels, dataset.scored_labels, dataset.headline_metric)


class SelectionAudit:
    """Holds the test labels and scores every epoch. What it finds goes into the record alone.

    Training hands scores in and gets nothing back, so that no choice can hang on them. What else happens goes to
    ``others``, which hear of no test score.
    """

    def __init__(self, plan: Plan, gold: Mapping[UtteranceKey, str], others: Hear) -> None:
        self._plan = plan
        self._gold = gold
        self._others = others
        self._stages: dict[str, list[dict[str, float]]] = {"training": [], "readout": []}

    def hear(self, event: Event) -> None:
        """Write down the scores on test, and pass everything else on."""
        if not isinstance(event, ScoredOnTest):
            self._others(event)
            return
        dataset = self._plan.dataset
        rows = scored_rows(self._plan, event.keys, event.scores, self._gold)
        gold, predicted = [row[1] for row in rows], [row[2] for row in rows]
        metrics = score(gold, predicted, dataset.labels, dataset.scored_labels)
        self._stages[event.stage].append({name: metrics[name] for name in METRIC_WORDS if name in metrics})

    def record(self) -> dict[str, Any]:
        """Return the test metrics in points of every epoch, by stage.

        ``chosen_from`` names the stage whose epochs the reported score was chosen from: that of a
        classifier fitted after training, else training itself.
        """
        fitted_last = getattr(self._plan.components.get("classifier"), "refit", None) == "end"
        return {**self._stages, "chosen_from": "readout" if fitted_last else "training"}


def write_results(
    plan: Plan, result: CellResult, gold: Mapping[UtteranceKey, str], writer: CellWriter
) -> dict[str, list[Row]]:
    """Write predictions and arrays in the order of the split; return the scored rows of every reading."""
    rows: dict[str, list[Row]] = {}
    own = next(iter(result.readings))
    order = {key: position for position, key in enumerate(result.keys)}
    for name, reading in result.readings.items():
        if reading.scores is not None:
            rows[name] = scored_rows(plan, result.keys, reading.scores, gold)
            scores = reading.scores[[order[key] for key in gold]]
            writer.write_predictions(None if name == own else name, rows[name], scores, plan.dataset.labels)
    arrays = dict(result.arrays)
    for name, array in result.representations.items():
        arrays[name] = array[[order[key] for key in gold]]
    if arrays:
        writer.write_arrays(arrays)
    return rows


def headline(record: Mapping[str, Any]) -> str:
    """Return the headline score of a record in words; nothing for a cell without one."""
    if not record:
        return ""
    metric = record["headline_metric"]
    scores = record["metrics"]["test"] or record["metrics"]["dev"]
    split = "test" if record["metrics"]["test"] else "dev"
    flag = f" (degenerate: {record['degenerate']})" if record["degenerate"] else ""
    return f"{split} {metric.replace('_', ' ')} {scores[metric]:.2f}{flag}"


def other_weights(runs: Path, address: CellAddress, upstream: Mapping[str, Any]) -> Iterator[str]:
    """Yield a note on each stored cell of the seed that read another training of the same upstream."""
    alike = (runs / address.dataset).glob(f"*/{address.backbone}/*/seed-{address.seed}")
    for folder in sorted(alike):
        before = read_cell(folder).record.get("upstream", {})
        if before.get("key") == upstream["key"] and before.get("weights") != upstream["weights"]:
            yield (
                f"{folder} read other weights of the upstream {upstream['method']} ({before.get('weights')}, now "
                f"{upstream['weights']}): it was trained again elsewhere; "
                f"{OptionName('overwrite'):always} runs such cells again"
            )

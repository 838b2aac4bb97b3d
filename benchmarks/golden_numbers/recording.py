"""Run one case as the runner runs a cell, and sum up what came out in a few numbers."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from erc_bench.contracts.types import gold_labels, seal
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request
from erc_bench.planning.settings import Override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.statistics.metrics import best_labels, constant_floor, degenerate, score
from erc_bench.training.cell import Cell
from erc_bench.training.file_features import FileFeatures
from erc_bench.training.preparation import CellData
from erc_bench.training.result import CellResult
from erc_bench.training.system_cell import run_system
from erc_bench.training.workspace import Workspace
from golden_numbers import backbone, corpus
from golden_numbers.cases import Case
from golden_numbers.precision import computing_in

Numbers = dict[str, list[float]]
"""What is known of a case: a few numbers under each name, of one scale."""
TOLERANCE: Mapping[str, float] = {"float64": 1e-8, "float32": 1e-4}
"""How far a number may be off, relative to the largest of its entry."""
_DIGITS = {"float64": 12, "float32": 7}
_CPU = torch.device("cpu")


def record(case: Case, precision: str) -> Numbers:
    """Train a case in ``float64`` or ``float32`` and return its numbers."""
    plan = _plan(case)
    splits = corpus.GoldenCorpus().load(Path())
    features = FileFeatures.of([corpus.features(name, splits) for name in plan.all_features()], splits)
    data = CellData(splits.train, splits.dev, seal(splits.test), features)
    with _fresh_cache(), computing_in(precision):
        result = _run(plan, data, case.micro_batch)
    gold = gold_labels(splits.test)
    numbers = {**_of_training(result), **_of_readings(result), **_of_metrics(plan, result, [*gold.values()])}
    kept = {name: values for name, values in numbers.items() if precision == "float64" or _is_smooth(name)}
    return {name: [float(f"{value:.{_DIGITS[precision]}g}") for value in values] for name, values in kept.items()}


def differences(found: Numbers, expected: Numbers, precision: str) -> list[str]:
    """Name the entries that differ by more than the precision allows, or that one side lacks."""
    wrong = [f"{name} is {'new' if name in found else 'gone'}" for name in sorted(found.keys() ^ expected.keys())]
    for name in sorted(found.keys() & expected.keys()):
        mine, theirs = np.asarray(found[name]), np.asarray(expected[name])
        scale = max(float(np.abs(theirs).max(initial=0.0)), 1e-12)
        if mine.shape != theirs.shape:
            wrong.append(f"{name} has {len(mine)} numbers, not {len(theirs)}")
        elif not (distance := float(np.abs(mine - theirs).max(initial=0.0)) / scale) <= TOLERANCE[precision]:
            wrong.append(f"{name} is off by {distance:.1e}")
    return wrong


def _is_smooth(name: str) -> bool:
    """Whether an entry follows rounding smoothly: one label may tip over in float32, and stored states are halved."""
    return name.startswith(("loss ", "anchors")) or name.endswith(" scores")


def _plan(case: Case) -> Plan:
    catalogue = Catalogue()
    catalogue.register(corpus, "golden-corpus")
    catalogue.register(backbone, "golden-backbone")
    overrides = [Override(address, value, origin="the case") for address, value in case.all_settings().items()]
    asked = Request(
        (case.method,), ("golden",), (case.backbone,), (case.seed,), overrides, case.readouts, save_representations=True
    )
    (plan,) = plan_grid(asked, catalogue)
    return plan


def _run(plan: Plan, data: CellData, micro_batch: int | None) -> CellResult:
    if plan.is_system:
        return run_system(plan, data, Workspace(_CPU))
    return Cell(plan, data, "golden", Workspace(_CPU, micro_batch)).run()


@contextmanager
def _fresh_cache() -> Iterator[None]:
    # Frozen states must be computed by the code at hand, in the precision at hand.
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, ERC_BENCH_CACHE=folder):
        yield


def _of_training(result: CellResult) -> Numbers:
    numbers: Numbers = {}
    for epoch in result.epochs:
        for name, value in epoch["terms"].items():
            numbers.setdefault(f"loss {name}", []).append(value)
        numbers.setdefault("dev", []).extend(_headlines(epoch["dev"]))
    numbers["selection"] = [float(value) for value in result.selection.values() if isinstance(value, int)]
    arrays = {**result.arrays, **result.representations}
    return numbers | {name: _projected(array) for name, array in arrays.items()}


def _of_readings(result: CellResult) -> Numbers:
    numbers: Numbers = {}
    for name, reading in result.readings.items():
        if reading.scores is not None:
            # As a file of predictions has them: zeros where there is no answer.
            numbers[f"{name} scores"] = _projected(np.nan_to_num(reading.scores))
        numbers[f"{name} dev"] = _headlines(reading.dev)
        if reading.epochs:
            numbers[f"{name} epochs"] = [value for epoch in reading.epochs for value in _headlines(epoch["dev"])]
    return numbers


def _of_metrics(plan: Plan, result: CellResult, gold: list[str]) -> Numbers:
    """Return the test metrics of the first reading, its floor, and whether it is degenerate."""
    labels, scored = plan.dataset.labels, plan.dataset.scored_labels
    scores = next(iter(result.readings.values())).scores
    assert scores is not None
    predicted = best_labels(scores, labels)
    metrics, floor = score(gold, predicted, labels, scored, unknown_as_wrong=True), constant_floor(gold, labels, scored)
    flag = degenerate(metrics, [label for label in predicted if label], floor)
    classes = [*metrics["per_class_f1"].values(), *map(float, metrics["support"].values())]
    return {"test": _headlines(metrics), "classes": classes, "floor": [*_headlines(floor), float(bool(flag))]}


def _headlines(metrics: Mapping[str, Any]) -> list[float]:
    return [metrics[name] for name in ("weighted_f1", "macro_f1", "accuracy", "micro_f1") if name in metrics]


def _projected(array: np.ndarray) -> list[float]:
    """array: (n, dim) → three numbers: its norm, and two sums in which every element has a weight of its own."""
    values = np.asarray(array, dtype=np.float64).ravel()
    places = np.arange(values.size)
    norm = float(np.linalg.norm(values))
    return [norm, float(values @ np.cos(1 + 1.7 * places)), float(values @ np.sin(0.3 + 0.9 * places**1.1))]


def read_numbers(file: Path) -> dict[str, Any]:
    """Read a file of golden numbers."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content

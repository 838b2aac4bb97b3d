"""Observers: they hear of a run while it goes, and give nothing back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from erc_bench.contracts.component import Component

ObservedStage = Literal["training", "readout"]
"""The process that an epoch belongs to: the training of the method, or the fit of a classifier after it."""
ObservedStatus = Literal["done", "failed", "interrupted"]


@dataclass(frozen=True)
class ObservedRun:
    """One cell that starts: its method, dataset, settings, and the folder of its results.

    ``choices`` maps the slots to component names, ``settings`` maps ``slot.option`` to values; both are
    read-only. ``folder`` is the cell's folder: nothing may be written there, and its record and
    predictions come at the end.
    """

    dataset: str
    method: str
    backbone: str
    seed: int
    settings_hash: str
    choices: Mapping[str, str]
    settings: Mapping[str, Any]
    folder: Path

    def label(self) -> str:
        """Name the run in one line."""
        return f"{self.dataset} · {self.method} · {self.backbone} · seed {self.seed}"


@dataclass(frozen=True)
class ObservedEpoch:
    """One epoch that ended.

    ``epoch`` counts from 1; ``epochs`` is how many there may be, ``None`` where only the classifier
    knows. ``terms`` are the mean loss terms of the epoch, weighted as they are minimised; ``dev`` holds
    the metrics on dev, in points (``weighted_f1``, ``macro_f1``, ``accuracy``, ``per_class_f1`` by
    label, ...). ``seconds`` is the time of training and dev. ``learning_rates`` are those of the last
    step, by group of parameters (``encoder``, ``head``). In the stage ``readout`` ``classifier`` names
    what is fitted, and there are neither terms nor rates.
    """

    stage: ObservedStage
    epoch: int
    epochs: int | None
    terms: Mapping[str, float]
    dev: Mapping[str, Any]
    seconds: float
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    classifier: str = ""


@dataclass(frozen=True)
class ObservedResult:
    """The result of a run, after its folder has been written.

    ``dev`` and ``test`` hold the metrics of the chosen epoch, in points; ``test`` is ``None`` where test
    was not scored, and both are where the run did not end well, for which ``error`` is one line.
    """

    status: ObservedStatus
    dev: Mapping[str, Any] | None
    test: Mapping[str, Any] | None
    seconds: float
    error: str = ""


class Observer(Component):
    """Hears of runs as they go: to draw curves, to send a message, to feed a tracker of one's own.

    Required: ``name``, ``source`` and one of the three methods. It is built once in every process that
    runs cells and hears of them one after the other. Everything it is handed is read-only and holds no
    model, no text and, before the end, nothing of test; nothing that it does or returns goes back into
    the run. One that raises is named in a warning and left out for the rest of the grid.

    The constructor is called before anything runs, to find mistakes early: it must be quick, and
    raises :class:`ErcBenchError` where, say, a package is missing.
    """

    kind: ClassVar[str] = "observer"

    def run_started(self, run: ObservedRun) -> None:
        """A run starts; an earlier one of the same cell no longer counts."""

    def epoch_ended(self, run: ObservedRun, epoch: ObservedEpoch) -> None:
        """An epoch of the run ended."""

    def run_ended(self, run: ObservedRun, result: ObservedResult) -> None:
        """The run ended, well or not. It is not heard where the process was killed."""

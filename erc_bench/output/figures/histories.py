"""The curves of a row, read from the records of its cells: mean and spread over seeds by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.selected_rows import FigureRow, printable
from erc_bench.store.reading import StoredCell

Floats = npt.NDArray[np.float64]
BySeed = list[tuple[list[int], list[float]]]
"""For each seed the epochs, from 1, and their values."""


@dataclass(frozen=True)
class Curve:
    """Mean and sd (n - 1; 0 with one seed) by epoch, each (epochs,); ``counts`` seeds have the epoch."""

    epochs: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    mean: Floats
    sd: Floats


@dataclass
class Curves:
    """The curves of one row.

    ``chosen`` holds epoch and dev score of every choice; ``trained`` is the last epoch of training
    where a classifier was fitted after it, whose epochs go on counting from there.
    """

    shown: FigureRow
    terms: dict[str, Curve] = field(default_factory=dict)
    dev: Curve | None = None
    test: Curve | None = None
    chosen: list[tuple[int, float]] = field(default_factory=list)
    trained: int | None = None


def average(by_seed: BySeed) -> Curve | None:
    """Return the mean curve; an epoch that only some seeds reached is the mean over those."""
    values: dict[int, list[float]] = {}
    for epochs, found in by_seed:
        for epoch, value in zip(epochs, found, strict=True):
            values.setdefault(epoch, []).append(value)
    if not values:
        return None
    order = sorted(values)
    return Curve(
        np.array(order),
        np.array([len(values[epoch]) for epoch in order]),
        np.array([np.mean(values[epoch]) for epoch in order]),
        np.array([np.std(values[epoch], ddof=1) if len(values[epoch]) > 1 else 0.0 for epoch in order]),
    )


def curves(shown: FigureRow, metric: str) -> Curves:
    """Read the curves of a row from the records of its cells."""
    histories = [_history(cell, metric) for cell in shown.cells.values()]
    # Seeds that stopped early end where they end; the fit after training begins at one place for all.
    trained = max(len(history.dev) for history in histories)
    fitted = any(len(history.fit_dev) > 1 for history in histories)
    result = Curves(shown, trained=trained if fitted else None)
    names = dict.fromkeys(name for history in histories for terms in history.terms for name in terms)
    for name in names:
        found = [[(i, terms[name]) for i, terms in enumerate(h.terms, start=1) if name in terms] for h in histories]
        curve = average([([i for i, _ in each], [value for _, value in each]) for each in found])
        if curve is not None:
            result.terms[name] = curve
    result.dev = average([_joined(h.dev, h.fit_dev if fitted else [], trained) for h in histories])
    result.test = average([_joined(h.test, h.fit_test if fitted else [], trained) for h in histories])
    for history in histories:
        result.chosen += history.choices(trained if fitted else None)
    return result


@dataclass(frozen=True)
class _History:
    """One cell: terms and scores by epoch, of training and of the fit of its own classifier after it."""

    terms: list[Mapping[str, float]]
    dev: list[float]
    fit_dev: list[float]
    test: list[float]
    fit_test: list[float]
    epoch: int | None
    fit_epoch: int | None

    def choices(self, trained: int | None) -> Iterator[tuple[int, float]]:
        """Yield epoch and dev score of each chosen epoch."""
        if self.epoch is not None and 0 < self.epoch <= len(self.dev):
            yield self.epoch, self.dev[self.epoch - 1]
        if trained is not None and self.fit_epoch is not None and 0 < self.fit_epoch <= len(self.fit_dev):
            yield trained + self.fit_epoch, self.fit_dev[self.fit_epoch - 1]


def _history(cell: StoredCell, metric: str) -> _History:
    record = cell.record
    own = record.get("choices", {}).get("classifier", "")
    audit = record.get("audit") or {}
    try:
        epochs = record.get("epochs") or []
        fit = (record.get("readouts_epochs") or {}).get(own) or []
        return _History(
            [{printable(name): float(value) for name, value in epoch["terms"].items()} for epoch in epochs],
            [float(epoch["dev"][metric]) for epoch in epochs],
            [float(epoch["dev"][metric]) for epoch in fit],
            [float(epoch[metric]) for epoch in audit.get("training") or []],
            [float(epoch[metric]) for epoch in audit.get("readout") or []],
            _epoch(record.get("selection")),
            _epoch((record.get("readouts_selection") or {}).get(own)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ErcBenchError(f"the epochs in the record of {cell.name} cannot be read: {error!r}") from None


def _epoch(selection: Any) -> int | None:
    return None if not selection else int(selection["epoch"])


def _joined(training: Sequence[float], fit: Sequence[float], trained: int) -> tuple[list[int], list[float]]:
    epochs = [*range(1, len(training) + 1), *range(trained + 1, trained + len(fit) + 1)]
    return epochs, [*training, *fit]

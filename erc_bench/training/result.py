"""What the training of a cell hands to the runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from erc_bench.contracts.system import System
from erc_bench.contracts.types import UtteranceKey

if TYPE_CHECKING:
    from erc_bench.training.trained import Trained

Stage = Literal["training", "readout"]
"""What an epoch is an epoch of: the training of the composition, or the fit of its own classifier."""


@dataclass
class Reading:
    """What one classifier makes of one training.

    ``dev`` holds metrics in points. scores: (n, classes) probabilities on test; ``None`` where test
    was not read. ``epochs`` holds the dev metrics of each epoch of the classifier's own fit.
    """

    dev: dict[str, Any]
    scores: np.ndarray | None
    epochs: list[dict[str, Any]] = field(default_factory=list)
    selection: dict[str, Any] = field(default_factory=dict)


@dataclass
class CellResult:
    """Scores of every reading (the method's own classifier first), and the facts for the record.

    ``keys`` name the test utterances in the order of the scores and of ``representations``, each (n, dim).
    ``model`` is what was trained, where it is to be saved.
    """

    keys: list[UtteranceKey]
    readings: dict[str, Reading]
    epochs: list[dict[str, Any]] = field(default_factory=list)
    selection: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    representations: dict[str, np.ndarray] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    model: Trained | System | None = None

"""Systems: what trains in its own way, or not at all, and still meets the same protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from erc_bench.contracts.component import Component
from erc_bench.types import Dialogue, UtteranceKey


class System(Component):
    """A whole method that is no composition of slots. Required: ``fit`` and ``predict``."""

    sees_future: ClassVar[bool] = False
    """Whether an utterance's scores may depend on turns after it; tables mark such systems."""

    def __init__(self, options: Any = None) -> None:
        self.options = self.Options() if options is None else options

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], labels: Sequence[str], seed: int) -> None:
        """Learn from labelled train dialogues; choose on labelled dev dialogues."""
        raise NotImplementedError

    def predict(self, dialogues: Sequence[Dialogue]) -> dict[UtteranceKey, np.ndarray]:
        """Return one (classes,) array of scores for every scored utterance of sealed dialogues."""
        raise NotImplementedError

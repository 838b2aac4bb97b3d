"""The loss terms of an epoch, as its log has them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor

from erc_bench.errors import ErcBenchError

_LOOK_EVERY = {"cpu": 1}
"""Steps between looks at the loss, by kind of device: on any but the CPU each look waits for the device."""
_LOOK_SELDOM = 25


class TermLog:
    """Sums the loss terms of an epoch on the device and looks at them now and then."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._pending: list[tuple[int, dict[str, Tensor]]] = []
        self._steps = 0
        self.latest: float | None = None

    def add(self, terms: Mapping[str, Tensor]) -> None:
        """Add the terms of one batch, scalars by name."""
        self._steps += 1
        detached = {name: term.detach() for name, term in terms.items()}
        self._pending.append((self._steps, detached))
        for name, term in detached.items():
            self._sums[name] = self._sums[name] + term if name in self._sums else term.clone()
            self._counts[name] = self._counts.get(name, 0) + 1
        device = next((term.device.type for term in detached.values()), "cpu")
        if len(self._pending) >= _LOOK_EVERY.get(device, _LOOK_SELDOM):
            self.check_finite()

    def check_finite(self) -> None:
        """Raise where a term since the last look was not finite, naming the step and the terms."""
        for step, terms in self._pending:
            values = {name: float(term) for name, term in terms.items()}
            self.latest = sum(values.values())
            if not all(map(math.isfinite, values.values())):
                shown = ", ".join(f"{name} = {value:g}" for name, value in values.items())
                raise ErcBenchError(
                    f"the loss is not finite at step {step} of epoch {self._epoch + 1}: {shown}",
                    "Lower training.encoder_lr or training.head_lr, or set training.precision=float32.",
                )
        self._pending.clear()

    def means(self) -> dict[str, float]:
        """Return the mean of each term over the batches that had it."""
        return {name: float(total) / self._counts[name] for name, total in self._sums.items()}

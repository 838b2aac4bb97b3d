"""A step that ran out of memory, tried again with fewer examples at once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from erc_bench.training.composition import Composition
from erc_bench.training.events import Hear, Noted
from erc_bench.training.step_state import StepState

T = TypeVar("T")


@dataclass
class Retry:
    """Makes the steps of a training; where one runs out of memory, halves the micro-batches for it and the rest."""

    _composition: Composition
    _hear: Hear

    def run(self, step: Callable[[], T], examples: int) -> T:
        """Return the result of ``step``, which starts by forgetting all gradients and has batches of ``examples``."""
        before, micro_batches = StepState(self._composition), self._composition.micro_batches
        while True:
            try:
                done = step()
                micro_batches.check()
                return done
            except torch.OutOfMemoryError:
                at_once = min(micro_batches.size or examples, examples)
                if at_once == 1:
                    raise
            # Not before the error is gone, whose frames hold the tensors of the step.
            self._free()
            before.restore()
            micro_batches.size = at_once // 2
            told = f"out of memory with {at_once} examples at once: going on with {at_once // 2}"
            self._hear(Noted(f"{told}; the gradients stay those of the whole batch"))

    def _free(self) -> None:
        gc.collect()
        if self._composition.row_encoder.device.type == "cuda":
            torch.cuda.empty_cache()

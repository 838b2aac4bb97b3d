"""A step that ran out of memory, tried again with fewer examples at once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from erc_bench.training.composition import Composition
from erc_bench.training.events import Hear, Noted
from erc_bench.training.step_state import StepState

T = TypeVar("T")


class Retry:
    """Makes the steps of a training; where one runs out of memory, halves the micro-batches for it and the rest."""

    def __init__(self, composition: Composition, hear: Hear) -> None:
        self._composition = composition
        self._micro_batches = composition.micro_batches
        self._hear = hear

    def run(self, step: Callable[[], T], examples: int) -> T:
        """Return the result of ``step``, which starts by forgetting all gradients and has batches of ``examples``."""
        before = StepState(self._composition)
        while True:
            try:
                return self._checked(step)
            except torch.OutOfMemoryError:
                at_once = min(self._micro_batches.size or examples, examples)
                if at_once == 1:
                    raise
            # Not before the error is gone, whose frames hold the tensors of the step.
            self._free()
            before.restore()
            self._micro_batches.size = at_once // 2
            told = f"out of memory with {at_once} examples at once: going on with {at_once // 2}"
            self._hear(Noted(f"{told}; the gradients stay those of the whole batch"))

    def _checked(self, step: Callable[[], T]) -> T:
        done = step()
        self._micro_batches.check()
        return done

    def _free(self) -> None:
        gc.collect()
        if self._composition.row_encoder.device.type == "cuda":
            torch.cuda.empty_cache()

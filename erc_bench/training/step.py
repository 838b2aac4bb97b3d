"""One optimisation step as an objective sees it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.encoder import Example
from erc_bench.contracts.losses import at_least_float32
from erc_bench.contracts.task import Outputs
from erc_bench.errors import ErcBenchError
from erc_bench.training.composition import Composition
from erc_bench.training.optimiser import each_once
from erc_bench.training.prepared import Picked, PreparedSplit


@dataclass(eq=False)
class BatchStep:
    """Encodes one batch when asked and gathers its gradient.

    Where no term of the objective reaches what the head has alone, that is trained on detached
    representations, so that it can be read out without touching anything else. ``_share`` is the
    batch's weight in the optimiser's step. ``training_terms`` and ``inert_terms`` name the terms
    that did and did not depend on anything that trains.
    """

    _composition: Composition
    _split: PreparedSplit
    _indices: Sequence[int]
    _make_rng: Callable[[], Random]
    _share: float

    def __post_init__(self) -> None:
        self.batch: Sequence[Example] = Picked(self._split.examples, self._indices)
        self._last: Outputs | None = None
        self.terms: dict[str, Tensor] = {}
        self.training_terms: set[str] = set()
        self.inert_terms: set[str] = set()

    @cached_property
    def rng(self) -> Random:
        """The batch's stream of chance: made when it is asked for, which few objectives do."""
        return self._make_rng()

    def run(self) -> None:
        """Let the objective make the step; keep the terms that it logs, without their graphs."""
        self.terms = {name: term.detach() for name, term in self._composition.objective.step(self).items()}

    def outputs(self) -> Outputs:
        """Encode the batch with the parameters as they are now."""
        composition = self._composition
        self._last = composition.outputs(self._split, self._indices, composition.objective.views)
        return self._last

    def backward(self, terms: Mapping[str, Tensor]) -> None:
        """Add the gradient of the sum of the terms."""
        _check_terms(self._composition.objective.name, terms)
        for name, term in terms.items():
            (self.training_terms if term.requires_grad else self.inert_terms).add(name)
        total = reduce(torch.add, map(at_least_float32, terms.values()))
        if total.requires_grad:
            torch.autograd.backward(total if self._share == 1 else total * self._share)

    def parameters(self, group: str) -> list[nn.Parameter]:
        """Return the trained parameters of a group: ``encoder``, ``head``, or one that the encoder names besides."""
        encoder = self._composition.encoder
        groups = {**encoder.parameter_groups(), **self._composition.parameter_groups()}
        if group not in groups:
            raise ErcBenchError(
                f"the objective {self._composition.objective.name!r} asks for the parameter group {group!r}, "
                f"which the encoder {encoder.name!r} does not name",
                f"It names {', '.join(groups)}; choose an encoder whose parameter_groups has {group!r}.",
            )
        return [p for p in each_once(groups[group]) if p.requires_grad]

    def train_head_apart(self) -> Tensor | None:
        """Add the gradient of what the head has alone, on detached representations; return its loss."""
        head, own = self._composition.head, self._composition.own_head
        if self._last is None or not own:
            return None
        loss = replace(self._last, logits=head(self._last.z.detach())).cross_entropy()
        # A projection that the head shares with the objective is the objective's to train.
        torch.autograd.backward(loss * self._share, inputs=own)
        return loss.detach()


def _check_terms(objective: str, terms: Any) -> None:
    """Raise :class:`ErcBenchError` where a loss is not a mapping of names to scalar tensors."""
    found = f"a {type(terms).__name__}"
    if isinstance(terms, Mapping):
        odd = [name for name, term in terms.items() if not isinstance(term, Tensor) or term.ndim]
        if terms and not odd:
            return
        found = f"{odd[0]!r}, which is not a scalar tensor" if odd else "no term"
    raise ErcBenchError(
        f"the loss of the objective {objective!r} must be named scalar tensors, and it gave {found}",
        'For example: return {"cross_entropy": outputs.cross_entropy()}.',
    )


def untouched(parameters: Sequence[nn.Parameter]) -> bool:
    """Whether no gradient has reached the parameters since the last ``zero_grad``."""
    return all(parameter.grad is None for parameter in parameters)


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

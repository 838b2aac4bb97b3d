"""One optimisation step as an objective sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, reduce
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erc_bench.contracts.encoder import Example
from erc_bench.contracts.losses import at_least_float32
from erc_bench.contracts.outputs import Outputs
from erc_bench.errors import ErcBenchError
from erc_bench.training.composition import Composition
from erc_bench.training.picked import Picked
from erc_bench.training.prepared import PreparedSplit


class BatchStep:
    """Encodes one batch when asked and gathers its gradient.

    Where no term of the objective reaches the head, the head is trained on detached
    representations, so that it can be read out without touching anything else. ``share`` is the
    batch's weight in the optimiser's step. ``training_terms`` and ``inert_terms`` name the terms
    that did and did not depend on anything that trains.
    """

    def __init__(
        self,
        composition: Composition,
        split: PreparedSplit,
        indices: Sequence[int],
        make_rng: Callable[[], Random],
        share: float,
    ) -> None:
        self.batch: Sequence[Example] = Picked(split.examples, indices)
        self._make_rng = make_rng
        self._composition = composition
        self._split = split
        self._indices = indices
        self._share = share
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
        """Return the trained parameters of a group: ``encoder`` or ``head``."""
        return [p for p in self._composition.parameter_groups()[group] if p.requires_grad]

    def train_head_apart(self) -> Tensor | None:
        """Add the head's own gradient on detached representations; return its loss."""
        head = self._composition.head
        if self._last is None or not list(head.parameters()):
            return None
        loss = F.cross_entropy(head(self._last.z.detach()), self._last.labels, self._last.class_weights)
        torch.autograd.backward(loss * self._share)
        return loss.detach()


def _check_terms(objective: str, terms: Any) -> None:
    """Raise :class:`ErcBenchError` where a loss is not a mapping of names to scalar tensors."""
    found = f"a {type(terms).__name__}"
    if isinstance(terms, Mapping):
        odd = [name for name, term in terms.items() if not isinstance(term, Tensor) or term.ndim]
        if terms and not odd:
            return
        found = f"{odd[0]!r}, which is no scalar tensor" if odd else "no term"
    raise ErcBenchError(
        f"the loss of the objective {objective!r} must be named scalar tensors, and it gave {found}",
        'For example: return {"cross_entropy": outputs.cross_entropy()}.',
    )


def untouched(head: nn.Module) -> bool:
    """Whether no gradient has reached the head since the last ``zero_grad``."""
    return all(parameter.grad is None for parameter in head.parameters())

"""Objectives: the losses that training minimises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, ClassVar, Protocol

from torch import Tensor, nn

from erc_bench.contracts.component import Component

if TYPE_CHECKING:
    from erc_bench.contracts.encoder import Example
    from erc_bench.contracts.task import Outputs, Task


@dataclass
class EpochView:
    """The view of an epoch's start that an objective is given.

    ``epoch`` counts from 0. ``labels`` (n,) belong to the first target of each example;
    ``representations`` encodes all examples of the epoch in evaluation mode, once, when asked.
    """

    epoch: int
    epochs: int
    rng: Random
    examples: Sequence[Example]
    labels: Tensor
    representations: Callable[[], Outputs]


class Step(Protocol):
    """One optimisation step, for objectives that need more than one pass over the batch."""

    batch: Sequence[Example]

    @property
    def rng(self) -> Random:
        """The batch's own stream of chance."""
        ...

    def outputs(self) -> Outputs:
        """Encode the batch (again) with the parameters as they are now."""
        ...

    def backward(self, terms: Mapping[str, Tensor]) -> None:
        """Add the gradient of the sum of the terms."""
        ...

    def parameters(self, group: str) -> list[nn.Parameter]:
        """Return the trained parameters of a group: ``encoder``, ``head``, or one that the encoder names besides."""
        ...


class Objective(Component, nn.Module):
    """A training objective. Required: ``name``, ``source`` and ``loss``.

    All training state is parameters, buffers or ``get_extra_state``, from which a chosen epoch is
    restored and a step begins again that ran out of memory. :class:`erc.PendingBatches` holds what
    waits for ``after_step``, :class:`erc.RandomStream` a generator.
    """

    kind: ClassVar[str] = "objective"
    views: ClassVar[int] = 1
    """How many passes of the encoder over a batch the loss reads."""
    momentum: float | None = None
    """Where set, views after the first come without gradients from a copy θ' of the encoder θ.

    After every step θ' is m·θ' + (1 - m)·θ. It is read after ``start``.
    """

    def start(self, task: Task) -> None:
        """Build the parts that depend on the task: projections, anchors, queues."""

    def project(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, dim'), the space in which the objective compares. Default: ``z``."""
        return z

    def anchors(self) -> Tensor | None:
        """Return one vector per class, (classes, dim'), where the objective has such."""
        return None

    def project_with_anchors(self, z: Tensor) -> tuple[Tensor, Tensor | None]:
        """z: (n, dim) → ``project(z)`` and ``anchors()``; to be overridden where one pass gives both."""
        return self.project(z), self.anchors()

    def make_head(self, dim: int, classes: int, dropout: float) -> nn.Module:
        """Return the classifier head, (n, dim) → (n, classes)."""
        return nn.Sequential(nn.Dropout(dropout), nn.Linear(dim, classes))

    def loss(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return named, already weighted scalar terms; training minimises their sum."""
        raise NotImplementedError

    def begin_epoch(self, view: EpochView) -> None:
        """Prepare an epoch (class centres, assignments)."""

    def select(self, view: EpochView) -> Sequence[int] | None:
        """Return the indices of the examples that this epoch trains on; ``None`` for all."""
        return None

    def step(self, step: Step) -> Mapping[str, Tensor]:
        """Run one optimisation step's passes and return the terms to log."""
        terms = self.loss(step.outputs())
        step.backward(terms)
        return terms

    def after_step(self) -> None:
        """Update state that follows the parameters (momentum copies, queues)."""

    @classmethod
    def has_anchors(cls) -> bool:
        """Whether the objective offers anchors to classifiers."""
        return cls.anchors is not Objective.anchors

"""Classifiers: how representations become scores. A cell trains once and is read by many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from torch import Tensor, nn

from erc_bench.contracts.component import Component

if TYPE_CHECKING:
    from erc_bench.contracts.task import Outputs, Task


class Classifier(Component, nn.Module):
    """Reads representations. Required: ``name``, ``source`` and ``scores``.

    ``refit`` says when ``fit`` runs: ``"each-epoch"`` before the epoch's dev score, ``"end"`` once
    on the selected epoch, ``None`` never.
    """

    kind: ClassVar[str] = "classifier"
    refit: ClassVar[Literal["each-epoch", "end"] | None] = None
    needs_anchors: ClassVar[bool] = False
    """Whether it can only read an objective that offers anchors."""
    scores_unfitted: ClassVar[bool] = True
    """Whether ``scores`` means something before ``fit``; where not, the head gives the dev score of an epoch."""

    def start(self, task: Task) -> None:
        """Read the task (say, the objective's temperature); called once, before anything else."""

    def scores(self, outputs: Outputs) -> Tensor:
        """Return (n, classes) logits; their softmax gives the class probabilities."""
        raise NotImplementedError

    def fit(self, train: Outputs, dev: Outputs, task: Task) -> Iterator[None]:
        """Fit to the representations of train; yield once per epoch, so that the runner selects.

        All fitted state is parameters or buffers; a submodule that holds some is built in ``start``.
        """
        yield from ()

    def fitted_anchors(self) -> Tensor | None:
        """Return the class vectors after fitting, (classes, dim'), where the classifier has such."""
        return None

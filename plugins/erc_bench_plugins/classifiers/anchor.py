"""Anchors as a cosine classifier, adapted to the frozen representations: EACL's second stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


class Anchor(erc.Classifier):
    """Move the objective's anchors, and nothing else, until they classify best by cosine.

    Before it is fitted it scores by the anchors as they are.
    """

    name = "anchor"
    source = "Yu et al. 2024, arXiv:2403.20289, Eqs 9 and 10"
    departures = (
        "Anchors start from the epoch that was chosen; in the code they come from the last epoch and the "
        "representations from the best.",
        "The ablation's random start has anchors of the length of those that it replaces; the paper does not say "
        "how they are drawn.",
    )
    refit = "end"
    needs_anchors = True

    @dataclass(frozen=True)
    class Options:
        """The second stage of EACL's official code; the rate is larger where the encoder is small or frozen."""

        epochs: int = erc.option(10, "Passes over the train representations.", at_least=1)
        lr: float = erc.option(1e-4, "Adam's learning rate for the anchors.", above=0, frozen=1e-2, small=1e-3)
        batch_size: int = erc.option(64, "Utterances in a batch.", at_least=1)
        clip: float = erc.option(5.0, "Largest norm of the gradient; 0: no clipping.", at_least=0)
        temperature: float | None = erc.option(None, "Divides the score; none: the objective's.", above=0)
        score: Literal["cosine", "half-cosine"] | None = erc.option(
            None, "Plain cosine or (1 + cosine)/2; none: the objective's own score."
        )
        inheritance: bool = erc.option(True, "Start from the objective's anchors; false: from random vectors.")

    adapted: nn.Parameter | None
    scale: Tensor

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.register_parameter("adapted", None)
        scale = erc.cosine_scale(None, self.options.temperature, self.options.score)
        self.register_buffer("scale", torch.tensor(scale))

    def start(self, task: erc.Task) -> None:
        """Take over temperature and score of the objective where the options leave them open."""
        scale = erc.cosine_scale(task.objective_options, self.options.temperature, self.options.score)
        self.scale = torch.tensor(scale, device=task.device)

    def scores(self, outputs: erc.Outputs) -> Tensor:
        """Return cosines to the anchors over the temperature, (n, classes)."""
        anchors = outputs.anchors if self.adapted is None else self.adapted
        assert anchors is not None, "anchor reads an objective that has anchors"
        return erc.cosine(outputs.projected, anchors) * self.scale

    def fit(self, train: erc.Outputs, dev: erc.Outputs, task: erc.Task) -> Iterator[None]:
        """Minimise the mean cross-entropy of the scores over the anchors alone (Eq 9); yield after each epoch."""
        assert train.anchors is not None, "anchor reads an objective that has anchors"
        self.start(task)
        generator = torch.Generator().manual_seed(task.seed)
        self.adapted = nn.Parameter(self._first_anchors(train.anchors, generator))
        optimizer = torch.optim.Adam([self.adapted], lr=self.options.lr)
        rows = train.projected.detach()
        for _ in range(self.options.epochs):
            order = torch.randperm(len(rows), generator=generator).to(rows.device)
            for batch in order.split(self.options.batch_size):
                self._step(optimizer, rows[batch], train.labels[batch])
            yield

    def fitted_anchors(self) -> Tensor | None:
        """Return the adapted anchors, (classes, dim')."""
        return None if self.adapted is None else self.adapted.detach()

    def _first_anchors(self, anchors: Tensor, generator: torch.Generator) -> Tensor:
        anchors = erc.at_least_float32(anchors.detach()).clone()
        if self.options.inheritance:
            return anchors
        # As long as the anchors that they replace: Adam's steps are absolute, so length decides how fast they turn.
        directions = F.normalize(torch.randn(anchors.shape, generator=generator), dim=-1)
        return directions.to(anchors) * anchors.norm(dim=-1, keepdim=True)  # type: ignore[no-any-return]

    @torch.enable_grad()
    def _step(self, optimizer: torch.optim.Optimizer, rows: Tensor, labels: Tensor) -> None:
        """rows: (b, dim'), labels: (b,): one step down the mean cross-entropy."""
        assert self.adapted is not None
        optimizer.zero_grad()
        F.cross_entropy(erc.cosine(rows, self.adapted) * self.scale, labels).backward()
        if self.options.clip > 0:
            nn.utils.clip_grad_norm_([self.adapted], self.options.clip)
        optimizer.step()


@erc.hookimpl
def erc_classifiers() -> list[type[erc.Classifier]]:
    return [Anchor]

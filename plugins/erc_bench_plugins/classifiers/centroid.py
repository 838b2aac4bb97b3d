"""The nearest class mean of the train representations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

import erc_bench.api as erc

_BELOW_ANY_COSINE = 1e4
"""Its exponential is 0 in float32: a class without a mean gets probability 0 and is never predicted."""


class Centroid(erc.Classifier):
    """Score an utterance by its cosine to each class's mean over train; a class absent from train never wins."""

    name = "centroid"
    source = "SPCL's classifier (Song et al. 2022): centres over the whole of train"
    departures = ()
    refit = "each-epoch"
    scores_unfitted = False

    @dataclass(frozen=True)
    class Options:
        """Where the means are taken, and how sharp the scores are.

        With a frozen encoder only the projection can have learnt anything.
        """

        space: Literal["z", "projected"] = erc.option(
            "z", "Compare the encoder's representations, or their projection by the objective.", frozen="projected"
        )
        temperature: float | None = erc.option(None, "Divides the score; none: the objective's.", above=0)
        score: Literal["cosine", "half-cosine"] | None = erc.option(
            None, "Plain cosine or (1 + cosine)/2; none: the objective's own score."
        )

    centroids: Tensor | None
    present: Tensor | None
    scale: Tensor

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.register_buffer("centroids", None)
        self.register_buffer("present", None)
        scale = erc.cosine_scale(None, self.options.temperature, self.options.score)
        self.register_buffer("scale", torch.tensor(scale))

    def start(self, task: erc.Task) -> None:
        """Take over temperature and score of the objective where the options leave them open."""
        scale = erc.cosine_scale(task.objective_options, self.options.temperature, self.options.score)
        self.scale = torch.tensor(scale, device=task.device)

    def fit(self, train: erc.Outputs, dev: erc.Outputs, task: erc.Task) -> Iterator[None]:
        """Take the mean of each class; nothing is trained, so there is one epoch."""
        self.start(task)
        rows = erc.at_least_float32(self._rows(train).detach())
        self.centroids, self.present = erc.class_means(rows, train.labels, task.classes)
        yield

    def scores(self, outputs: erc.Outputs) -> Tensor:
        """Return cosines to the class means over the temperature, (n, classes)."""
        assert self.centroids is not None, "centroid is fitted before it scores"
        assert self.present is not None
        scores = erc.cosine(self._rows(outputs), self.centroids) * self.scale
        return torch.where(self.present, scores, -self.scale - _BELOW_ANY_COSINE)

    def _rows(self, outputs: erc.Outputs) -> Tensor:
        return outputs.projected if self.options.space == "projected" else outputs.z


@erc.hookimpl
def erc_classifiers() -> list[type[erc.Classifier]]:
    return [Centroid]

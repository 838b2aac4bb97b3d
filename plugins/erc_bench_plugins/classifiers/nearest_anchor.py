"""The nearest anchor, as the objective left it: EACL without anchor adaptation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

import erc_bench.api as erc


class NearestAnchor(erc.Classifier):
    """Score an utterance by its cosine to each of the objective's anchors."""

    name = "nearest-anchor"
    source = "Yu et al. 2024, arXiv:2403.20289, Eq 10 with the anchors of stage one"
    departures = ()
    needs_anchors = True

    @dataclass(frozen=True)
    class Options:
        """How sharp the scores are; the nearest anchor is the same under all of them."""

        temperature: float | None = erc.option(None, "Divides the score; none: the objective's.", above=0)
        score: Literal["cosine", "half-cosine"] | None = erc.option(
            None, "Plain cosine or (1 + cosine)/2; none: the objective's own score."
        )

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.scale = erc.cosine_scale(None, self.options.temperature, self.options.score)

    def start(self, task: erc.Task) -> None:
        """Take over temperature and score of the objective where the options leave them open."""
        self.scale = erc.cosine_scale(task.objective_options, self.options.temperature, self.options.score)

    def scores(self, outputs: erc.Outputs) -> Tensor:
        """Return cosines to the anchors over the temperature, (n, classes)."""
        assert outputs.anchors is not None, "nearest-anchor reads an objective that has anchors"
        return erc.cosine(outputs.projected, outputs.anchors) * self.scale


@erc.hookimpl
def erc_classifiers() -> list[type[erc.Classifier]]:
    return [NearestAnchor]

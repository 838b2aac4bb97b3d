"""Supervised contrastive learning beside cross-entropy (Gunel et al. 2021, arXiv:2011.01403)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

import erc_bench.api as erc


class SupCon(erc.Objective):
    """Draw utterances of one emotion together and away from all others, beside cross-entropy.

    L = (1 − λ)·CE + λ·SupCon on cosines of the representations themselves: one view, no projection.

    Departure from the paper: the contrastive term is the mean, not the sum, over the rows that
    have a positive, so that λ weighs terms of like size whatever the batch. In a batch without
    positives the term is 0 and trains nothing.

    A frozen encoder leaves the contrastive term nothing to move (the head is not part of it):
    there the method amounts to cross-entropy.
    """

    name = "supcon"
    source = "Gunel et al. 2021, arXiv:2011.01403, Eqs 1-3; Khosla et al. 2020, arXiv:2004.11362"
    departures = (
        "The contrastive term is the mean, not the sum, over the rows that have a positive; in a batch without "
        "positives it is 0.",
        "Contrast of one view, without a projection.",
        "With a frozen encoder the contrastive term has nothing to move: the method amounts to cross-entropy.",
    )

    @dataclass(frozen=True)
    class Options:
        """The defaults served the paper best on most of its tasks."""

        contrastive_weight: float = erc.option(
            0.9, "The paper's λ: weight of the contrastive term; cross-entropy has 1 - λ.", at_least=0, at_most=1
        )
        temperature: float = erc.option(0.3, "Divides cosine similarities; lower is sharper.", above=0)
        log: Literal["inside", "outside"] = erc.option(
            "inside", "Whether the logarithm stands inside the sum over positives (the paper) or outside."
        )

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the weighted terms; one whose weight is 0 is left out, so that it touches nothing."""
        weight = self.options.contrastive_weight
        terms = {}
        if weight > 0:
            terms["contrastive"] = weight * self.contrastive(outputs.projected, outputs.labels)
        if weight < 1:
            terms["cross_entropy"] = (1 - weight) * outputs.cross_entropy()
        return terms

    def contrastive(self, reps: Tensor, labels: Tensor) -> Tensor:
        """reps: (n, dim), labels: (n,) → the unweighted contrastive term, scalar (Eq 3)."""
        similarities = erc.cosine(reps, reps) / self.options.temperature
        return erc.contrastive_loss(similarities, erc.positives(labels), log=self.options.log)


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [SupCon]

"""CoG-BART's loss: cross-entropy, a contrast of logits, and the encoder's generation (Li et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

import erc_bench.api as erc


class CogBart(erc.Objective):
    """Contrast the logits of two views by label, beside cross-entropy and the generation of the next turn.

    L = (1 − α − β)·CE + α·SupCon + β·GEN. SupCon takes dot products of logits, not normalised, divided by τ; both views
    are anchors and candidates, so that every utterance has a positive. The encoder says what its second view is
    (``extras["second_view"]``) and what it generated (``terms["generation"]``), as ``cog-bart`` does. Of another one
    the second view is z again, which differs by the head's dropout and has no gradient of its own; what is not
    generated has no term.
    """

    name = "cog-bart"
    source = "Li, Yan & Qiu 2022, arXiv:2112.11202; official code whatissimondoing/CoG-BART"
    departures = (
        "With an encoder that has no second view of its own, the second view is z again, which differs by the "
        "head's dropout.",
        "Generation counts the tokens that are written; the code counts padding as well, up to 128 tokens of it for "
        "each turn.",
    )

    @dataclass(frozen=True)
    class Options:
        """The defaults are the authors' for MELD."""

        contrastive_weight: float = erc.option(
            0.5,
            "The paper's alpha: weight of the contrast; cross-entropy has what is left of 1.",
            at_least=0,
            at_most=1,
        )
        generation_weight: float = erc.option(
            0.1, "The paper's beta: weight of the generation of the next turn.", at_least=0, at_most=1
        )
        temperature: float = erc.option(5.0, "Divides dot products of logits; lower is sharper.", above=0)

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._left = 1 - self.options.contrastive_weight - self.options.generation_weight
        if self._left < -_ROUNDING:
            raise erc.ErcBenchError(
                f"objective.contrastive_weight and objective.generation_weight add up to {1 - self._left:g}, "
                "and cross-entropy has what they leave of 1",
                "Lower one of them.",
            )

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the weighted terms; one whose weight is 0 is left out, so that it touches nothing."""
        options, terms = self.options, {}
        if self._left > _ROUNDING:
            terms["cross_entropy"] = self._left * outputs.cross_entropy()
        if options.contrastive_weight > 0:
            second = outputs.head(outputs.extras.get("second_view", outputs.z.detach()))
            contrastive = self.contrastive(outputs.logits, second, outputs.labels)
            terms["contrastive"] = options.contrastive_weight * contrastive
        if options.generation_weight > 0 and "generation" in outputs.encoded_terms:
            terms["generation"] = options.generation_weight * outputs.encoded_terms["generation"]
        return terms

    def contrastive(self, logits: Tensor, second: Tensor, labels: Tensor) -> Tensor:
        """logits, second: (n, classes), labels: (n,) → the unweighted contrastive term, scalar."""
        views = torch.cat([logits, second])
        similarities = views @ views.T / self.options.temperature
        return erc.contrastive_loss(similarities, erc.positives(labels.repeat(2)))


_ROUNDING = 1e-9
"""Weights that add up to 1 do so but for rounding."""


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [CogBart]

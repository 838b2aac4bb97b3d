"""Cross-entropy of the classifier head: the measure of every other objective."""

from __future__ import annotations

from torch import Tensor

import erc_bench.api as erc


class CrossEntropy(erc.Objective):
    """Cross-entropy of the head's logits, weighted by class where the training says so."""

    name = "cross-entropy"
    source = "textbook; EACL, Eqs 5 and 6 (Yu et al. 2024, arXiv:2403.20289)"

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the mean over the batch."""
        return {"cross_entropy": outputs.cross_entropy()}


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [CrossEntropy]


@erc.hookimpl
def erc_methods() -> list[erc.Method]:
    return [
        erc.Method(
            "ce",
            source=CrossEntropy.source,
            summary="Cross-entropy alone: the prompted encoder with a linear head.",
            choices={"objective": "cross-entropy", "classifier": "head"},
        ),
        erc.Method(
            "utterance-ce",
            source="Ghosal et al. 2020, arXiv:2010.02795, section 3.1 (utterance features)",
            summary="The bare utterance with a linear head: no context at all, and the upstream of dialogue systems.",
            choices={"encoder": "utterance", "objective": "cross-entropy", "classifier": "head"},
        ),
    ]

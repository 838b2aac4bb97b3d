"""Cross-entropy of the classifier head: the measure of every other objective."""

from __future__ import annotations

from torch import Tensor

import erc_bench.api as erc


class CrossEntropy(erc.Objective):
    """Cross-entropy of the head's logits, weighted by class where the training says so."""

    name = "cross-entropy"
    source = "textbook; EACL, Eqs 5 and 6 (Yu et al. 2024, arXiv:2403.20289)"
    departures = ()

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the mean over the batch."""
        return {"cross_entropy": outputs.cross_entropy()}


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [CrossEntropy]

"""The classifier head that was trained with the encoder, or the encoder's own."""

from __future__ import annotations

from torch import Tensor

import erc_bench.api as erc


class Head(erc.Classifier):
    """Read the logits of the trained head."""

    name = "head"
    source = "textbook; EACL, Eq 5 (Yu et al. 2024, arXiv:2403.20289)"
    departures = ()

    def scores(self, outputs: erc.Outputs) -> Tensor:
        """Return the logits, (n, classes)."""
        return outputs.logits


@erc.hookimpl
def erc_classifiers() -> list[type[erc.Classifier]]:
    return [Head]

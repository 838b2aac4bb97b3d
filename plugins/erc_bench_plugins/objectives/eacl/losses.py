"""EACL's two losses on projected utterances and anchors."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

import erc_bench.api as erc

Formulation = Literal["paper", "official"]
# arccos has an infinite slope at ±1, where two anchors coincide or oppose each other.
_LARGEST_COSINE = 0.99999
_OFFICIAL_EPSILON = 1e-8


def anchored_contrastive_loss(
    reps: Tensor, labels: Tensor, anchors: Tensor, temperature: float, formulation: Formulation = "paper"
) -> Tensor:
    """reps: (n, dim), labels: (n,), anchors: (classes, dim), row k for class k → scalar.

    Utterances and anchors together are rows and columns of one contrastive loss, with the log
    outside the sum over positives and their number inside it (Eq 4).

    ``paper``: plain cosine. Departures from Eq 4 as it is printed: a row is not part of its own
    denominator (at τ = .1 its e^10 would drown the negatives); the mean instead of the sum over rows (a sum
    would leave cross-entropy without weight); a row without a positive does not count. Where no
    row has one, the loss is 0 with gradients of 0.

    ``official``: what the authors' code computes, a score of (1 + cos)/2 + 1e-8 in place of the
    cosine, and the mean over rows whose loss is above 0. There a row without a positive (the
    anchor of a class that the batch lacks) adds the constant −log 1e-8 = 18.42, which trains
    nothing but counts in the mean.
    """
    rows = torch.cat([reps, anchors])
    classes = torch.arange(len(anchors), device=labels.device)
    positive = erc.positives(torch.cat([labels, classes]))
    similarity = erc.cosine(rows, rows)
    if formulation == "official":
        return _official_contrastive_loss(similarity, positive, temperature)
    return erc.contrastive_loss(similarity / temperature, positive, log="outside")


def _official_contrastive_loss(similarity: Tensor, positive: Tensor, temperature: float) -> Tensor:
    logits = ((1 + similarity) / 2 + _OFFICIAL_EPSILON) / temperature
    probability = erc.masked_log_softmax(logits, erc.all_but_self(logits)).exp()
    share = (probability * positive).sum(dim=1) / (positive.sum(dim=1) + _OFFICIAL_EPSILON)
    row_losses = -(share + _OFFICIAL_EPSILON).log()
    kept = row_losses > 0
    return (row_losses * kept).sum() / (kept.sum() + _OFFICIAL_EPSILON)


def anchor_angle_loss(anchors: Tensor, formulation: Formulation = "paper") -> Tensor:
    """anchors: (classes, dim) → scalar: minus the mean angle, in radians, to each anchor's nearest other (Eq 7).

    ``official`` first moves the anchors' mean to the origin, as the authors' code does; ``paper``
    does not. Cosines are clipped to ±.99999, so that coinciding anchors have a finite gradient
    (of 0). A single anchor has no neighbour and the loss is a constant.
    """
    if formulation == "official":
        anchors = anchors - anchors.mean(dim=0)
    similarity = erc.cosine(anchors, anchors)
    nearest = similarity.masked_fill(~erc.all_but_self(similarity), -1.0).amax(dim=1)
    return -nearest.clamp(-_LARGEST_COSINE, _LARGEST_COSINE).arccos().mean()

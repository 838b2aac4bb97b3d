"""EACL's loss as its authors' code computes it, written out from the facts of that code: the slow side of a ratio."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from erc_bench.contracts.task import Outputs

_EPSILON = 1e-8


def expanded_terms(outputs: Outputs, anchors: Tensor, options: Any) -> dict[str, Tensor]:
    """Return Eq 8's weighted terms, with every pair of rows expanded to (n, n, dim) before its cosine.

    Source: Yu et al. 2024 (arXiv:2403.20289) and its official code; ``options`` are those of the objective ``eacl``.
    """
    contrastive = expanded_contrastive(outputs.projected, outputs.labels, anchors, options.temperature)
    cross_entropy = F.cross_entropy(outputs.logits, outputs.labels, ignore_index=-1)
    return {
        "contrastive": options.lambda1 * contrastive,
        "angle": options.lambda1 * options.lambda2 * centred_angle(anchors),
        "cross_entropy": (1 - options.lambda1) * cross_entropy,
    }


def expanded_contrastive(reps: Tensor, labels: Tensor, anchors: Tensor, temperature: float) -> Tensor:
    """reps: (b, dim), labels: (b,), anchors: (classes, dim) → scalar."""
    rows = torch.cat([reps, anchors])
    classes = torch.cat([labels, torch.arange(len(anchors), device=labels.device)])
    itself = torch.eye(len(rows), device=rows.device, dtype=torch.bool)
    same = classes.unsqueeze(0) == classes.unsqueeze(1)
    score = (1 + F.cosine_similarity(rows.unsqueeze(0), rows.unsqueeze(1), dim=-1)) / 2 + _EPSILON
    logits = score.masked_fill(itself, 0) / temperature
    exponentials = (logits - logits.max().detach()).exp()
    positives = same & ~itself
    of_positives = (exponentials * positives).sum(dim=1)
    of_negatives = (exponentials * ~same).sum(dim=1)
    share = of_positives / ((of_positives + of_negatives) * (positives.sum(dim=1) + _EPSILON))
    row_losses = -(share + _EPSILON).log()
    counted = row_losses > 0
    return (row_losses * counted).sum() / (counted.sum() + _EPSILON)


def centred_angle(anchors: Tensor) -> Tensor:
    """anchors: (classes, dim) → scalar: minus the mean angle to each anchor's nearest other, around their mean."""
    unit = F.normalize(anchors - anchors.mean(dim=0), dim=-1)
    cosines = unit @ unit.T
    apart = cosines - 2 * cosines.diagonal().diag()
    return -apart.max(dim=1).values.clamp(-0.99999, 0.99999).arccos().mean()

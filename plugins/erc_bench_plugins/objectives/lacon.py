"""Label-anchored contrastive learning (LaCon; Zhang et al. 2022, arXiv:2205.10227)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import erc_bench.api as erc


def instance_centred_loss(reps: Tensor, labels: Tensor, anchors: Tensor, temperature: float, heads: int = 1) -> Tensor:
    """reps: (n, dim), labels: (n,), anchors: (classes, dim) → scalar: the labels compete for each utterance.

    The space is cut into ``heads`` slices of (nearly) equal width; in each, the cross-entropy of
    cosines over the temperature. Summed over slices, mean over utterances.
    """
    slices = zip(reps.tensor_split(heads, dim=1), anchors.tensor_split(heads, dim=1), strict=True)
    losses = [
        nn.functional.cross_entropy(erc.cosine(part, part_of_anchors) / temperature, labels)
        for part, part_of_anchors in slices
    ]
    return torch.stack(losses).sum()


def label_centred_loss(reps: Tensor, labels: Tensor, anchors: Tensor, temperature: float) -> Tensor:
    """reps: (n, dim), labels: (n,), anchors: (classes, dim) → scalar: the utterances compete for each label.

    For each class that the batch has, minus the sum of the log ratios of each of its utterances to all
    utterances of other classes; mean over these classes. The denominator holds negatives alone, so
    that the value may be below 0. In a batch of one class there are none: 0 with gradients of 0.
    """
    classes = torch.arange(len(anchors), device=labels.device)
    own = erc.positives(classes, labels)  # (classes, n)
    logits = erc.cosine(anchors, reps) / temperature
    counts = own.sum(dim=1)
    of_class = (logits * own).sum(dim=1) - counts * erc.masked_logsumexp(logits, ~own)
    contrasted = (counts > 0) & (counts < len(labels))
    return -erc.masked_mean(of_class, contrasted)


def label_regulariser(anchors: Tensor) -> Tensor:
    """anchors: (classes, dim) → scalar: the mean of e^(1 + cos) − 1 over ordered pairs; 0 for a single label."""
    similarity = erc.cosine(anchors, anchors)
    pairs = erc.all_but_self(similarity)
    return erc.masked_mean(((1 + similarity).exp() - 1).flatten(), pairs.flatten())


class LaCon(erc.Objective):
    """Contrast utterances with learnt label vectors, from both sides, and spread the labels.

    L = ICL + LCL + λ·LER over the projected utterances and one free vector per label, which start
    at random. Utterances go to the label of the largest cosine (``nearest-anchor``). The head is
    no part of the loss and is trained apart.

    No code was published: this is the paper's text. LCL sums over the utterances of a class, so that
    it grows with the batch. The paper's slices have dim / heads each; here their widths may differ by one.
    Left out: the fusion variant, in which labels attend to the tokens of the text.
    """

    name = "lacon"
    source = "Zhang et al. 2022, arXiv:2205.10227"
    departures = (
        "No code was published: this is the paper's text.",
        "Left out: the fusion variant, in which labels attend to the tokens of the text.",
        "The paper's slices have dim / heads each; here their widths may differ by one.",
    )

    @dataclass(frozen=True)
    class Options:
        """The paper's best values or the middle of its grids."""

        temperature: float = erc.option(0.1, "Divides cosine similarities; lower is sharper.", above=0)
        regulariser_weight: float = erc.option(
            0.5, "The paper's λ: weight of the term that spreads the labels.", at_least=0
        )
        heads: int = erc.option(6, "Slices of the space that are compared on their own.", at_least=1)

    def start(self, task: erc.Task) -> None:
        """Build the projection and draw the label vectors."""
        dim = task.dim
        layers = (nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.projection = nn.Sequential(*layers).to(task.device)
        self.label_vectors = nn.Parameter(torch.randn(task.classes, dim).to(task.device))
        self.heads = min(self.options.heads, dim)

    def project(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, dim): a three-layer MLP."""
        projected: Tensor = self.projection(z)
        return projected

    def anchors(self) -> Tensor:
        """Return the label vectors, (classes, dim), with gradients."""
        return self.label_vectors

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the terms; a regulariser without weight is left out."""
        reps, labels, anchors = outputs.projected, outputs.labels, self.label_vectors
        temperature, weight = self.options.temperature, self.options.regulariser_weight
        terms = {
            "instance_centred": instance_centred_loss(reps, labels, anchors, temperature, self.heads),
            "label_centred": label_centred_loss(reps, labels, anchors, temperature),
        }
        if weight > 0:
            terms["regulariser"] = weight * label_regulariser(anchors)
        return terms


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [LaCon]

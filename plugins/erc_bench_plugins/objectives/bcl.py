"""Balanced contrastive learning (BCL; Zhu et al. 2022, arXiv:2207.09052)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


def balanced_contrastive_loss(reps: Tensor, labels: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    """reps: (n, dim), labels: (n,), prototypes: (classes, dim), row k for class k → scalar, the mean over rows.

    Utterances are the rows, utterances and prototypes the columns. Prototypes make every class a
    part of every batch (class complement); in the denominator a class has the mean of its members'
    exponentials in place of their sum (class averaging). A row's loss is minus the mean logarithm over
    the others of its class, its prototype among them; the row itself is left out everywhere. With several
    views, each view of an utterance is a row.
    """
    columns = torch.cat([reps, prototypes])
    classes = torch.arange(len(prototypes), device=labels.device)
    column_labels = torch.cat([labels, classes])
    logits = erc.cosine(reps, columns) / temperature
    others = erc.all_but_self(logits)
    same = erc.positives(labels, column_labels)
    members = torch.bincount(column_labels, minlength=len(prototypes))[column_labels].to(logits.dtype)
    # Of each column's class, in its own class without the row itself.
    average = torch.where(same, (members - 1).clamp(min=1).log(), members.log())
    denominator = erc.masked_logsumexp(logits - average, others)
    positive = same & others
    row_losses = denominator - (logits * positive).sum(dim=1) / positive.sum(dim=1)
    return row_losses.mean()


class CosineHead(nn.Module):
    """A linear layer of unit weights over unit rows, (n, dim) → (n, classes): cosines times a scale."""

    def __init__(self, dim: int, classes: int, dropout: float, scale: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.weight = nn.Parameter(F.normalize(torch.randn(classes, dim), dim=-1))
        self.scale = scale

    def forward(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, classes)."""
        return self.scale * erc.cosine(self.dropout(z), self.weight)


class Bcl(erc.Objective):
    """Give every class the same weight in the contrast, with prototypes that come from the head's weights.

    L = α·CE + β·BCL. The cross-entropy is on logits plus the logarithm of the class's share of train
    (logit adjustment); at test the logits stand alone, so that they are balanced already: the
    classifier ``logit-adjusted`` would adjust them twice. The head is linear with unit weights and rows.

    Adaptations to fine-tuning a language model: the second view is a second pass with other dropout;
    the logits are those of the first view (the code has three views, and takes the logits of one that is
    no part of the contrast); the two MLPs have layer norm in place of batch norm, which a
    batch of one and a handful of prototypes do not bear. With a frozen encoder the contrast reaches
    the head by way of the prototypes alone.
    """

    name = "bcl"
    source = "Zhu et al. 2022, arXiv:2207.09052; official code FlamieZhu/Balanced-Contrastive-Learning"
    departures = (
        "The second view is a second pass with other dropout, in place of an augmented image.",
        "The logits are those of the first view; the code has three views, and takes those of one that is no part "
        "of the contrast.",
        "The MLPs have layer norm in place of batch norm, which a batch of one and a handful of prototypes do not "
        "bear.",
        "With a frozen encoder the contrast reaches the head by way of the prototypes alone.",
    )
    views = 2

    @dataclass(frozen=True)
    class Options:
        """The defaults are those of the official code's ImageNet-LT run."""

        cross_entropy_weight: float = erc.option(1.0, "Weight of the cross-entropy.", at_least=0)
        contrastive_weight: float = erc.option(0.35, "Weight of the contrastive term.", at_least=0)
        temperature: float = erc.option(0.07, "Divides cosine similarities in the contrast; lower is sharper.", above=0)
        head_scale: float = erc.option(30.0, "Factor from the head's cosines to logits.", above=0)
        projection_dim: int = erc.option(1024, "Width of the space of the contrast.", at_least=1)

    prior: Tensor

    def start(self, task: erc.Task) -> None:
        """Build both MLPs and keep the logarithms of the class shares of train."""
        self.projection = _mlp(task.dim, self.options.projection_dim).to(task.device)
        self.prototype_projection = _mlp(task.dim, self.options.projection_dim).to(task.device)
        self.register_buffer("prior", erc.log_prior(task.train_counts).to(task.device))

    def project(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, projection_dim): Linear-LayerNorm-ReLU-Linear."""
        projected: Tensor = self.projection(z)
        return projected

    def make_head(self, dim: int, classes: int, dropout: float) -> nn.Module:
        """Return a head of cosines, whose weights the prototypes are made from."""
        return CosineHead(dim, classes, dropout, self.options.head_scale)

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the weighted terms; one whose weight is 0 is left out, so that it touches nothing."""
        options = self.options
        terms = {}
        if options.contrastive_weight > 0:
            terms["contrastive"] = options.contrastive_weight * self.contrastive(outputs)
        if options.cross_entropy_weight > 0 or not terms:
            adjusted = F.cross_entropy(outputs.logits + self.prior, outputs.labels, outputs.class_weights)
            terms["cross_entropy"] = options.cross_entropy_weight * adjusted
        return terms

    def contrastive(self, outputs: erc.Outputs) -> Tensor:
        """Return the unweighted contrastive term over all views, scalar."""
        prototypes = self.prototype_projection(outputs.head.weight)
        reps = torch.cat([view.projected for view in outputs.views])
        labels = outputs.labels.repeat(len(outputs.views))
        return balanced_contrastive_loss(reps, labels, prototypes, self.options.temperature)


def _mlp(dim: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, dim), nn.LayerNorm(dim), nn.ReLU(), nn.Linear(dim, width))


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [Bcl]

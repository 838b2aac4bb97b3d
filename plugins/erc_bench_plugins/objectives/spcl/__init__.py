"""Supervised prototypical contrastive learning (SPCL; Song et al. 2022, arXiv:2210.08713)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

import erc_bench.api as erc
from erc_bench_plugins.objectives.spcl.curriculum import difficulties, keep_probabilities

Formulation = Literal["paper", "official"]
_EPSILON = 1e-8


def prototypical_row_losses(
    reps: Tensor,
    labels: Tensor,
    prototypes: Tensor,
    temperature: float,
    formulation: Formulation = "paper",
    present: Tensor | None = None,
) -> Tensor:
    """reps: (n, dim), labels: (n,), prototypes: (classes, dim), row k for class k → (n,), a loss per utterance.

    Utterances are the rows, utterances and prototypes the columns; the logarithm stands outside
    the sum over positives, their number inside it. A row is not part of its own denominator.
    ``present`` (classes,) leaves out the prototypes of the other classes.

    ``paper``: plain cosine. ``official``: the score (1 + cos)/2 + 1e-8 of the authors' code, and its
    small constants.
    """
    columns = torch.cat([reps, prototypes])
    classes = torch.arange(len(prototypes), device=labels.device)
    similarity = erc.cosine(reps, columns)
    candidates = erc.all_but_self(similarity)
    if present is not None:
        candidates[:, len(reps) :] &= present
    positive = erc.positives(labels, torch.cat([labels, classes])) & candidates
    counts = positive.sum(dim=1)
    if formulation == "official":
        log_probability = erc.masked_log_softmax(((1 + similarity) / 2 + _EPSILON) / temperature, candidates)
        share = (log_probability.exp() * positive).sum(dim=1) / (counts + _EPSILON)
        return -(share + _EPSILON).log()
    log_probability = erc.masked_log_softmax(similarity / temperature, candidates)
    return counts.clamp(min=1).log() - erc.masked_logsumexp(log_probability, positive)


class Spcl(erc.Objective):
    """Contrast utterances with each other and with a prototype of each class, from the easy to the hard.

    A class's prototype is the mean of a random support set of K out of the last M representations
    of the class (its queue), and the class centre until the queue holds K. Centres are the means
    over the whole of train, computed with the model as it is when an epoch begins; queues begin
    anew from them. The head is not part of the loss and is trained apart.

    With ``curriculum``, an epoch trains on about half of the examples, most likely the easy ones
    first and the hard ones last. Difficulty is the distance to the own centre relative to the
    distances to all.

    ``formulation``: ``paper`` has plain cosine, queues that forget the oldest first, every row in
    the mean, and without curriculum every example. ``official`` is what the authors' code does
    beyond their paper: the half-cosine score, so that its temperature is twice as large in plain
    cosine; queues that forget at random; rows whose loss is at most .3 are left out of the mean;
    without curriculum each epoch keeps each example with probability ½. Not kept of the code: the
    first example of the dataset is never drawn there.

    The paper predicts by the prototypes, the code by the class centres of train: the readouts
    ``nearest-anchor`` and ``centroid``. A frozen encoder would leave this objective nothing to
    train, hence the ``projection`` that it then has by default. An update of the queues follows the
    optimiser's step, so that accumulated batches share their prototypes.
    """

    name = "spcl"
    source = "Song et al. 2022, arXiv:2210.08713"
    departures = (
        "Queues and support sets have the sizes of the authors' command, 256 and 64 (recipes spcl, spcl-cl).",
        "formulation=paper has plain cosine, queues that forget the oldest first and every row in the mean; "
        "official is the code's half-cosine, random forgetting, and rows with a loss of at most .3 left out.",
        "The code never draws the first example of the dataset; here every example is drawn.",
        "A queue is updated behind the optimiser's step, so that accumulated batches share their prototypes.",
        "With a frozen encoder there is a projection, which would otherwise have nothing to train.",
    )

    @dataclass(frozen=True)
    class Options:
        """Queue and support set are those of the authors' README; its temperature .05 is doubled for plain cosine."""

        temperature: float = erc.option(0.1, "Divides the score of two vectors; lower is sharper.", above=0)
        queue: int = erc.option(256, "Representations that the queue of a class holds.", at_least=1)
        support: int = erc.option(64, "Members of the queue that a prototype is the mean of.", at_least=1)
        curriculum: bool = erc.option(False, "Train on about half of the examples of an epoch, easy ones first.")
        formulation: Literal["paper", "official"] = erc.option(
            "paper", "Score, queue and what counts: paper (plain cosine) or official (half-cosine, as its code)."
        )
        threshold: float | None = erc.option(
            None, "Rows whose loss is at most this do not count; none: .3 if official, else all count.", at_least=0
        )
        projection: bool = erc.option(
            False,
            "Contrast a linear projection of the representations; classifier.space=projected reads it.",
            frozen=True,
        )

    queues: Tensor
    sizes: Tensor
    centres: Tensor
    present: Tensor
    prototypes: Tensor

    def start(self, task: erc.Task) -> None:
        """Make room for the queues; they are filled when an epoch begins."""
        self.projection = nn.Linear(task.dim, task.dim) if self.options.projection else nn.Identity()
        self.projection.to(task.device)
        shape = (task.classes, task.dim)
        self.register_buffer("queues", torch.zeros(task.classes, self.options.queue, task.dim, device=task.device))
        self.register_buffer("sizes", torch.zeros(task.classes, dtype=torch.long, device=task.device))
        self.register_buffer("present", torch.zeros(task.classes, dtype=torch.bool, device=task.device))
        self.register_buffer("centres", torch.zeros(shape, device=task.device))
        self.register_buffer("prototypes", torch.zeros(shape, device=task.device))
        self.pending = erc.PendingBatches()
        self.random = erc.RandomStream(task.seed)

    def project(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, dim): ``z`` itself, or its linear projection."""
        projected: Tensor = self.projection(z)
        return projected

    def anchors(self) -> Tensor:
        """Return the prototypes as they are now, (classes, dim)."""
        return self.prototypes

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the mean over the rows that count; the batch enters the queues after the step."""
        options = self.options
        rows = prototypical_row_losses(
            outputs.projected, outputs.labels, self.prototypes, options.temperature, options.formulation, self.present
        )
        if self.training:
            self.pending.add(outputs.projected, outputs.labels)
        return {"prototypical": erc.masked_mean(rows, rows > self._threshold)}

    @property
    def _threshold(self) -> float:
        if self.options.threshold is not None:
            return float(self.options.threshold)
        return 0.3 if self.options.formulation == "official" else -torch.inf

    def begin_epoch(self, view: erc.EpochView) -> None:
        """Take the class centres of train; every queue begins with its class's centre."""
        outputs = view.representations()
        self.pending.take()
        self.random.generator.manual_seed(view.rng.getrandbits(63))
        self.centres, self.present = erc.class_means(outputs.projected.detach(), outputs.labels, len(self.centres))
        self.queues.zero_()
        self.queues[:, 0] = self.centres
        self.sizes = self.present.long()
        self._draw_prototypes()

    def after_step(self) -> None:
        """Add the step's representations to the queues, and draw the next step's support sets."""
        for reps, labels in self.pending.take():
            for label in labels.unique().tolist():
                self._enqueue(label, reps[labels == label])
        self._draw_prototypes()

    def _enqueue(self, label: int, reps: Tensor) -> None:
        """reps: (n, dim) of one class: they join its queue, which keeps M members."""
        members = torch.cat([self.queues[label, : self.sizes[label]], reps.to(self.queues.dtype)])
        if self.options.formulation == "official":
            members = members[self._shuffled(len(members))]
        members = members[-self.options.queue :]
        self.queues[label, : len(members)] = members
        self.sizes[label] = len(members)

    def _draw_prototypes(self) -> None:
        prototypes = self.centres.clone()
        for label, size in enumerate(self.sizes.tolist()):
            if size >= self.options.support:
                prototypes[label] = self.queues[label, self._shuffled(size)[: self.options.support]].mean(dim=0)
        self.prototypes = prototypes

    def _shuffled(self, size: int) -> Tensor:
        return torch.randperm(size, generator=self.random.generator).to(self.queues.device)

    def select(self, view: erc.EpochView) -> Sequence[int] | None:
        """Return the examples of an epoch: all, half of them by chance, or half of them by difficulty."""
        if not self.options.curriculum and self.options.formulation == "paper":
            return None
        count = len(view.examples)
        keep = torch.full((count,), 0.5)
        if self.options.curriculum:
            keep[self._by_difficulty(view)] = keep_probabilities(count, view.epoch, view.epochs).float()
        kept = [index for index, probability in enumerate(keep.tolist()) if view.rng.random() < probability]
        # A split of a few examples may lose all of them.
        return kept or None

    def _by_difficulty(self, view: erc.EpochView) -> Tensor:
        """Return the positions of the examples, the easiest first; an example of many targets has their mean."""
        outputs = view.representations()
        of_targets = difficulties(outputs.projected.detach(), outputs.labels, self.centres).cpu()
        of_examples = [part.mean() for part in of_targets.split([len(e.targets) for e in view.examples])]
        return torch.stack(of_examples).argsort(stable=True)


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [Spcl]

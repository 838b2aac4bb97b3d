"""Targeted supervised contrastive learning (TSC; Li et al. 2022, arXiv:2111.13998)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc

_CENTROID_MOMENTUM = 0.9


def simplex_targets(classes: int, dim: int) -> Tensor:
    """Return (classes, dim) unit vectors as far from each other as they can be, float64.

    They are the corners of a regular simplex: every two have the cosine −1/(classes − 1). This is
    the optimum of what the authors minimise by 10,000 steps of Adam, mean_i log Σ_j exp(t_i·t_j/τ).
    Raises :class:`erc.ErcBenchError` where the space is too small to hold it.
    """
    if dim < classes - 1:
        raise erc.ErcBenchError(
            f"{classes} classes need a projected space of at least {classes - 1} dimensions, not {dim}",
            f"Set objective.projection_dim to {classes - 1} or more.",
        )
    targets = torch.zeros(classes, dim, dtype=torch.float64)
    if classes == 1:
        targets[0, 0] = 1
        return targets
    # Row k of Helmert's matrix: orthonormal, and orthogonal to the vector of ones.
    for k in range(1, classes):
        targets[:k, k - 1] = 1
        targets[k, k - 1] = -k
        targets[:, k - 1] /= (k * (k + 1)) ** 0.5
    return targets * (classes / (classes - 1)) ** 0.5  # type: ignore[no-any-return]


def targeted_loss(
    queries: Tensor,
    keys: Tensor,
    queue: Tensor,
    positive: Tensor,
    targets: Tensor,
    labels: Tensor,
    temperature: float,
    target_weight: float,
) -> tuple[Tensor, Tensor]:
    """queries, keys: (n, dim), queue: (size, dim), positive: (n, size), targets: (classes, dim) → two scalars.

    The denominator of query i holds key i, the queue and all targets; row k of ``targets`` is the
    one that class k is assigned to. Over the mean of queries, the first part is minus the
    sum of log shares of the positives (key i and members of the queue), the second that of the own
    target, times ``target_weight``; both are divided by the number of positives, the target included:
    K + 2 where the queue has K of the class.
    """
    own = erc.cosine(queries, keys).diagonal()[:, None]
    logits = torch.cat([own, erc.cosine(queries, queue), erc.cosine(queries, targets)], dim=1) / temperature
    log_probability = logits.log_softmax(dim=1)
    counts = positive.sum(dim=1) + 2
    of_queue = (log_probability[:, 1 : 1 + len(queue)] * positive).sum(dim=1)
    of_keys = log_probability[:, 0] + of_queue
    of_target = log_probability[:, 1 + len(queue) :].gather(1, labels[:, None])[:, 0]
    return -(of_keys / counts).mean(), -target_weight * (of_target / counts).mean()


class Tsc(erc.Objective):
    """Draw each class to a corner of a regular simplex, so that rare classes get as much room as frequent ones.

    K-positive contrastive learning with the corners as further negatives of every utterance and the
    corner of its class as a further positive. Which class goes to which corner is decided after every
    step: the assignment that fits the classes' running means best (Hungarian algorithm).

    Keys, queue and momentum are adapted as in ``kcl``: the second view is a second pass with other
    dropout through a slow copy of encoder and projection; 1,024 keys; momentum .99. The corners are in
    closed form instead of optimised by gradient descent. Running means and assignment are those of the steps
    before, not of the step itself. The head is not part of the loss and is trained apart; the
    paper reads a linear classifier trained anew (``probe``). The corners themselves can be read by
    ``nearest-anchor``, which a frozen encoder leaves as the only one that sees what was trained.
    """

    name = "tsc"
    source = "Li et al. 2022, arXiv:2111.13998; official code LTH14/targeted-supcon"
    departures = (
        "The queue holds 1,024 keys and the momentum is .99, as in kcl.",
        "The second view is a second pass with other dropout, in place of an augmented image.",
        "The corners are in closed form, not optimised by gradient descent.",
        "Running means and assignment are those of the steps before, not of the step itself.",
    )
    views = 2

    @dataclass(frozen=True)
    class Options:
        """Weights, K and temperature are those of the official code; queue and momentum suit small train splits."""

        target_weight: float = erc.option(0.2, "Weight of the class's own target among its positives.", at_least=0)
        positives: int = erc.option(6, "Keys of the own class that are positives.", at_least=1)
        temperature: float = erc.option(0.07, "Divides cosine similarities; lower is sharper.", above=0)
        queue: int = erc.option(1024, "Keys that the queue holds.", at_least=1)
        momentum: float = erc.option(0.99, "How slowly the copy that makes the keys follows.", at_least=0, below=1)
        projection_dim: int = erc.option(128, "Width of the projected space; at least classes - 1.", at_least=1)

    targets: Tensor
    centroids: Tensor
    corners: Tensor

    def start(self, task: erc.Task) -> None:
        """Build projection, slow copy, queue and targets; class k starts at corner k."""
        width = self.options.projection_dim
        layers = (nn.Linear(task.dim, task.dim), nn.ReLU(), nn.Linear(task.dim, width))
        self.projection = nn.Sequential(*layers).to(task.device)
        self.key_projection = deepcopy(self.projection).requires_grad_(requires_grad=False)
        self.queue = erc.FeatureQueue(self.options.queue, width).to(task.device)
        self.register_buffer("targets", simplex_targets(task.classes, width).float().to(task.device))
        self.register_buffer("centroids", torch.zeros(task.classes, width, device=task.device))
        self.register_buffer("corners", torch.arange(task.classes, device=task.device))
        self.momentum = self.options.momentum
        self.pending = erc.PendingBatches()
        self.random = erc.RandomStream(task.seed)

    def project(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, projection_dim): Linear-ReLU-Linear."""
        projected: Tensor = self.projection(z)
        return projected

    def anchors(self) -> Tensor:
        """Return the target of each class, (classes, projection_dim)."""
        return self.targets[self.corners]

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return both parts, the second weighted; the keys enter the queue after the step."""
        with torch.no_grad():
            keys = self.key_projection(outputs.views[1].z)
        self.pending.add(outputs.projected, keys, outputs.labels)
        options = self.options
        positive = self.queue.some_of_class(outputs.labels, options.positives)
        pairs, target = targeted_loss(
            outputs.projected,
            keys,
            self.queue.features,
            positive,
            self.anchors(),
            outputs.labels,
            options.temperature,
            options.target_weight,
        )
        return {"k_positive": pairs, "target": target}

    def begin_epoch(self, view: erc.EpochView) -> None:
        """Seed the choice of positives."""
        self.random.generator.manual_seed(view.rng.getrandbits(63))

    def after_step(self) -> None:
        """Let the slow projection follow, queue the step's representations, and assign the classes anew."""
        erc.follow(self.key_projection, self.projection, self.options.momentum)
        for queries, keys, labels in self.pending.take():
            self._move_centroids(F.normalize(queries, dim=-1), labels)
            self.queue.enqueue(F.normalize(keys, dim=-1), labels)
        self.queue.draw(self.random.generator)
        self.corners = best_corners(self.centroids, self.targets)

    def _move_centroids(self, queries: Tensor, labels: Tensor) -> None:
        means, present = erc.class_means(queries, labels, len(self.centroids))
        moved = _CENTROID_MOMENTUM * self.centroids + (1 - _CENTROID_MOMENTUM) * F.normalize(means, dim=-1)
        self.centroids = torch.where(present[:, None], F.normalize(moved, dim=-1), self.centroids)


def best_corners(centroids: Tensor, targets: Tensor) -> Tensor:
    """centroids, targets: (classes, dim) → (classes,): each class's own target, of the largest total cosine."""
    # It takes half a second to import, and few runs need it.
    from scipy.optimize import linear_sum_assignment

    _, columns = linear_sum_assignment((centroids @ targets.T).cpu().numpy(), maximize=True)
    return torch.from_numpy(columns).to(centroids.device)


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [Tsc]
